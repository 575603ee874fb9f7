import { expect } from '@open-wc/testing';
import { connected, scene } from '../support/connected.js';
import { tokenOf } from '../support/fake-backend.js';
import { partsLoaded } from '../support/lazy-parts.js';

const userOfToken = (t: string): number =>
  t.includes('.') ? (JSON.parse(atob(t.split('.')[1]!)) as { user_id: number }).user_id : Number(/\d/.exec(t)![0]);

describe('`user` with a late token', () => {
  for (const [kind, tokenFor] of [
    ['jwt', tokenOf],
    ['opaque', (user: number) => `opaque-${user}`],
  ] as const)
    for (const way of ['ana, ben, cleo', 'ana, out, ben, out, cleo'] as const)
      it(`${kind}: ${way}: a message that Ana wrote while her token was pending is neither shown to Cleo nor sent as Cleo`, async () => {
        const ids: Record<string, number> = { ana: 1, ben: 2, cleo: 3 };
        let who = 'ana';
        let answers = false;
        const { chat, backend, clock } = scene(
          {
            user: 'ana',
            tokenProvider: async () => {
              if (!answers) await new Promise(() => {});
              return tokenFor(ids[who]!);
            },
            token: undefined,
          },
          (b) => void (b.userOf = userOfToken),
        );
        chat.openRoom(1);
        chat.connect();
        await partsLoaded();
        await clock.advance(100);
        chat.sendChatMessage(1, 'by Ana').catch(() => {});
        await clock.advance(100);
        for (const step of way.split(', ').slice(1)) {
          who = step;
          answers = step === 'cleo';
          chat.configure({ user: step === 'out' ? '' : step });
          await clock.advance(500);
        }
        await clock.advance(60_000);
        const got = [
          chat.state,
          chat.messages(1).map((m) => m.content),
          backend.messages.map((m) => `${m.sender.id} ${m.content}`),
        ];
        chat.disconnect();
        expect(got).to.deep.equal(['connected', [], []]);
      });

  it('the same with static tokens: Ana (token pending), Ben (pending), Cleo', async () => {
    const { chat, backend, clock } = await connected(
      { user: 'x', token: tokenOf(9) },
      (b) => void (b.userOf = userOfToken),
    );
    chat.openRoom(1);
    await clock.advance(1000);
    chat.configure({ user: 'ana' });
    await clock.advance(1000);
    chat.sendChatMessage(1, 'by Ana').catch(() => {});
    await clock.advance(1000);
    chat.configure({ user: 'ben' });
    await clock.advance(1000);
    chat.configure({ user: 'cleo', token: tokenOf(3) });
    await clock.advance(60_000);
    const got = [chat.messages(1).map((m) => m.content), backend.messages.map((m) => `${m.sender.id} ${m.content}`)];
    chat.disconnect();
    expect(got).to.deep.equal([[], []]);
  });
});
