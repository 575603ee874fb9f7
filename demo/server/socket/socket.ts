/** Opens sockets: refuses before accepting, or accepts and hands over to the chat or to the notifications. */
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { CloseCode } from '../../../src/protocol/close-codes.js';
import type { Verdict } from '../auth.js';
import { chatHandler } from './chat-socket.js';
import { SocketConnection } from './socket-connection.js';
import type { Context } from '../context.js';
import { SUBPROTOCOL, verifyHandshake } from './handshake-auth.js';
import { greet } from './greeting.js';
import { greetNotifications, notificationsHandler } from './notifications.js';
import { startRevocation } from './revocation.js';

const CHAT = /^\/ws\/chat\/$/;
const NOTIFICATIONS = /^\/ws\/notifications\/(\d{1,10})\/$/;
/** Sockets of one user in this process. One more ends the oldest: it may be one whose client is gone. */
const MAX_SOCKETS = 20;

export interface Sockets {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Lets every socket finish what it was asked, and closes it. */
  close(code: number): Promise<void>;
}

export function createSockets(context: Context): Sockets {
  const { options, log } = context;
  const wss = new WebSocketServer({
    noServer: true,
    maxPayload: options.limits.frameBytes,
    handleProtocols: (offered) => offered.has(SUBPROTOCOL) && SUBPROTOCOL,
  });
  const connections = new Set<SocketConnection>();
  /** Open sockets, oldest first. */
  const byUser = new Map<number, Set<SocketConnection>>();
  let closing = false;
  const revocation = startRevocation(context, connections);
  const liveness = setInterval(() => connections.forEach((connection) => connection.checkAlive()), options.livenessSeconds * 1_000).unref();

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    if (!URL.canParse(request.url ?? '/', 'http://localhost')) return refuse(socket, 400);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const owner = NOTIFICATIONS.exec(pathname)?.[1];
    if (closing) return refuse(socket, 503);
    if (!CHAT.test(pathname) && owner === undefined) return refuse(socket, 404);
    const { origin, host, 'sec-websocket-protocol': protocols } = request.headers;
    const verdict = await verifyHandshake(context, { searchParams, origin, host, protocols });
    const isOthers = verdict.ok && owner !== undefined && Number(owner) !== verdict.viewer.id;
    if (!verdict.ok || isOthers) {
      const because = verdict.ok ? 'not_owner' : verdict.because;
      log.warn({ because, origin, path: pathname }, 'socket refused');
      if (because === 'foreign_origin' || !context.differences.has('accept-then-4001')) return refuse(socket, 403);
      return wss.handleUpgrade(request, socket, head, (ws) => {
        ws.on('error', () => ws.terminate());
        ws.close(CloseCode.unauthorized, 'unauthorized');
      });
    }
    if (closing) return refuse(socket, 503);
    wss.handleUpgrade(request, socket, head, (ws) => accept(ws, socket, verdict, origin, owner !== undefined));
  }

  function accept(ws: WebSocket, line: Duplex, { viewer, expiresAt }: Verdict & { ok: true }, origin: string | undefined, isNotifications: boolean): void {
    const connection = new SocketConnection(viewer.id, ws, line, context);
    // A bad client (a frame too long, a broken line) ends its own socket, and nothing else.
    ws.on('error', (error) => log.warn({ user: viewer.id, reason: error.message }, 'socket error'));
    connections.add(connection);
    limitSockets(connection);
    ws.on('close', () => connections.delete(connection));
    log.info({ user: viewer.id, origin: origin ?? null, kind: isNotifications ? 'notifications' : 'chat', mode: options.baseline ? 'baseline' : 'full' }, 'connected');
    if (isNotifications) {
      context.notificationHub.add(connection);
      connection.settled = greetNotifications(context, viewer, connection).catch((error: unknown) => {
        log.error({ err: error, user: viewer.id }, 'notifications failed');
        ws.close(CloseCode.serverError);
      });
      connection.start(notificationsHandler(context, viewer, connection), expiresAt);
    } else {
      connection.start(chatHandler(context, viewer, connection), expiresAt);
      greet(context, viewer, connection);
      context.hub.add(connection);
    }
  }

  /** Ends the oldest socket of a user who has too many. It does not count from then on, whether or not its client answers. */
  function limitSockets(connection: SocketConnection): void {
    const { userId, socket } = connection;
    const ofUser = byUser.get(userId) ?? new Set();
    byUser.set(userId, ofUser.add(connection));
    const [oldest] = ofUser;
    if (ofUser.size > MAX_SOCKETS && oldest) {
      ofUser.delete(oldest);
      oldest.end(CloseCode.tryAgainLater, 'too many sockets');
    }
    socket.on('close', () => {
      ofUser.delete(connection);
      if (ofUser.size === 0 && byUser.get(userId) === ofUser) byUser.delete(userId);
    });
  }

  return {
    upgrade(request, socket, head) {
      socket.on('error', () => socket.destroy());
      upgrade(request, socket, head).catch((error: unknown) => {
        log.error({ err: error }, 'upgrade failed');
        refuse(socket, 500);
      });
    },
    async close(code) {
      closing = true;
      clearInterval(liveness);
      revocation.stop();
      await Promise.all([...connections].map((connection) => connection.close(code, code === CloseCode.serviceRestart ? 'service restart' : 'closing')));
    },
  };
}

/** Answers an upgrade with a plain HTTP status: to a page, close code 1006 without a reason. */
function refuse(socket: Duplex, status: number): void {
  const body = status === 403 ? 'Access denied' : String(STATUS_CODES[status]);
  socket.end(
    [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, 'Connection: close', 'Content-Type: text/plain', `Content-Length: ${body.length}`, '', body].join('\r\n'),
  );
}
