import { expect } from '@open-wc/testing';
import { connected, scene } from '../support/connected.js';
import { tokenOf } from '../support/fake-backend.js';
import { partsLoaded } from '../support/lazy-parts.js';

const userOfToken = (t: string): number =>
  t.includes('.') ? (JSON.parse(atob(t.split('.')[1]!)) as { user_id: number }).user_id : Number(/\d/.exec(t)![0]);

describe('a user change while not connected', () => {
  for (const [kind, tokenFor] of [
    ['jwt', tokenOf],
    ['opaque', (user: number) => `opaque-${user}`],
  ] as const) {
    it(`${kind}: a message written before connect under one token is not sent under another`, async () => {
      const { chat, backend, clock } = scene({ token: tokenFor(1) }, (b) => void (b.userOf = userOfToken));
      chat.openRoom(1);
      chat.sendChatMessage(1, 'by Ana').catch(() => {});
      await clock.advance(1000);
      chat.configure({ token: tokenFor(2) });
      chat.connect();
      await partsLoaded();
      await clock.advance(60_000);
      const stored = backend.messages.map((m) => `${m.sender.id} ${m.content}`);
      const shown = chat.messages(1).map((m) => m.content);
      chat.disconnect();
      expect([stored, shown]).to.deep.equal([[], []]);
    });

    it(`${kind}: a message written between disconnect and connect, is not sent as the next user`, async () => {
      const { chat, backend, clock } = await connected({ token: tokenFor(2) }, (b) => void (b.userOf = userOfToken));
      chat.openRoom(1);
      await clock.advance(1000);
      chat.disconnect();
      chat.configure({ token: tokenFor(1) });
      chat.sendChatMessage(1, 'by Ana').catch(() => {});
      chat.saveDraft(1, 'half a thought of Ana');
      await clock.advance(1000);
      chat.configure({ token: tokenFor(2) });
      chat.connect();
      await partsLoaded();
      await clock.advance(60_000);
      const stored = backend.messages.map((m) => `${m.sender.id} ${m.content}`);
      const draft = await chat.draft(1);
      chat.disconnect();
      expect([stored, draft]).to.deep.equal([[], '']);
    });
  }

  it('data loaded by one user is not shown to another who arrives while disconnected (opaque tokens)', async () => {
    const { chat, backend, clock } = await connected({ token: 'opaque-1' }, (b) => void (b.userOf = userOfToken));
    backend.store(1, 2, 'secret of Ana');
    chat.openRoom(1);
    await clock.advance(1000);
    chat.disconnect();
    chat.configure({ token: 'opaque-2' });
    await clock.advance(1000);
    const shown = [...chat.messages(1).map((m) => m.content), ...chat.rooms.map((r) => r.name), `${chat.user?.id}`];
    expect(shown).to.deep.equal(['undefined']);
  });

  it('`user` changes while disconnected', async () => {
    const { chat, backend, clock } = scene({ user: 'ana', token: tokenOf(1) }, (b) => void (b.userOf = userOfToken));
    chat.openRoom(1);
    chat.sendChatMessage(1, 'by Ana').catch(() => {});
    await clock.advance(1000);
    chat.configure({ user: 'ben', token: tokenOf(2) });
    chat.connect();
    await partsLoaded();
    await clock.advance(60_000);
    const stored = backend.messages.map((m) => `${m.sender.id} ${m.content}`);
    chat.disconnect();
    expect(stored).to.deep.equal([]);
  });

  it('another tenant: a message written before connect for one backend is not sent to another', async () => {
    const { chat, backend, clock } = scene(
      { token: tokenOf(1), apiPath: '/tenant-a/api/' },
      (b) => void (b.userOf = userOfToken),
    );
    chat.openRoom(1);
    chat.sendChatMessage(1, 'for tenant A').catch(() => {});
    await clock.advance(1000);
    chat.configure({ apiPath: '/api/chat/' });
    chat.connect();
    await partsLoaded();
    await clock.advance(60_000);
    const stored = backend.messages.map((m) => m.content);
    chat.disconnect();
    expect(stored).to.deep.equal([]);
  });

  it('the chat recovers if the page reports the user with a gap (a React session refetch)', async () => {
    const { chat, clock } = await connected({ user: 'ana', token: tokenOf(1) });
    chat.configure({ user: undefined });
    await clock.advance(300);
    chat.configure({ user: 'ana' });
    await clock.advance(10_000);
    chat.retryNow();
    await clock.advance(10_000);
    const state = [chat.state, chat.reason.code];
    chat.disconnect();
    expect(state).to.deep.equal(['connected', 'connected']);
  });
});
