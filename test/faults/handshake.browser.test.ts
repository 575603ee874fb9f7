/**
 * Failed handshakes: to a page, every cause is 1006. REST is therefore asked with the same token, to find the cause.
 */
import { expect } from '@open-wc/testing';
import { json, page, tokenOf } from '../support/fake-backend.js';
import { openFaultScene } from '../support/fault-scene.js';

const DOWN = (): Error => new TypeError('Failed to fetch');

describe('the handshake', () => {
  it('is answered with 401: token rejected', async () => {
    const f = await openFaultScene((scene) => scene.server.rejectToken(scene.token));
    f.send('kept for later');
    await f.expectMinute('unauthorized', 'token_refused', 1, 1);
    f.chat.configure({ token: f.newToken() });
    await f.expectRecovery();
  });

  it('is answered with 401: token expired', async () => {
    const f = await openFaultScene((scene) => (scene.token = tokenOf(1, { exp: 1 })));
    f.send('kept for later');
    await f.expectMinute('unauthorized', 'token_expired', 1, 1);
    await f.expectRecovery();
  });

  it('is answered with 403, as is REST: access denied', async () => {
    const f = await openFaultScene((scene) => {
      scene.server.socketFault = 'refuse';
      scene.onRequest = () => json({ detail: 'No.' }, 403);
    });
    f.send('refused');
    await f.expectMinute('error', 'access_refused', 6, 16);
    expect(f.sent[0]!.outcome).to.equal('forbidden');
    await f.expectRecovery('refused');
  });

  it('is answered with 404, as is REST: wrong address', async () => {
    const f = await openFaultScene((scene) => {
      scene.server.socketFault = 'refuse';
      scene.onRequest = () => page('<h1>Not Found</h1>', 404);
    });
    f.send('refused');
    await f.expectMinute('error', 'unexpected_answer', 6, 16);
    expect(f.sent[0]!.outcome).to.equal('not_found');
    await f.expectRecovery('refused');
  });

  it('is answered with 429, as is REST: Retry-After is respected', async () => {
    const f = await openFaultScene((scene) => {
      scene.server.socketFault = 'refuse';
      scene.onRequest = () => json({ detail: 'Slow down.' }, 429, { 'Retry-After': '30' });
    });
    f.send('patient');
    await f.expectMinute('error', 'server_busy', 2, 8);
    await f.expectRecovery();
  });

  it('is answered with 503, as is REST: server failure', async () => {
    const f = await openFaultScene((scene) => {
      scene.server.socketFault = 'refuse';
      scene.onRequest = () => page('<h1>Unavailable</h1>', 503);
    });
    f.send('patient');
    await f.expectMinute('error', 'server_failing', 6, 24);
    await f.expectRecovery();
  });

  it('is rejected while REST works', async () => {
    const f = await openFaultScene((scene) => (scene.server.socketFault = 'refuse'));
    f.send('by REST');
    f.sendAsOther('seen by REST');
    await f.expectMinute('polling', 'websocket_blocked', 6, 60);
    expect(f.texts()).to.have.members(['seen by REST', 'by REST']);
    await f.expectRecovery();
  });

  it('hangs while REST works', async () => {
    const f = await openFaultScene((scene) => (scene.server.socketFault = 'hang'));
    f.send('by REST');
    await f.expectMinute('polling', 'websocket_blocked', 5, 60);
    expect(f.sent[0]!.outcome).to.equal('rest');
    await f.expectRecovery();
  });

  it('hangs, as does REST', async () => {
    const f = await openFaultScene((scene) => {
      scene.server.socketFault = 'hang';
      scene.onRequest = () => 'hang';
    });
    f.send('patient');
    await f.expectMinute('error', 'server_slow', 4, 12);
    await f.expectRecovery();
  });

  it('cannot reach the server: connection refused', async () => {
    const f = await openFaultScene();
    f.server.socketFault = 'refuse';
    f.onRequest = DOWN;
    f.server.cut(1006);
    f.send('patient');
    await f.expectState('reconnecting', 'connection_lost');
    await f.expectMinute('error', 'server_unreachable', 6, 60);
    await f.expectRecovery();
  });

  it('cannot reach the server: DNS or certificate failure', async () => {
    const f = await openFaultScene((scene) => {
      scene.server.socketFault = 'refuse';
      scene.server.restFault = 'down';
    });
    f.send('patient');
    await f.expectMinute('error', 'server_unreachable', 6, 60);
    await f.expectRecovery();
  });

  it('is answered by a captive portal, as is REST', async () => {
    const f = await openFaultScene((scene) => {
      scene.server.socketFault = 'refuse';
      scene.server.restFault = 'portal';
    });
    f.send('patient');
    await f.expectMinute('error', 'unexpected_answer', 6, 40);
    await f.expectRecovery();
  });

  it('is blocked by the Content-Security-Policy: the constructor throws', async () => {
    const f = await openFaultScene((scene) => {
      scene.onConstruct = () => {
        throw new DOMException('Refused to connect', 'SecurityError');
      };
    });
    f.send('by REST');
    await f.expectMinute('polling', 'websocket_blocked', 6, 60);
    expect(f.problems.join()).to.contain('The browser refuses to open a WebSocket').and.not.to.contain('token=');
    await f.expectRecovery();
  });

  it('is impossible without a WebSocket constructor', async () => {
    const { WebSocket } = window;
    try {
      Object.assign(window, { WebSocket: undefined });
      const f = await openFaultScene((scene) => Object.assign(scene, { WebSocket: undefined }));
      f.send('by REST');
      await f.expectMinute('polling', 'websocket_blocked', 0, 60);
      Object.assign(window, { WebSocket: f.server.WebSocket });
      await f.expectRecovery();
    } finally {
      window.WebSocket = WebSocket;
    }
  });

  it('succeeds, but the server sends no greeting', async () => {
    const f = await openFaultScene((scene) => (scene.server.socketFault = 'silent'));
    f.send('by REST');
    await f.expectMinute('polling', 'websocket_blocked', 5, 60);
    expect(f.sent[0]!.outcome).to.equal('rest');
    await f.expectRecovery();
  });

  it('succeeds, but the connection is lost after 200 ms, repeatedly', async () => {
    const f = await openFaultScene((scene) => {
      scene.onSocket = (socket) => void scene.clock.after(200, () => socket.drop(1006));
    });
    f.send('before it dies');
    await f.clock.advance(300);
    f.send('after it died');
    await f.expectMinute('polling', 'websocket_lost', 6, 60);
    await f.expectRecovery();
  });

  it('is rejected for this origin: REST responses are unreadable', async () => {
    const f = await openFaultScene((scene) => {
      scene.server.socketFault = 'refuse';
      scene.onRequest = (_method, _path, { mode }) => (mode === 'no-cors' ? undefined : DOWN());
    });
    f.send('patient');
    await f.expectMinute('error', 'origin_refused', 6, 60);
    await f.expectRecovery();
  });
});
