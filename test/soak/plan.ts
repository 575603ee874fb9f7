/** The fault plan, computed in advance: it depends on the seed only, not on the speed of the machine. */
import type { Faults, Rule, Direction } from '../../demo/fault-proxy/fault-proxy.js';
import type { Random } from './random.js';

export const USER_NAMES = ['ana', 'ben'] as const;
export type Name = (typeof USER_NAMES)[number];

/** A fault of one user's network or page. `cut`: also cuts open connections, for immediate effect. */
export type Fault =
  | { is: 'cut'; how: 'reset' | 'close' }
  | { is: 'half-open'; direction: Direction | 'both' }
  | { is: 'send-close'; code: number }
  | { is: 'refused' }
  | { is: 'weather'; set: Partial<Faults>; cut?: boolean }
  | { is: 'rules'; rules: Rule[]; cut?: boolean }
  | { is: 'offline' }
  /** The reload follows a burst of messages after a delay, so that only some of them are accepted. */
  | { is: 'reload'; afterMs: number };

export type Step = {
  /** Start and duration, in ms. */
  at: number;
  ms: number;
  name: string;
} & ({ who: Name; fault: Fault } | { who: 'server'; how: 'restart' | 'crash' });

const SEND = 'send_message';

/** By name. Repeated entries are more frequent. */
const FAULTS: [name: string, make: (chance: Random) => Fault][] = [
  ['cut', (chance) => ({ is: 'cut', how: chance.of(['reset', 'close']) })],
  ['cut', (chance) => ({ is: 'cut', how: chance.of(['reset', 'close']) })],
  ['half-open', (chance) => ({ is: 'half-open', direction: chance.of(['up', 'down', 'both']) })],
  ['half-open', (chance) => ({ is: 'half-open', direction: chance.of(['up', 'down', 'both']) })],
  ['closed by the server', (chance) => ({ is: 'send-close', code: chance.of([1000, 1001, 1011, 1012, 1013]) })],
  ['refused', () => ({ is: 'refused' })],
  ['stripped', () => ({ is: 'rules', rules: [{ on: 'handshake', do: 'answer', status: 200 }], cut: true })],
  ['handshakes hang', () => ({ is: 'rules', rules: [{ on: 'handshake', do: 'hang' }], cut: true })],
  [
    'handshakes rejected with 429',
    () => ({
      is: 'rules',
      rules: [{ on: 'handshake', do: 'answer', status: 429, headers: { 'Retry-After': '2' } }],
      cut: true,
    }),
  ],
  ['captive portal', () => ({ is: 'weather', set: { socket: 'captive-portal', rest: 'captive-portal' }, cut: true })],
  ['black hole', (chance) => ({ is: 'weather', set: { blackhole: chance.of(['up', 'down', true] as const) } })],
  ['slow', (chance) => ({ is: 'weather', set: { delayMs: chance.between(100, 1_500) } })],
  ['narrow', (chance) => ({ is: 'weather', set: { bytesPerSecond: chance.between(2_000, 12_000) } })],
  [
    'everything 500',
    () => ({
      is: 'rules',
      rules: [
        { on: 'request', do: 'answer', status: 500 },
        { on: 'handshake', do: 'answer', status: 500 },
      ],
      cut: true,
    }),
  ],
  ['everything 503', () => ({ is: 'weather', set: { socket: 'forbid', rest: 'unavailable-503' }, cut: true })],
  [
    'stored, never answered',
    () => ({
      is: 'rules',
      rules: [
        { on: 'request', method: 'POST', path: SEND, do: 'swallow' },
        { on: 'handshake', do: 'close' },
      ],
      cut: true,
    }),
  ],
  [
    'POST lost',
    () => ({
      is: 'rules',
      rules: [
        { on: 'request', method: 'POST', do: 'hang' },
        { on: 'handshake', do: 'hang' },
      ],
      cut: true,
    }),
  ],
  ['frames dropped', (chance) => frames({ every: chance.between(3, 9), do: 'drop' })],
  ['frames duplicated', (chance) => frames({ every: chance.between(2, 5), do: 'duplicate' })],
  ['frames reordered', (chance) => frames({ every: chance.between(2, 5), do: 'reorder', by: chance.between(1, 3) })],
  ['frames corrupted', (chance) => frames({ every: chance.between(4, 9), do: 'corrupt' })],
  [
    'acknowledgements lost',
    () => ({ is: 'rules', rules: [{ on: 'down', frame: '"type":"(message_ack|new_message)"', every: 3, do: 'drop' }] }),
  ],
  [
    'reset within a frame',
    (chance) => ({
      is: 'rules',
      rules: [{ on: chance.of(['up', 'down']), every: chance.between(2, 8), times: 1, do: 'reset', inside: true }],
    }),
  ],
  ['offline', () => ({ is: 'offline' })],
  ['offline', () => ({ is: 'offline' })],
];

type FrameAction = { every: number } & (
  { do: 'drop' } | { do: 'duplicate' } | { do: 'reorder'; by: number } | { do: 'corrupt' }
);

const frames = (fate: FrameAction): Fault => ({
  is: 'rules',
  rules: [
    { on: 'up', ...fate },
    { on: 'down', ...fate },
  ],
});

/** Pause between two faults of a user, and duration of a fault, in ms. */
const PAUSE_MS = [2_000, 7_000] as const;
const FAULT_MS = [1_000, 6_000] as const;
const RESTART_EVERY_MS = [35_000, 75_000] as const;
/** Share of reloads among a user's faults. Ana's page is never reloaded, because a reload would hide leaks. */
const RELOAD_SHARE = 0.15;

/** @param lastMs Latest start of a fault. */
export function makePlan(chance: Random, lastMs: number): Step[] {
  const steps: Step[] = [];
  for (const who of USER_NAMES) {
    for (let at = chance.between(...PAUSE_MS); at < lastMs;) {
      const ms = chance.between(...FAULT_MS);
      const isReload = chance.next() < RELOAD_SHARE && who !== 'ana';
      const [name, make] = isReload
        ? (['reload', (): Fault => ({ is: 'reload', afterMs: chance.between(0, 50) })] as const)
        : chance.of(FAULTS);
      steps.push({ who, at, ms, name, fault: make(chance) });
      at += ms + chance.between(...PAUSE_MS);
    }
  }
  for (let at = chance.between(...RESTART_EVERY_MS); at < lastMs; at += chance.between(...RESTART_EVERY_MS)) {
    const how = chance.of(['restart', 'crash'] as const);
    steps.push({ who: 'server', at, ms: chance.between(500, 3_000), name: `server: ${how}`, how });
  }
  return steps.sort((a, b) => a.at - b.at);
}
