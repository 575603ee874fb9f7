/** The handshake: to a page every refusal is the same 1006, so REST is asked with the same token, and names the cause. */
import { expect } from '@open-wc/testing';
import { json, page, tokenOf } from '../support/fake-backend.js';
import { meet } from '../support/fault-scene.js';

const DOWN = (): Error => new TypeError('Failed to fetch');

describe('the handshake', () => {
  it('is answered 401: the sign-in is not accepted', async () => {
    const f = await meet((scene) => scene.server.refuse(scene.token));
    f.send('kept for later');
    await f.minute('unauthorized', 'token_refused', 1, 1);
    f.chat.configure({ token: f.newToken() });
    await f.heals();
  });

  it('is answered 401: the sign-in has expired', async () => {
    const f = await meet((scene) => (scene.token = tokenOf(1, { exp: 1 })));
    f.send('kept for later');
    await f.minute('unauthorized', 'token_expired', 1, 1);
    await f.heals();
  });

  it('is answered 403, as all of REST: the server does not let us in', async () => {
    const f = await meet((scene) => {
      scene.server.socketFault = 'refuse';
      scene.onRequest = () => json({ detail: 'No.' }, 403);
    });
    f.send('refused');
    await f.minute('error', 'access_refused', 6, 16);
    expect(f.sent[0]!.outcome).to.equal('forbidden');
    await f.heals('refused');
  });

  it('is answered 404, as all of REST: something else answers there', async () => {
    const f = await meet((scene) => {
      scene.server.socketFault = 'refuse';
      scene.onRequest = () => page('<h1>Not Found</h1>', 404);
    });
    f.send('refused');
    await f.minute('error', 'unexpected_answer', 6, 16);
    expect(f.sent[0]!.outcome).to.equal('not_found');
    await f.heals('refused');
  });

  it('is answered 429, as all of REST: the server asks for patience and gets it', async () => {
    const f = await meet((scene) => {
      scene.server.socketFault = 'refuse';
      scene.onRequest = () => json({ detail: 'Slow down.' }, 429, { 'Retry-After': '30' });
    });
    f.send('patient');
    await f.minute('error', 'server_busy', 2, 8);
    await f.heals();
  });

  it('is answered 503, as all of REST: the server has a problem', async () => {
    const f = await meet((scene) => {
      scene.server.socketFault = 'refuse';
      scene.onRequest = () => page('<h1>Unavailable</h1>', 503);
    });
    f.send('patient');
    await f.minute('error', 'server_failing', 6, 24);
    await f.heals();
  });

  it('is refused while REST works', async () => {
    const f = await meet((scene) => (scene.server.socketFault = 'refuse'));
    f.send('by REST');
    f.say('seen by REST');
    await f.minute('polling', 'websocket_blocked', 6, 60);
    expect(f.texts()).to.have.members(['seen by REST', 'by REST']);
    await f.heals();
  });

  it('hangs while REST works', async () => {
    const f = await meet((scene) => (scene.server.socketFault = 'hang'));
    f.send('by REST');
    await f.minute('polling', 'websocket_blocked', 5, 60);
    expect(f.sent[0]!.outcome).to.equal('rest');
    await f.heals();
  });

  it('hangs, and REST too', async () => {
    const f = await meet((scene) => {
      scene.server.socketFault = 'hang';
      scene.onRequest = () => 'hang';
    });
    f.send('patient');
    await f.minute('error', 'server_slow', 4, 12);
    await f.heals();
  });

  it('cannot reach the server: nobody listens there any more', async () => {
    const f = await meet();
    f.server.socketFault = 'refuse';
    f.onRequest = DOWN;
    f.server.cut(1006);
    f.send('patient');
    await f.shows('reconnecting', 'connection_lost');
    await f.minute('error', 'server_unreachable', 6, 60);
    await f.heals();
  });

  it('cannot reach the server: its name or its certificate is wrong', async () => {
    const f = await meet((scene) => {
      scene.server.socketFault = 'refuse';
      scene.server.restFault = 'down';
    });
    f.send('patient');
    await f.minute('error', 'server_unreachable', 6, 60);
    await f.heals();
  });

  it('is answered by a captive portal, as all of REST', async () => {
    const f = await meet((scene) => {
      scene.server.socketFault = 'refuse';
      scene.server.restFault = 'portal';
    });
    f.send('patient');
    await f.minute('error', 'unexpected_answer', 6, 40);
    await f.heals();
  });

  it('is forbidden by the content security policy: the constructor throws', async () => {
    const f = await meet((scene) => {
      scene.onConstruct = () => {
        throw new DOMException('Refused to connect', 'SecurityError');
      };
    });
    f.send('by REST');
    await f.minute('polling', 'websocket_blocked', 6, 60);
    expect(f.problems.join()).to.contain('The browser refuses to open a WebSocket').and.not.to.contain('token=');
    await f.heals();
  });

  it('has no WebSocket to make it with', async () => {
    const { WebSocket } = window;
    try {
      Object.assign(window, { WebSocket: undefined });
      const f = await meet((scene) => Object.assign(scene, { WebSocket: undefined }));
      f.send('by REST');
      await f.minute('polling', 'websocket_blocked', 0, 60);
      Object.assign(window, { WebSocket: f.server.WebSocket });
      await f.heals();
    } finally {
      window.WebSocket = WebSocket;
    }
  });

  it('opens, and the server never greets', async () => {
    const f = await meet((scene) => (scene.server.socketFault = 'silent'));
    f.send('by REST');
    await f.minute('polling', 'websocket_blocked', 5, 60);
    expect(f.sent[0]!.outcome).to.equal('rest');
    await f.heals();
  });

  it('succeeds, and the line dies after 200 ms, again and again', async () => {
    const f = await meet((scene) => {
      scene.onSocket = (socket) => void scene.clock.after(200, () => socket.drop(1006));
    });
    f.send('before it dies');
    await f.clock.advance(300);
    f.send('after it died');
    await f.minute('polling', 'websocket_lost', 6, 60);
    await f.heals();
  });

  it('is forbidden to this site: REST answers, but not to be read', async () => {
    const f = await meet((scene) => {
      scene.server.socketFault = 'refuse';
      scene.onRequest = (_method, _path, { mode }) => (mode === 'no-cors' ? undefined : DOWN());
    });
    f.send('patient');
    await f.minute('error', 'origin_refused', 6, 60);
    await f.heals();
  });
});
