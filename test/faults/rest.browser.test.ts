/**
 * REST faults: slow, hanging, overloaded, broken, forbidden or partly working; and history that changes while it is
 * read.
 */
import { expect } from '@open-wc/testing';
import { json, page } from '../support/fake-backend.js';
import { settle } from '../support/fake-clock.js';
import { BASELINE, openFaultScene, type FaultScene } from '../support/fault-scene.js';

const DOWN = (): Error => new TypeError('Failed to fetch');
/** Without sockets, so that everything depends on REST. */
const withoutSockets = (prepare: (f: FaultScene) => void, capabilities?: readonly string[]): Promise<FaultScene> =>
  openFaultScene((f) => {
    f.server.socketFault = 'refuse';
    prepare(f);
  }, capabilities);

describe('REST', () => {
  it('takes 30 s for every request', async () => {
    const f = await withoutSockets((scene) => (scene.onRequest = () => 30_000));
    f.send('patient');
    await f.expectMinute('error', 'server_slow', 5, 14);
    await f.expectRecovery();
  });

  it('takes 30 s for every request, while the socket works', async () => {
    const f = await openFaultScene((scene) => (scene.onRequest = () => 30_000));
    f.send('by socket');
    await f.expectMinute('reconnecting', 'catching_up', 0, 14);
    expect(f.sent[0]!.outcome).to.equal('websocket');
    await f.expectRecovery();
  });

  it('stores a message, but its response is lost', async () => {
    const f = await openFaultScene();
    f.server.socketFault = 'refuse';
    f.server.cut(1006);
    f.server.restFault = 'answer-lost';
    f.send('stored once');
    await f.expectMinute('error', 'server_slow', 5, 20);
    await f.expectRecovery();
  });

  it('stores a message, but its response is lost, on a backend without idempotency', async () => {
    const f = await withoutSockets(() => {}, BASELINE);
    f.onRequest = (method) => {
      if (method === 'POST') f.server.store(1, 1, 'stored once');
      return method === 'POST' ? 'hang' : undefined;
    };
    f.send('stored once');
    await f.expectMinute('polling', 'websocket_blocked', 6, 60);
    await f.expectRecovery();
  });

  it('answers lists with 429, while the socket works', async () => {
    const f = await openFaultScene();
    f.onRequest = (method) =>
      method === 'GET' ? json({ detail: 'Slow down.' }, 429, { 'Retry-After': '20' }) : undefined;
    f.server.cut(1006);
    f.send('by socket');
    await f.expectState('reconnecting', 'connection_lost');
    await f.expectMinute('connected', 'connected', 1, 6);
    await f.expectRecovery();
  });

  it('answers messages with 429', async () => {
    const f = await withoutSockets(() => {});
    f.onRequest = (method) =>
      method === 'POST' ? json({ detail: 'Slow down.' }, 429, { 'Retry-After': '20' }) : undefined;
    f.send('one');
    f.send('two');
    await f.expectMinute('polling', 'websocket_blocked', 6, 60);
    // One attempt every 20 s.
    expect(f.requests.filter(({ method }) => method === 'POST').length).to.be.at.most(4);
    await f.expectRecovery();
  });

  it('answers everything with 500', async () => {
    const f = await withoutSockets((scene) => (scene.server.restFault = 'broken'));
    f.send('waits');
    await f.expectMinute('error', 'server_failing', 6, 24);
    expect(f.requests.filter(({ method }) => method === 'POST').length).to.be.at.most(5);
    // The message could not be looked up, so it must not be marked as failed.
    expect(f.sent[0]!.outcome).to.equal('sending');
    await f.expectRecovery();
  });

  it('is forbidden for this origin, while the socket works', async () => {
    const f = await openFaultScene();
    f.onRequest = (_method, _path, { mode }) => (mode === 'no-cors' ? undefined : DOWN());
    f.server.cut(1006);
    f.send('by socket');
    await f.expectState('reconnecting', 'connection_lost');
    await f.expectMinute('connected', 'connected', 1, 12);
    await f.expectRecovery();
  });

  it('never answers messages, while lists work', async () => {
    const f = await withoutSockets(() => {});
    f.onRequest = (method) => (method === 'POST' ? 'hang' : undefined);
    f.send('one');
    f.send('two');
    await f.expectMinute('polling', 'websocket_blocked', 6, 60);
    expect(f.sent.map(({ outcome }) => outcome)).to.deep.equal(['sending', 'sending']);
    await f.expectRecovery();
  });

  it('truncates its responses', async () => {
    const f = await withoutSockets((scene) => (scene.onRequest = () => page('[{"id": 1, "na', 200)));
    f.send('patient');
    await f.expectMinute('error', 'unexpected_answer', 6, 24);
    await f.expectRecovery();
  });

  it('redirects: the token is not sent there', async () => {
    const f = await withoutSockets((scene) => {
      scene.onRequest = (_method, _path, { redirect }) =>
        redirect === 'manual' ? Object.assign(Response.error(), { text: async () => '' }) : json([]);
    });
    f.send('patient');
    await f.expectMinute('error', 'unexpected_answer', 6, 24);
    await f.expectRecovery();
  });
});

describe('missed messages', () => {
  it('exceed the change log of the server: the room is reloaded, with a notice', async () => {
    const f = await openFaultScene();
    f.sendAsOther('known');
    f.server.cut(1006);
    for (let n = 0; n < 120; n++) f.sendAsOther(`missed ${n}`);
    f.server.deleteChanges();
    f.send('mine');
    await f.expectState('reconnecting', 'connection_lost');
    await f.expectMinute('connected', 'connected', 1, 12);
    expect(f.chat.data.threads.get('1')!.skipped).to.equal(true);
    await f.expectRecovery();
  });

  it('exceed the number that is read from a baseline backend: the room is reloaded, with a notice', async () => {
    const f = await openFaultScene(undefined, BASELINE);
    f.sendAsOther('known');
    await f.clock.advance(16_000);
    f.server.cut(1006);
    for (let n = 0; n < 1_200; n++) f.sendAsOther(`missed ${n}`);
    f.send('mine');
    await f.expectState('reconnecting', 'connection_lost');
    await f.expectMinute('connected', 'connected', 1, 60);
    expect(f.chat.data.threads.get('1')!.skipped).to.equal(true);
    await f.expectRecovery();
  });

  it('increase while they are read', async () => {
    const f = await openFaultScene();
    f.sendAsOther('known');
    f.server.cut(1006);
    for (let n = 0; n < 12; n++) f.sendAsOther(`missed ${n}`);
    let more = 5;
    const grow = (): undefined => void (more-- > 0 && f.sendAsOther(`meanwhile ${more}`));
    f.onRequest = grow;
    f.onSent = ({ type }) => (type === 'sync' && grow(), true);
    f.send('mine');
    await f.expectMinute('connected', 'connected', 1, 14);
    await f.expectRecovery();
  });

  it('cannot be read, because the connection is lost during catch-up', async () => {
    const f = await openFaultScene();
    for (let n = 0; n < 3; n++) {
      f.server.cut(1006);
      for (let each = 0; each < 12; each++) f.sendAsOther(`missed ${n} ${each}`);
      f.onSent = ({ type }, socket) => type !== 'sync' || (queueMicrotask(() => socket.drop(1006)), false);
      f.send(`mine ${n}`);
      await f.clock.advance(1_000);
      await settle();
    }
    f.onSent = () => true;
    await f.expectMinute('connected', 'connected', 2, 30);
    await f.expectRecovery();
  });
});
