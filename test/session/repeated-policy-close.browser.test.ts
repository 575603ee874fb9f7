import { expect } from '@open-wc/testing';
import { openFaultScene } from '../support/fault-scene.js';

describe('12.21: a server that closes every socket with 1008', () => {
  it('is asked less and less often, although each socket was greeted', async () => {
    const f = await openFaultScene();
    f.onSocket = (socket) => void f.clock.after(2_000, () => socket.drop(1008));
    f.server.cut(1008);
    await f.clock.advance(180_000);
    expect(f.reasons).to.include('connection_refused');
    const before = f.socketAttempts;
    await f.clock.advance(60_000);
    expect(f.socketAttempts - before, 'sockets in a minute').to.be.within(1, 2);
    await f.expectRecovery();
  });
});
