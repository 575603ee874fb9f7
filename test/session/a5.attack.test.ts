import { expect } from '@open-wc/testing';
import { connected } from '../support/connected.js';
import { settle } from '../support/fake-clock.js';

function rng(seed: number): () => number {
  return () => {
    seed = (seed * 1664525 + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
}

describe('attack 5: window fuzz', () => {
  for (const variant of ['all', 'no-newest', 'no-window'] as const)
  for (const kind of ['full', 'baseline'] as const)
    for (let seed = 1; seed <= 6; seed++) {
      it(`T20 ${variant} ${kind} seed ${seed}`, async function () {
        this.timeout(60_000);
        const random = rng(seed * 7919 + (kind === 'full' ? 1 : 2));
        const { chat, backend, clock } = await connected({}, (b) => {
          if (kind === 'baseline') b.capabilities = [];
          for (let i = 0; i < 2600; i++) b.store(1, 2, `old ${i}`);
        });
        const log: string[] = [];
        const marks: string[] = [];
        const told = new Map<number, number>();
        chat.on('chat-message', ({ message }) => {
          const n = (told.get(message.id as number) ?? 0) + 1;
          told.set(message.id as number, n);
          if (n === 2) marks.push(`[${message.id as number} again after ${log.slice(-5).join('|')} at ${backend.messages.length}]`);
        });
        chat.openRoom(1);
        await clock.advance(100);
        const first = backend.messages.length;
        let away = false;
        const check = (): void => {
          const ids = chat.messages(1).filter((m) => m.delivery === 'sent' && m.sender!.id === 2).map((m) => m.id as number);
          const all = backend.messages.filter((m) => m.room === 1 && m.sender.id === 2).map((m) => m.id);
          const at = all.indexOf(ids[0]!);
          const expected = all.slice(at, at + ids.length);
          if (JSON.stringify(ids) !== JSON.stringify(expected)) {
            const bad = ids.findIndex((id, i) => id !== expected[i]);
            throw new Error(`not contiguous at ${bad} of ${ids.length}: ${ids.slice(Math.max(0, bad - 2), bad + 3)} (server ${expected.slice(Math.max(0, bad - 2), bad + 3)}) after ${log.slice(-8).join(' | ')}`);
          }
          if (ids.length > 2200) throw new Error(`too many: ${ids.length}`);
        };
        const act = async (op: number): Promise<void> => {
          if (variant !== 'all' && op >= 0.7 && op < 0.78) return;
          if (variant === 'no-window' && op >= 0.25 && op < 0.78) return;
          if (op < 0.25) {
            const n = 1 + Math.floor(random() * 60);
            log.push(`live ${n}`);
            for (let i = 0; i < n; i++) backend.say(1, 2, 'live');
          } else if (op < 0.5) {
            const n = 1 + Math.floor(random() * 12);
            log.push(`older ${n}`);
            for (let i = 0; i < n; i++) await Promise.all([chat.loadOlder(1).catch(() => {}), settle()]);
          } else if (op < 0.62) {
            const n = 1 + Math.floor(random() * 12);
            log.push(`newer ${n}`);
            for (let i = 0; i < n; i++) {
              const p = chat.loadNewer(1).catch(() => {});
              if (random() < 0.4) backend.say(1, 2, 'during newer');
              await Promise.all([p, settle()]);
            }
          } else if (op < 0.7) {
            away = !away;
            log.push(`away ${away}`);
            chat.setAway(1, away);
          } else if (op < 0.78) {
            log.push('newest');
            const p = chat.loadNewest(1);
            if (random() < 0.5) backend.say(1, 2, 'during newest');
            await Promise.all([p, settle()]);
          } else if (op < 0.88) {
            log.push('drop');
            backend.socket.drop(1006);
            const n = Math.floor(random() * 130);
            for (let i = 0; i < n; i++) backend.store(1, 2, 'while away');
            await clock.advance(3_000);
          } else if (op < 0.95) {
            log.push('send');
            chat.sendChatMessage(1, `mine ${backend.messages.length}`).catch(() => {});
            await clock.advance(0);
          } else {
            log.push('time');
            await clock.advance(16_000);
          }
          await clock.advance(0);
        };
        for (let i = 0; i < 120; i++) {
          await act(random());
          check();
        }
        await clock.advance(120_000);
        await chat.loadNewest(1);
        await clock.advance(0);
        check();
        const thread = chat.data.threads.get('1')!;
        expect([chat.state, thread.hasNewer, chat.messages(1).at(-1)!.id]).to.deep.equal(['connected', false, backend.messages.at(-1)!.id]);
        const twice = [...told].filter(([, n]) => n > 1).map(([id]) => id);
        const sum = (ids: number[]): string => (ids.length === 0 ? 'none' : `${ids.length}: ${ids[0]}…${ids.at(-1)}`);
        const untold = backend.messages.slice(first).filter((m) => m.sender.id === 2 && !told.has(m.id));
        expect(`twice ${sum(twice)}, never ${sum(untold.map((m) => m.id))} of ${backend.messages.length - first}; ${marks.slice(0, 4).join(' ')}`).to.match(/^twice none, never none/);
        chat.disconnect();
      });
    }
});
