/** Loss of an established connection, including losses that are not reported. */
import { expect } from '@open-wc/testing';
import { page } from '../support/fake-backend.js';
import { settle } from '../support/fake-clock.js';
import { openFaultScene, type FaultScene } from '../support/fault-scene.js';

/** The server closes the connection while a message is in flight; with `isDeaf`, the message was not received. */
async function cut(code: number, isDeaf = true): Promise<FaultScene> {
  const f = await openFaultScene();
  f.server.isDeaf = isDeaf;
  f.send('on its way');
  await settle();
  f.server.isDeaf = false;
  f.server.cut(code);
  f.sendAsOther('said meanwhile');
  return f;
}

describe('a connection', () => {
  it('is reset in the middle of a frame', async () => {
    const f = await openFaultScene();
    f.onFrame = (frame, pass) => pass(JSON.stringify(frame).slice(0, 40));
    f.send('on its way');
    await settle();
    f.onFrame = (frame, pass) => pass(frame);
    f.server.cut(1006);
    await f.expectState('reconnecting', 'connection_lost');
    await f.expectMinute('connected', 'connected', 1, 10);
    expect(f.problems.join()).to.contain('is not JSON');
    await f.expectRecovery();
  });

  it('is half-open: nothing is received', async () => {
    const f = await openFaultScene();
    f.server.isMute = true;
    await f.clock.advance(20_000);
    f.sendAsOther('not heard');
    f.send('not confirmed');
    await f.clock.advance(9_500);
    expect(f.reasons).to.include('connection_silent');
    f.server.isMute = false;
    await f.expectMinute('connected', 'connected', 1, 10);
    await f.expectRecovery();
  });

  it('loses outgoing frames, while incoming ones arrive', async () => {
    const f = await openFaultScene();
    f.server.isDeaf = true;
    f.send('into the hole');
    for (let n = 0; n < 9; n++) {
      f.sendAsOther(`still heard ${n}`);
      await f.clock.advance(1_000);
    }
    await f.clock.advance(500);
    expect(f.reasons).to.include('connection_silent');
    expect(f.sent[0]!.outcome).to.equal('rest');
    f.server.isDeaf = false;
    await f.expectMinute('connected', 'connected', 1, 10);
    await f.expectRecovery();
  });

  it('never drains its send buffer (bufferedAmount)', async () => {
    const f = await openFaultScene();
    Object.assign(f.socket, { bufferedAmount: 5e8 });
    f.onSent = (_frame, socket) => !('bufferedAmount' in socket);
    f.send('one');
    f.send('two');
    await f.expectMinute('connected', 'connected', 1, 14);
    expect(f.reasons).to.include('connection_silent');
    expect(f.sent.map(({ outcome }) => outcome)).to.deep.equal(['rest', 'rest']);
    await f.expectRecovery();
  });

  it('is closed by a server restart, with the server down for a while', async () => {
    const f = await openFaultScene();
    f.server.socketFault = 'refuse';
    f.onRequest = () => page('<h1>Bad Gateway</h1>', 502);
    f.server.cut(1012);
    await settle();
    expect(f.reasons).to.include('server_restarting');
    f.send('patient');
    f.sendAsOther('said meanwhile');
    await f.expectMinute('error', 'server_failing', 5, 24);
    await f.expectRecovery();
  });

  it('is closed with 1000 after a day', async () => {
    const f = await openFaultScene();
    for (let hour = 0; hour < 24; hour++) {
      await f.clock.advance(3_600_000);
      f.sendAsOther(`hour ${hour}`);
    }
    expect(f.socketAttempts).to.equal(1);
    f.server.cut(1000);
    f.send('on its way');
    await f.expectState('reconnecting', 'server_closed');
    await f.expectMinute('connected', 'connected', 1, 10);
    await f.expectRecovery();
  });

  it('is closed with 1001 (server going away): reconnects are spread over 8 s', async () => {
    const f = await cut(1001);
    await f.expectState('reconnecting', 'server_restarting');
    await f.clock.advance(7_000);
    expect(f.socketAttempts).to.equal(1);
    await f.expectMinute('connected', 'connected', 1, 14);
    await f.expectRecovery();
  });

  it('is closed with 1012 (service restart)', async () => {
    const f = await cut(1012);
    await f.expectState('reconnecting', 'server_restarting');
    await f.expectMinute('connected', 'connected', 1, 14);
    await f.expectRecovery();
  });

  it('is closed with 1008 (policy violation)', async () => {
    const f = await cut(1008);
    await f.expectState('reconnecting', 'connection_refused');
    await f.expectMinute('connected', 'connected', 1, 10);
    await f.expectRecovery();
  });

  it('is closed with 1009 (message too big): the message goes by REST, which reports the reason', async () => {
    const f = await openFaultScene();
    f.onSent = ({ type }, socket) => type !== 'send_message' || (queueMicrotask(() => socket.drop(1009)), false);
    f.onRequest = (method) => (method === 'POST' ? page('', 413) : undefined);
    f.send('x'.repeat(100_000));
    await settle();
    expect(f.reasons).to.include('connection_refused');
    await f.expectMinute('connected', 'connected', 1, 10);
    expect(f.sent[0]!.outcome).to.equal('too_large');
    await f.expectRecovery('x'.repeat(100_000));
  });

  it('is closed with 1011 (internal server error)', async () => {
    const f = await cut(1011, false);
    await f.expectState('reconnecting', 'server_failing');
    await f.expectMinute('connected', 'connected', 1, 10);
    await f.expectRecovery();
  });

  it('is closed with 1013 (server overloaded)', async () => {
    const f = await cut(1013);
    await f.expectState('reconnecting', 'server_busy');
    await f.expectMinute('connected', 'connected', 1, 14);
    await f.expectRecovery();
  });

  it('is lost (1006) with a stored message in flight', async () => {
    const f = await openFaultScene();
    f.onFrame = () => {};
    f.send('stored but not confirmed');
    await settle();
    f.heal();
    f.server.cut(1006);
    await f.expectState('reconnecting', 'connection_lost');
    await f.expectMinute('connected', 'connected', 1, 10);
    await f.expectRecovery();
  });

  it('is lost every minute for ten minutes', async () => {
    const f = await openFaultScene();
    for (let n = 0; n < 10; n++) {
      f.send(`mine ${n}`);
      f.server.cut(1006);
      f.sendAsOther(`theirs ${n}`);
      await f.expectState('reconnecting', 'connection_lost');
      await f.expectMinute('connected', 'connected', 1, 12);
    }
    await f.expectRecovery();
  });

  it('reports an error without a close event', async () => {
    const f = await openFaultScene();
    f.server.isDeaf = f.server.isMute = true;
    f.socket.dispatchEvent(new Event('error'));
    f.send('patient');
    await f.clock.advance(9_500);
    expect(f.reasons).to.include('connection_silent');
    f.server.isDeaf = f.server.isMute = false;
    await f.expectMinute('connected', 'connected', 1, 10);
    await f.expectRecovery();
  });

  it('closes without an error event', async () => {
    const f = await openFaultScene();
    f.socket.drop(1005);
    f.send('patient');
    await f.expectState('reconnecting', 'server_closed');
    await f.expectMinute('connected', 'connected', 1, 10);
    await f.expectRecovery();
  });

  it('reports its close minutes late', async () => {
    const f = await openFaultScene();
    const { socket } = f;
    socket.close = () => {
      socket.readyState = 2;
      f.clock.after(180_000, () => socket.drop(1006));
    };
    f.onSent = (_frame, from) => from !== socket;
    f.send('not held up by it');
    await f.expectMinute('connected', 'connected', 1, 10);
    expect(f.reasons).to.include('connection_silent');
    await f.clock.advance(120_000);
    expect(f.reasons.filter((reason) => reason === 'connection_lost')).to.deep.equal([]);
    expect(f.socketAttempts).to.equal(2);
    await f.expectRecovery();
  });
});
