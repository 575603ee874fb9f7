/** Token faults: rejected or renewed during use, and token providers that do not answer. */
import { expect } from '@open-wc/testing';
import { tokenOf } from '../support/fake-backend.js';
import { settle } from '../support/fake-clock.js';
import { openFaultScene, type FaultScene } from '../support/fault-scene.js';

const DAY_MS = 86_400_000;

/** The token expires, on the socket (4001) and for REST, with the given token provider. */
async function refused(
  tokenProvider?: (f: FaultScene) => Promise<string>,
): Promise<FaultScene & { asked: () => number }> {
  let asked = 0;
  const f = await openFaultScene(
    (scene) => (scene.config = tokenProvider ? { tokenProvider: () => (asked++, tokenProvider(scene)) } : {}),
  );
  f.server.isDeaf = true;
  f.send('on its way');
  await settle();
  f.server.isDeaf = false;
  f.server.rejectToken(f.token);
  f.server.cut(4001);
  f.sendAsOther('said meanwhile');
  return Object.assign(f, { asked: () => asked });
}

describe('the token', () => {
  it('is rejected during use (4001), and the page has a new one', async () => {
    const f = await refused(async (scene) => scene.newToken());
    await f.expectMinute('connected', 'connected', 1, 12);
    expect(f.asked()).to.equal(1);
    expect(f.reasons).to.include('token_changed');
    await f.expectRecovery();
  });

  it('is rejected during use (4001), without a token provider', async () => {
    const f = await refused();
    await f.expectMinute('unauthorized', 'token_refused', 0, 1);
    await f.expectRecovery();
  });

  it('is rejected on the socket and by REST at once: the page is asked once', async () => {
    const f = await refused(async (scene) => {
      await new Promise((resolve) => scene.clock.after(2_000, () => resolve(undefined)));
      return scene.newToken();
    });
    f.chat.refreshRoomList().catch(() => {});
    await f.expectState('reconnecting', 'token_changed');
    await f.expectMinute('connected', 'connected', 1, 14);
    expect(f.asked()).to.equal(1);
    await f.expectRecovery();
  });

  it('is requested from a page that never answers', async () => {
    const f = await refused(() => new Promise(() => {}));
    await f.expectMinute('unauthorized', 'token_refused', 0, 2);
    expect(f.asked()).to.equal(1);
    expect(f.problems.join()).to.contain('The page did not give a token within 15 s.');
    await f.expectRecovery();
  });

  it('is requested from a page that throws', async () => {
    const f = await refused(() => Promise.reject(new Error('secret of the page')));
    await f.expectMinute('unauthorized', 'token_refused', 0, 2);
    // Once for the socket, once for the message that REST rejected afterwards.
    expect(f.asked()).to.be.at.most(2);
    expect(f.problems.join()).to.contain('token_provider').and.not.to.contain('secret of the page');
    await f.expectRecovery();
  });

  it('is requested from a page that repeats the rejected one', async () => {
    const f = await refused(async (scene) => scene.token);
    await f.expectMinute('unauthorized', 'token_refused', 0, 2);
    expect(f.asked()).to.be.at.most(2);
    await f.expectRecovery();
  });

  it('is requested from a page whose new ones are rejected too', async () => {
    let n = 0;
    const f = await refused(async () => tokenOf(1, { jti: `never good ${n++}` }));
    await f.expectMinute('unauthorized', 'token_refused', 5, 12);
    expect(f.asked()).to.be.at.most(6);
    await f.expectRecovery();
  });

  it('is replaced during a reconnect', async () => {
    const f = await openFaultScene();
    f.server.socketFault = 'refuse';
    f.server.cut(1006);
    f.send('on its way');
    f.server.rejectToken(f.token);
    f.chat.configure({ token: f.newToken() });
    f.server.socketFault = 'none';
    expect(f.reasons).to.include('token_changed');
    await f.expectMinute('connected', 'connected', 2, 14);
    await f.expectRecovery();
  });

  it('is replaced on a healthy connection', async () => {
    const f = await openFaultScene();
    f.server.isDeaf = true;
    f.send('on its way');
    await settle();
    f.server.isDeaf = false;
    f.chat.configure({ token: f.newToken() });
    expect(f.reasons).to.include('token_changed');
    await f.expectState('connected', 'connected');
    await f.expectMinute('connected', 'connected', 1, 12);
    await f.expectRecovery();
  });

  /** A token with 10 minutes left by the server's clock, on a machine whose clock is wrong. */
  async function skewed(skewMs: number): Promise<FaultScene & { asked: () => number }> {
    let asked = 0;
    const f = await openFaultScene((scene) => {
      scene.skewMs = skewMs;
      const exp = scene.clock.now() / 1000 + 600;
      scene.server.acceptToken((scene.token = tokenOf(1, { exp })));
      scene.config = { tokenProvider: async () => (asked++, scene.newToken({ exp: exp + 3_600 })) };
    });
    f.send('mine');
    return Object.assign(f, { asked: () => asked });
  }

  it('is judged by the server clock, with the local clock a day ahead', async () => {
    const f = await skewed(DAY_MS);
    await f.expectMinute('connected', 'connected', 0, 8);
    expect(f.asked()).to.equal(0);
    await f.clock.advance(490_000);
    expect(f.asked(), 'renewed in time').to.equal(1);
    await f.expectRecovery();
  });

  it('is judged by the server clock, with the local clock a day behind', async () => {
    const f = await skewed(-DAY_MS);
    await f.expectMinute('connected', 'connected', 0, 8);
    expect(f.asked()).to.equal(0);
    await f.clock.advance(490_000);
    expect(f.asked(), 'renewed in time').to.equal(1);
    await f.expectRecovery();
  });
});
