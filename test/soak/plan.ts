/** What goes wrong when, decided beforehand: the seed says all of it, whatever the machine takes for each step. */
import type { Faults, Rule, Way } from '../../demo/fault-proxy/fault-proxy.js';
import type { Chance } from './random.js';

export const PEOPLE = ['ana', 'ben'] as const;
export type Name = (typeof PEOPLE)[number];

/** What can happen to one person's network or page. `cut`: what is open ends too, so that it is felt at once. */
export type Trouble =
  | { is: 'cut'; how: 'reset' | 'close' }
  | { is: 'half-open'; way: Way | 'both' }
  | { is: 'hang-up'; code: number }
  | { is: 'refused' }
  | { is: 'weather'; set: Partial<Faults>; cut?: boolean }
  | { is: 'rules'; rules: Rule[]; cut?: boolean }
  | { is: 'offline' }
  /** So many milliseconds after something was written in a row: some of it is accepted by then, and some is not. */
  | { is: 'reload'; afterMs: number };

export type Step = {
  /** Milliseconds from the beginning, and how long it lasts. */
  at: number;
  ms: number;
  name: string;
} & ({ who: Name; trouble: Trouble } | { who: 'server'; how: 'restart' | 'crash' });

const SEND = 'send_message';

/** By name; the more often one stands here, the more often it happens. */
const TROUBLES: [name: string, make: (chance: Chance) => Trouble][] = [
  ['cut', (chance) => ({ is: 'cut', how: chance.of(['reset', 'close']) })],
  ['cut', (chance) => ({ is: 'cut', how: chance.of(['reset', 'close']) })],
  ['half-open', (chance) => ({ is: 'half-open', way: chance.of(['up', 'down', 'both']) })],
  ['half-open', (chance) => ({ is: 'half-open', way: chance.of(['up', 'down', 'both']) })],
  ['closed by the server', (chance) => ({ is: 'hang-up', code: chance.of([1000, 1001, 1011, 1012, 1013]) })],
  ['refused', () => ({ is: 'refused' })],
  ['stripped', () => ({ is: 'rules', rules: [{ on: 'handshake', do: 'answer', status: 200 }], cut: true })],
  ['handshakes hang', () => ({ is: 'rules', rules: [{ on: 'handshake', do: 'hang' }], cut: true })],
  ['handshakes are too many', () => ({ is: 'rules', rules: [{ on: 'handshake', do: 'answer', status: 429, headers: { 'Retry-After': '2' } }], cut: true })],
  ['captive portal', () => ({ is: 'weather', set: { socket: 'captive-portal', rest: 'captive-portal' }, cut: true })],
  ['black hole', (chance) => ({ is: 'weather', set: { blackhole: chance.of(['up', 'down', true] as const) } })],
  ['slow', (chance) => ({ is: 'weather', set: { delayMs: chance.between(100, 1_500) } })],
  ['narrow', (chance) => ({ is: 'weather', set: { bytesPerSecond: chance.between(2_000, 12_000) } })],
  ['nothing but 500', () => ({ is: 'rules', rules: [{ on: 'request', do: 'answer', status: 500 }, { on: 'handshake', do: 'answer', status: 500 }], cut: true })],
  ['nothing but 503', () => ({ is: 'weather', set: { socket: 'forbid', rest: 'unavailable-503' }, cut: true })],
  ['stored, never answered', () => ({ is: 'rules', rules: [{ on: 'request', method: 'POST', path: SEND, do: 'swallow' }, { on: 'handshake', do: 'close' }], cut: true })],
  ['POST vanishes', () => ({ is: 'rules', rules: [{ on: 'request', method: 'POST', do: 'hang' }, { on: 'handshake', do: 'hang' }], cut: true })],
  ['frames dropped', (chance) => frames({ every: chance.between(3, 9), do: 'drop' })],
  ['frames doubled', (chance) => frames({ every: chance.between(2, 5), do: 'duplicate' })],
  ['frames in disorder', (chance) => frames({ every: chance.between(2, 5), do: 'reorder', by: chance.between(1, 3) })],
  ['frames corrupt', (chance) => frames({ every: chance.between(4, 9), do: 'corrupt' })],
  ['acknowledgements lost', () => ({ is: 'rules', rules: [{ on: 'down', frame: '"type":"(message_ack|new_message)"', every: 3, do: 'drop' }] })],
  ['reset inside a frame', (chance) => ({ is: 'rules', rules: [{ on: chance.of(['up', 'down']), every: chance.between(2, 8), times: 1, do: 'reset', inside: true }] })],
  ['offline', () => ({ is: 'offline' })],
  ['offline', () => ({ is: 'offline' })],
];

type Fate = { every: number } & ({ do: 'drop' } | { do: 'duplicate' } | { do: 'reorder'; by: number } | { do: 'corrupt' });

const frames = (fate: Fate): Trouble => ({ is: 'rules', rules: [{ on: 'up', ...fate }, { on: 'down', ...fate }] });

/** How long it is calm between two troubles of one person, and how long one lasts, in milliseconds. */
const CALM_MS = [2_000, 7_000] as const;
const TROUBLE_MS = [1_000, 6_000] as const;
const RESTART_EVERY_MS = [35_000, 75_000] as const;
/** So much of a person's troubles are reloads. Ana's page is never loaded anew: a leak would hide in it. */
const RELOADS = 0.15;

/** @param lastMs no trouble begins later. */
export function makePlan(chance: Chance, lastMs: number): Step[] {
  const steps: Step[] = [];
  for (const who of PEOPLE) {
    for (let at = chance.between(...CALM_MS); at < lastMs; ) {
      const ms = chance.between(...TROUBLE_MS);
      const isReload = chance.next() < RELOADS && who !== 'ana';
      const [name, make] = isReload ? ['reload', (): Trouble => ({ is: 'reload', afterMs: chance.between(0, 50) })] as const : chance.of(TROUBLES);
      steps.push({ who, at, ms, name, trouble: make(chance) });
      at += ms + chance.between(...CALM_MS);
    }
  }
  for (let at = chance.between(...RESTART_EVERY_MS); at < lastMs; at += chance.between(...RESTART_EVERY_MS)) {
    const how = chance.of(['restart', 'crash'] as const);
    steps.push({ who: 'server', at, ms: chance.between(500, 3_000), name: `server: ${how}`, how });
  }
  return steps.sort((a, b) => a.at - b.at);
}
