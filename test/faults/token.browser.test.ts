/** The sign-in: refused in the middle, renewed in the middle, asked of a page that does not answer. */
import { expect } from '@open-wc/testing';
import { tokenOf } from '../support/fake-backend.js';
import { settle } from '../support/fake-clock.js';
import { meet, type FaultScene } from '../support/fault-scene.js';

const DAY_MS = 86_400_000;

/** The token runs out, on the socket (4001) and for REST, before a page that answers in its own way. */
async function refused(tokenProvider?: (f: FaultScene) => Promise<string>): Promise<FaultScene & { asked: () => number }> {
  let asked = 0;
  const f = await meet((scene) => (scene.config = tokenProvider ? { tokenProvider: () => (asked++, tokenProvider(scene)) } : {}));
  f.server.isDeaf = true;
  f.send('on its way');
  await settle();
  f.server.isDeaf = false;
  f.server.refuse(f.token);
  f.server.cut(4001);
  f.say('said meanwhile');
  return Object.assign(f, { asked: () => asked });
}

describe('the sign-in', () => {
  it('is refused in the middle (4001), and the page has another', async () => {
    const f = await refused(async (scene) => scene.newToken());
    await f.minute('connected', 'connected', 1, 12);
    expect(f.asked()).to.equal(1);
    expect(f.reasons).to.include('token_changed');
    await f.heals();
  });

  it('is refused in the middle (4001), and there is nobody to ask', async () => {
    const f = await refused();
    await f.minute('unauthorized', 'token_refused', 0, 1);
    await f.heals();
  });

  it('is refused on the socket and by REST at the same moment: the page is asked once', async () => {
    const f = await refused(async (scene) => {
      await new Promise((resolve) => scene.clock.after(2_000, () => resolve(undefined)));
      return scene.newToken();
    });
    f.chat.refreshRoomList().catch(() => {});
    await f.shows('reconnecting', 'token_changed');
    await f.minute('connected', 'connected', 1, 14);
    expect(f.asked()).to.equal(1);
    await f.heals();
  });

  it('is asked of a page that never answers', async () => {
    const f = await refused(() => new Promise(() => {}));
    await f.minute('unauthorized', 'token_refused', 0, 2);
    expect(f.asked()).to.equal(1);
    expect(f.problems.join()).to.contain('The page did not give a token within 15 s.');
    await f.heals();
  });

  it('is asked of a page that throws', async () => {
    const f = await refused(() => Promise.reject(new Error('secret of the page')));
    await f.minute('unauthorized', 'token_refused', 0, 2);
    // For the socket, and for the message that REST refused after that.
    expect(f.asked()).to.be.at.most(2);
    expect(f.problems.join()).to.contain('token_provider').and.not.to.contain('secret of the page');
    await f.heals();
  });

  it('is asked of a page that only has the refused one', async () => {
    const f = await refused(async (scene) => scene.token);
    await f.minute('unauthorized', 'token_refused', 0, 2);
    expect(f.asked()).to.be.at.most(2);
    await f.heals();
  });

  it('is asked of a page that has new ones which are refused too', async () => {
    let n = 0;
    const f = await refused(async () => tokenOf(1, { jti: `never good ${n++}` }));
    await f.minute('unauthorized', 'token_refused', 5, 12);
    expect(f.asked()).to.be.at.most(6);
    await f.heals();
  });

  it('is exchanged while the line is being made again', async () => {
    const f = await meet();
    f.server.socketFault = 'refuse';
    f.server.cut(1006);
    f.send('on its way');
    f.server.refuse(f.token);
    f.chat.configure({ token: f.newToken() });
    f.server.socketFault = 'none';
    expect(f.reasons).to.include('token_changed');
    await f.minute('connected', 'connected', 2, 14);
    await f.heals();
  });

  it('is exchanged on a good line', async () => {
    const f = await meet();
    f.server.isDeaf = true;
    f.send('on its way');
    await settle();
    f.server.isDeaf = false;
    f.chat.configure({ token: f.newToken() });
    expect(f.reasons).to.include('token_changed');
    await f.shows('connected', 'connected');
    await f.minute('connected', 'connected', 1, 12);
    await f.heals();
  });

  /** A token that has 10 minutes left by the clock of the server, on a machine whose clock is wrong. */
  async function skewed(skewMs: number): Promise<FaultScene & { asked: () => number }> {
    let asked = 0;
    const f = await meet((scene) => {
      scene.skewMs = skewMs;
      const exp = scene.clock.now() / 1000 + 600;
      scene.server.allow((scene.token = tokenOf(1, { exp })));
      scene.config = { tokenProvider: async () => (asked++, scene.newToken({ exp: exp + 3_600 })) };
    });
    f.send('mine');
    return Object.assign(f, { asked: () => asked });
  }

  it('is judged by the clock of the server, ours being a day ahead', async () => {
    const f = await skewed(DAY_MS);
    await f.minute('connected', 'connected', 0, 8);
    expect(f.asked()).to.equal(0);
    await f.clock.advance(490_000);
    expect(f.asked(), 'renewed in time').to.equal(1);
    await f.heals();
  });

  it('is judged by the clock of the server, ours being a day behind', async () => {
    const f = await skewed(-DAY_MS);
    await f.minute('connected', 'connected', 0, 8);
    expect(f.asked()).to.equal(0);
    await f.clock.advance(490_000);
    expect(f.asked(), 'renewed in time').to.equal(1);
    await f.heals();
  });
});
