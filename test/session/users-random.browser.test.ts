import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import { FakeBackend, tokenOf } from '../support/fake-backend.js';
import { FakeClock } from '../support/fake-clock.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { partsLoaded } from '../support/lazy-parts.js';

function rng(seed: number): () => number {
  return () => {
    seed = (seed * 1664525 + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
}
const userOfToken = (token: string): number => {
  try {
    return (JSON.parse(atob(token.split('.')[1]!)) as { user_id: number }).user_id;
  } catch {
    return Number(/^opaque(\d)/.exec(token)?.[1] ?? 0);
  }
};

describe('random user changes, in one tab and in three', () => {
  for (const tokens of ['jwt', 'opaque'] as const)
    for (const kind of ['full', 'baseline'] as const)
      for (const tabCount of [1, 3])
        for (let seed = 1; seed <= 12; seed++)
          it(`${tokens} ${kind} ${tabCount} tabs seed ${seed}`, async function () {
            this.timeout(60_000);
            const random = rng(seed * 104729 + tabCount * 31 + (kind === 'full' ? 7 : 0) + (tokens === 'jwt' ? 3 : 0));
            const pick = (n: number): number => Math.floor(random() * n);
            const clock = new FakeClock();
            const backend = new FakeBackend(clock);
            if (kind === 'baseline') backend.capabilities = [];
            backend.userOf = userOfToken;
            backend.hasMe = kind === 'full';
            const storage = new MemoryStorage();
            let slow = 0;
            storage.latency = () => (slow > 0 ? new Promise((r) => clock.after(pick(slow), () => r())) : undefined);
            const browser = new FakeBrowser();
            let n = 0;
            const tokenFor = (user: number): string =>
              tokens === 'jwt' ? tokenOf(user, { n: n++ }) : `opaque${user}-${n++}`;
            const log: string[] = [];
            const sent = new Map<string, { user: number; rejected: string; shown: boolean }>();
            const tabs = Array.from({ length: tabCount }, () => {
              const chat = new ChatConnection(
                { url: 'https://chat.example', token: tokenFor(1) },
                { clock, random, WebSocket: backend.WebSocket, fetch: backend.fetch, storage, tabs: browser.tab() },
              );
              chat.openRoom(1);
              chat.openRoom(2);
              chat.connect();
              return { chat, user: 1, on: true };
            });
            await partsLoaded();
            await clock.advance(5_000);
            const look = (): void => {
              for (const [i, tab] of tabs.entries()) {
                for (const room of [1, 2])
                  for (const m of tab.chat.messages(room)) {
                    const s = sent.get(m.content);
                    if (!s) continue;
                    if (m.delivery !== 'sent' && s.user !== tab.user)
                      throw new Error(
                        `${m.content} of ${s.user} waits with ${tab.user} in tab ${i} after ${log.slice(-8).join(' | ')}`,
                      );
                    s.shown = true;
                  }
              }
              for (const m of backend.messages)
                if (sent.get(m.content) && sent.get(m.content)!.user !== m.sender.id)
                  throw new Error(`${m.content} was sent as ${m.sender.id} after ${log.slice(-8).join(' | ')}`);
            };
            let down = false;
            backend.onRequest = () => (down ? new TypeError('Failed to fetch') : undefined);
            let k = 0;
            for (let step = 0; step < 80; step++) {
              const i = pick(tabs.length);
              const tab = tabs[i]!;
              // A tab that is off neither sends nor changes its user: users-not-connected.browser.test.ts covers that.
              const op = tab.on ? random() : 0.5 + random() / 2;
              if (op < 0.35) {
                const content = `m${k++} tab${i} user${tab.user} ${Array.from({ length: 12 }, () => String.fromCharCode(97 + pick(26)).repeat(1 + pick(3))).join('')}`;
                log.push(`send ${content}`);
                const record = { user: tab.user, rejected: '', shown: false };
                sent.set(content, record);
                tab.chat.sendChatMessage(1 + pick(2), content).catch((e: Error) => void (record.rejected = e.message));
              } else if (op < 0.5) {
                tab.user = 1 + pick(2);
                log.push(`tab${i} becomes ${tab.user}`);
                tab.chat.configure({ token: tokenFor(tab.user) });
              } else if (op < 0.58) {
                down = !down;
                log.push(`rest ${down ? 'down' : 'up'}`);
              } else if (op < 0.66) {
                backend.onSocket = (['greet', 'refuse', 'hang', 'greet'] as const)[pick(4)]!;
                log.push(`sockets ${backend.onSocket}`);
                for (const socket of backend.open) if (random() < 0.5) socket.drop(1006);
              } else if (op < 0.72) {
                backend.echo = (['both', 'none', 'ack', 'echo'] as const)[pick(4)]!;
                log.push(`echo ${backend.echo}`);
              } else if (op < 0.78) {
                slow = [0, 0, 500, 1900][pick(4)]!;
                log.push(`slow ${slow}`);
              } else if (op < 0.84) {
                log.push(`tab${i} ${tab.on ? 'off' : 'on'}`);
                if (tab.on) tab.chat.disconnect();
                else tab.chat.connect();
                tab.on = !tab.on;
              }
              if (random() < 0.6) {
                const ms = [0, 10, 700, 4_000, 20_000][pick(5)]!;
                log.push(`+${ms}`);
                await clock.advance(ms);
              }
              look();
            }
            down = false;
            slow = 0;
            backend.onSocket = 'greet';
            backend.echo = 'both';
            for (const tab of tabs) if (!tab.on) tab.chat.connect();
            const failed = new Set<string>();
            for (const user of [1, 2, 1]) {
              for (const tab of tabs) {
                tab.user = user;
                tab.chat.configure({ token: tokenFor(user) });
              }
              await clock.advance(300_000);
              look();
              for (const { chat } of tabs)
                for (const room of [1, 2])
                  for (const m of chat.messages(room)) if (m.delivery === 'failed') failed.add(m.content);
            }
            const isFailed = (c: string): boolean => failed.has(c);
            const lost: string[] = [];
            const twice: string[] = [];
            for (const [content, record] of sent) {
              const times = backend.messages.filter((m) => m.content === content).length;
              if (times > 1) twice.push(content);
              const isShownFailed = tabs.some(({ chat }) =>
                [1, 2].some((room) =>
                  chat.messages(room).some((m) => m.content === content && m.delivery === 'failed'),
                ),
              );
              if (times === 0 && !isShownFailed && !isFailed(content) && (tokens === 'jwt' || !record.rejected))
                lost.push(
                  `${content}${record.rejected && ` (${record.rejected})`}${record.shown ? '' : ' never shown'}`,
                );
            }
            const sending = tabs.flatMap(({ chat }) =>
              [1, 2].flatMap((room) =>
                chat
                  .messages(room)
                  .filter((m) => m.delivery === 'sending')
                  .map((m) => m.content),
              ),
            );
            const states = tabs.map(({ chat }) => chat.state).filter((s) => s !== 'connected');
            for (const tab of tabs) tab.chat.disconnect();
            await clock.advance(10_000);
            const left = backend.open.length;
            const where = [...lost, ...twice, ...sending]
              .slice(0, 2)
              .map((c) =>
                log
                  .slice(
                    Math.max(0, log.findIndex((l) => l.includes(c.split(' ').slice(0, 3).join(' '))) - 6),
                    log.findIndex((l) => l.includes(c.split(' ').slice(0, 3).join(' '))) + 6,
                  )
                  .join(' | '),
              );
            expect(
              JSON.stringify({
                lost,
                twice,
                sending,
                states,
                left,
                where: lost.length + twice.length + sending.length ? where : [],
              }),
            ).to.equal(JSON.stringify({ lost: [], twice: [], sending: [], states: [], left: 0, where: [] }));
          });
});
