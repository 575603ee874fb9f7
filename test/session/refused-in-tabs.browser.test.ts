import { expect } from '@open-wc/testing';
import { json } from '../support/fake-backend.js';
import { twoTabs } from '../support/two-tabs.js';

describe('a rejected message, with two tabs', () => {
  it('can be discarded in one tab while rejected in the other', async () => {
    const { clock, backend, one, two: second } = await twoTabs();
    backend.onSocket = 'refuse';
    for (const s of backend.open) s.drop();
    backend.onRequest = (m) => (m === 'POST' ? json({ detail: 'No.' }, 400) : undefined);
    await clock.advance(100);
    second.sendChatMessage(1, 'hello').catch(() => {});
    await clock.advance(30_000);
    expect([one, second].map((c) => c.messages(1).map((m) => m.delivery))).to.deep.equal([['failed'], ['failed']]);
    second.discard(second.messages(1)[0]!.localId!);
    await clock.advance(1000);
    const got = [one, second].map((c) => c.messages(1).map((m) => m.delivery));
    one.disconnect();
    second.disconnect();
    expect(got).to.deep.equal([[], []]);
  });

  it('can be retried in a tab without the lock, if the leader came after the rejection', async () => {
    const { clock, backend, one, two: second } = await twoTabs();
    backend.onSocket = 'refuse';
    for (const s of backend.open) s.drop();
    backend.onRequest = (m) => (m === 'POST' ? json({ detail: 'No.' }, 400) : undefined);
    await clock.advance(100);
    second.sendChatMessage(1, 'hello').catch(() => {});
    await clock.advance(30_000);
    one.disconnect();
    await clock.advance(1000);
    backend.onRequest = () => undefined;
    backend.onSocket = 'greet';
    one.connect();
    await clock.advance(30_000);
    one.retry(one.messages(1)[0]!.localId!).catch(() => {});
    await clock.advance(60_000);
    const got = [one, second].map((c) => c.messages(1).map((m) => m.delivery));
    const n = backend.messages.length;
    one.disconnect();
    second.disconnect();
    expect([got, n]).to.deep.equal([[['sent'], ['sent']], 1]);
  });

  it('three tabs with a leader without a socket have bounded traffic in minute 60', async () => {
    const { clock, backend, one, two: second } = await twoTabs((b) => void (b.onSocket = 'refuse'));
    await clock.advance(3_000_000);
    const n = backend.requests.length;
    const s = backend.sockets.length;
    await clock.advance(600_000);
    const perMinute = (backend.requests.length - n) / 10;
    const sockets = (backend.sockets.length - s) / 10;
    one.disconnect();
    second.disconnect();
    expect([perMinute < 60, sockets < 10, perMinute, sockets]).to.deep.equal([true, true, perMinute, sockets]);
  });
});
