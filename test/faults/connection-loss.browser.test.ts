/** A line that was good: how it ends, and how it pretends not to have ended. */
import { expect } from '@open-wc/testing';
import { page } from '../support/fake-backend.js';
import { settle } from '../support/fake-clock.js';
import { meet, type FaultScene } from '../support/fault-scene.js';

/** The server ends the line while a message is on its way, which may have arrived (`isDeaf`: it has not). */
async function cut(code: number, isDeaf = true): Promise<FaultScene> {
  const f = await meet();
  f.server.isDeaf = isDeaf;
  f.send('on its way');
  await settle();
  f.server.isDeaf = false;
  f.server.cut(code);
  f.say('said meanwhile');
  return f;
}

describe('a line', () => {
  it('is reset in the middle of a frame', async () => {
    const f = await meet();
    f.onFrame = (frame, pass) => pass(JSON.stringify(frame).slice(0, 40));
    f.send('on its way');
    await settle();
    f.onFrame = (frame, pass) => pass(frame);
    f.server.cut(1006);
    await f.shows('reconnecting', 'connection_lost');
    await f.minute('connected', 'connected', 1, 10);
    expect(f.problems.join()).to.contain('is not JSON');
    await f.heals();
  });

  it('is half-open: nothing comes in any more', async () => {
    const f = await meet();
    f.server.isMute = true;
    await f.clock.advance(20_000);
    f.say('not heard');
    f.send('not confirmed');
    await f.clock.advance(9_500);
    expect(f.reasons).to.include('connection_silent');
    f.server.isMute = false;
    await f.minute('connected', 'connected', 1, 10);
    await f.heals();
  });

  it('swallows what is sent, while frames come in', async () => {
    const f = await meet();
    f.server.isDeaf = true;
    f.send('into the hole');
    for (let n = 0; n < 9; n++) {
      f.say(`still heard ${n}`);
      await f.clock.advance(1_000);
    }
    await f.clock.advance(500);
    expect(f.reasons).to.include('connection_silent');
    expect(f.sent[0]!.outcome).to.equal('rest');
    f.server.isDeaf = false;
    await f.minute('connected', 'connected', 1, 10);
    await f.heals();
  });

  it('never drains what it has taken (bufferedAmount)', async () => {
    const f = await meet();
    Object.assign(f.socket, { bufferedAmount: 5e8 });
    f.onSent = (_frame, socket) => !('bufferedAmount' in socket);
    f.send('one');
    f.send('two');
    await f.minute('connected', 'connected', 1, 14);
    expect(f.reasons).to.include('connection_silent');
    expect(f.sent.map(({ outcome }) => outcome)).to.deep.equal(['rest', 'rest']);
    await f.heals();
  });

  it('ends because the server restarts, and is away for a while', async () => {
    const f = await meet();
    f.server.socketFault = 'refuse';
    f.onRequest = () => page('<h1>Bad Gateway</h1>', 502);
    f.server.cut(1012);
    await settle();
    expect(f.reasons).to.include('server_restarting');
    f.send('patient');
    f.say('said meanwhile');
    await f.minute('error', 'server_failing', 5, 24);
    await f.heals();
  });

  it('is closed with 1000 after a day', async () => {
    const f = await meet();
    for (let hour = 0; hour < 24; hour++) {
      await f.clock.advance(3_600_000);
      f.say(`hour ${hour}`);
    }
    expect(f.constructed).to.equal(1);
    f.server.cut(1000);
    f.send('on its way');
    await f.shows('reconnecting', 'server_closed');
    await f.minute('connected', 'connected', 1, 10);
    await f.heals();
  });

  it('is closed with 1001: the server goes away, and everybody comes back spread over 8 s', async () => {
    const f = await cut(1001);
    await f.shows('reconnecting', 'server_restarting');
    await f.clock.advance(7_000);
    expect(f.constructed).to.equal(1);
    await f.minute('connected', 'connected', 1, 14);
    await f.heals();
  });

  it('is closed with 1012: the server restarts', async () => {
    const f = await cut(1012);
    await f.shows('reconnecting', 'server_restarting');
    await f.minute('connected', 'connected', 1, 14);
    await f.heals();
  });

  it('is closed with 1008: the server does not want this', async () => {
    const f = await cut(1008);
    await f.shows('reconnecting', 'connection_refused');
    await f.minute('connected', 'connected', 1, 10);
    await f.heals();
  });

  it('is closed with 1009: what was sent is too big, and goes by REST, which says why not', async () => {
    const f = await meet();
    f.onSent = ({ type }, socket) => type !== 'send_message' || (queueMicrotask(() => socket.drop(1009)), false);
    f.onRequest = (method) => (method === 'POST' ? page('', 413) : undefined);
    f.send('x'.repeat(100_000));
    await settle();
    expect(f.reasons).to.include('connection_refused');
    await f.minute('connected', 'connected', 1, 10);
    expect(f.sent[0]!.outcome).to.equal('too_large');
    await f.heals('x'.repeat(100_000));
  });

  it('is closed with 1011: the server met something it did not expect', async () => {
    const f = await cut(1011, false);
    await f.shows('reconnecting', 'server_failing');
    await f.minute('connected', 'connected', 1, 10);
    await f.heals();
  });

  it('is closed with 1013: the server has too much to do', async () => {
    const f = await cut(1013);
    await f.shows('reconnecting', 'server_busy');
    await f.minute('connected', 'connected', 1, 14);
    await f.heals();
  });

  it('is cut (1006) with a message on its way that was stored', async () => {
    const f = await meet();
    f.onFrame = () => {};
    f.send('stored, and nobody said so');
    await settle();
    f.heal();
    f.server.cut(1006);
    await f.shows('reconnecting', 'connection_lost');
    await f.minute('connected', 'connected', 1, 10);
    await f.heals();
  });

  it('is cut again and again: every minute for ten minutes', async () => {
    const f = await meet();
    for (let n = 0; n < 10; n++) {
      f.send(`mine ${n}`);
      f.server.cut(1006);
      f.say(`theirs ${n}`);
      await f.shows('reconnecting', 'connection_lost');
      await f.minute('connected', 'connected', 1, 12);
    }
    await f.heals();
  });

  it('reports an error, and no close ever follows', async () => {
    const f = await meet();
    f.server.isDeaf = f.server.isMute = true;
    f.socket.dispatchEvent(new Event('error'));
    f.send('patient');
    await f.clock.advance(9_500);
    expect(f.reasons).to.include('connection_silent');
    f.server.isDeaf = f.server.isMute = false;
    await f.minute('connected', 'connected', 1, 10);
    await f.heals();
  });

  it('closes without an error before it', async () => {
    const f = await meet();
    f.socket.drop(1005);
    f.send('patient');
    await f.shows('reconnecting', 'server_closed');
    await f.minute('connected', 'connected', 1, 10);
    await f.heals();
  });

  it('closes minutes after it was ended', async () => {
    const f = await meet();
    const { socket } = f;
    socket.close = () => {
      socket.readyState = 2;
      f.clock.after(180_000, () => socket.drop(1006));
    };
    f.onSent = (_frame, from) => from !== socket;
    f.send('not held up by it');
    await f.minute('connected', 'connected', 1, 10);
    expect(f.reasons).to.include('connection_silent');
    await f.clock.advance(120_000);
    expect(f.reasons.filter((reason) => reason === 'connection_lost')).to.deep.equal([]);
    expect(f.constructed).to.equal(2);
    await f.heals();
  });
});
