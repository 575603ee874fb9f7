/** REST: slow, silent, overloaded, broken, forbidden, half-working; and history that moves while it is read. */
import { expect } from '@open-wc/testing';
import { json, page } from '../support/fake-backend.js';
import { settle } from '../support/fake-clock.js';
import { BASELINE, meet, type FaultScene } from '../support/fault-scene.js';

const DOWN = (): Error => new TypeError('Failed to fetch');
/** Sockets do not come through, so everything depends on REST. */
const withoutSockets = (prepare: (f: FaultScene) => void, capabilities?: readonly string[]): Promise<FaultScene> =>
  meet((f) => {
    f.server.socketFault = 'refuse';
    prepare(f);
  }, capabilities);

describe('REST', () => {
  it('takes 30 s for everything', async () => {
    const f = await withoutSockets((scene) => (scene.onRequest = () => 30_000));
    f.send('patient');
    await f.minute('error', 'server_slow', 5, 14);
    await f.heals();
  });

  it('takes 30 s for everything, while the socket lives', async () => {
    const f = await meet((scene) => (scene.onRequest = () => 30_000));
    f.send('by socket');
    await f.minute('reconnecting', 'catching_up', 0, 14);
    expect(f.sent[0]!.outcome).to.equal('websocket');
    await f.heals();
  });

  it('stores a message, and its answer is lost', async () => {
    const f = await meet();
    f.server.socketFault = 'refuse';
    f.server.cut(1006);
    f.server.restFault = 'answer-lost';
    f.send('stored once');
    await f.minute('error', 'server_slow', 5, 20);
    await f.heals();
  });

  it('stores a message, and its answer is lost, on a backend that would store it twice', async () => {
    const f = await withoutSockets(() => {}, BASELINE);
    f.onRequest = (method) => {
      if (method === 'POST') f.server.store(1, 1, 'stored once');
      return method === 'POST' ? 'hang' : undefined;
    };
    f.send('stored once');
    await f.minute('polling', 'websocket_blocked', 6, 60);
    await f.heals();
  });

  it('answers every list with 429, and the socket tells what it does not', async () => {
    const f = await meet();
    f.onRequest = (method) => (method === 'GET' ? json({ detail: 'Slow down.' }, 429, { 'Retry-After': '20' }) : undefined);
    f.server.cut(1006);
    f.send('by socket');
    await f.shows('reconnecting', 'connection_lost');
    await f.minute('connected', 'connected', 1, 6);
    await f.heals();
  });

  it('answers every message with 429', async () => {
    const f = await withoutSockets(() => {});
    f.onRequest = (method) => (method === 'POST' ? json({ detail: 'Slow down.' }, 429, { 'Retry-After': '20' }) : undefined);
    f.send('one');
    f.send('two');
    await f.minute('polling', 'websocket_blocked', 6, 60);
    // Once in 20 s.
    expect(f.requests.filter(({ method }) => method === 'POST').length).to.be.at.most(4);
    await f.heals();
  });

  it('breaks down over everything: 500, again and again', async () => {
    const f = await withoutSockets((scene) => (scene.server.restFault = 'broken'));
    f.send('waits');
    await f.minute('error', 'server_failing', 6, 24);
    expect(f.requests.filter(({ method }) => method === 'POST').length).to.be.at.most(5);
    // It cannot even be looked for: that says nothing against the message.
    expect(f.sent[0]!.outcome).to.equal('sending');
    await f.heals();
  });

  it('is forbidden to this site, and the socket tells what it does not', async () => {
    const f = await meet();
    f.onRequest = (_method, _path, { mode }) => (mode === 'no-cors' ? undefined : DOWN());
    f.server.cut(1006);
    f.send('by socket');
    await f.shows('reconnecting', 'connection_lost');
    await f.minute('connected', 'connected', 1, 12);
    await f.heals();
  });

  it('swallows what is sent, while lists are answered', async () => {
    const f = await withoutSockets(() => {});
    f.onRequest = (method) => (method === 'POST' ? 'hang' : undefined);
    f.send('one');
    f.send('two');
    await f.minute('polling', 'websocket_blocked', 6, 60);
    expect(f.sent.map(({ outcome }) => outcome)).to.deep.equal(['sending', 'sending']);
    await f.heals();
  });

  it('breaks off in the middle of an answer', async () => {
    const f = await withoutSockets((scene) => (scene.onRequest = () => page('[{"id": 1, "na', 200)));
    f.send('patient');
    await f.minute('error', 'unexpected_answer', 6, 24);
    await f.heals();
  });

  it('sends us elsewhere: no token goes there', async () => {
    const f = await withoutSockets((scene) => {
      scene.onRequest = (_method, _path, { redirect }) => (redirect === 'manual' ? Object.assign(Response.error(), { text: async () => '' }) : json([]));
    });
    f.send('patient');
    await f.minute('error', 'unexpected_answer', 6, 24);
    await f.heals();
  });
});

describe('what was missed', () => {
  it('is more than the server remembers: the room begins anew, and says so', async () => {
    const f = await meet();
    f.say('known');
    f.server.cut(1006);
    for (let n = 0; n < 120; n++) f.say(`missed ${n}`);
    f.server.forgetChanges();
    f.send('mine');
    await f.shows('reconnecting', 'connection_lost');
    await f.minute('connected', 'connected', 1, 12);
    expect(f.chat.data.threads.get('1')!.skipped).to.equal(true);
    await f.heals();
  });

  it('is more than a baseline backend is read for: the room begins anew, and says so', async () => {
    const f = await meet(undefined, BASELINE);
    f.say('known');
    await f.clock.advance(16_000);
    f.server.cut(1006);
    for (let n = 0; n < 1_200; n++) f.say(`missed ${n}`);
    f.send('mine');
    await f.shows('reconnecting', 'connection_lost');
    await f.minute('connected', 'connected', 1, 60);
    expect(f.chat.data.threads.get('1')!.skipped).to.equal(true);
    await f.heals();
  });

  it('grows while it is read', async () => {
    const f = await meet();
    f.say('known');
    f.server.cut(1006);
    for (let n = 0; n < 12; n++) f.say(`missed ${n}`);
    let more = 5;
    const grow = (): undefined => void (more-- > 0 && f.say(`meanwhile ${more}`));
    f.onRequest = grow;
    f.onSent = ({ type }) => (type === 'sync' && grow(), true);
    f.send('mine');
    await f.minute('connected', 'connected', 1, 14);
    await f.heals();
  });

  it('cannot be read, because the line is cut in the middle of it', async () => {
    const f = await meet();
    for (let n = 0; n < 3; n++) {
      f.server.cut(1006);
      for (let each = 0; each < 12; each++) f.say(`missed ${n} ${each}`);
      f.onSent = ({ type }, socket) => type !== 'sync' || (queueMicrotask(() => socket.drop(1006)), false);
      f.send(`mine ${n}`);
      await f.clock.advance(1_000);
      await settle();
    }
    f.onSent = () => true;
    await f.minute('connected', 'connected', 2, 30);
    await f.heals();
  });
});
