/** Opens sockets: rejects the handshake, or accepts it and attaches the chat or notifications handler. */
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { CloseCode } from '../../../src/protocol/close-codes.js';
import type { AuthResult } from '../auth.js';
import { chatHandler } from './chat-socket.js';
import { SocketConnection } from './socket-connection.js';
import type { Context } from '../context.js';
import { SUBPROTOCOL, verifyHandshake } from './handshake-auth.js';
import { greet } from './greeting.js';
import { greetNotifications, notificationsHandler } from './notifications.js';
import { startRevocation } from './revocation.js';

const CHAT = /^\/ws\/chat\/$/;
const NOTIFICATIONS = /^\/ws\/notifications\/(\d{1,10})\/$/;
/** Maximum sockets per user in this process. One more closes the oldest, whose client may be dead. */
const MAX_SOCKETS = 20;

export interface Sockets {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Lets every socket finish its pending frames, and closes it. */
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
  const liveness = setInterval(
    () => connections.forEach((connection) => connection.checkAlive()),
    options.livenessSeconds * 1_000,
  ).unref();

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    if (!URL.canParse(request.url ?? '/', 'http://localhost')) return rejectUpgrade(socket, 400);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const owner = NOTIFICATIONS.exec(pathname)?.[1];
    if (closing) return rejectUpgrade(socket, 503);
    if (!CHAT.test(pathname) && owner === undefined) return rejectUpgrade(socket, 404);
    const { origin, host, 'sec-websocket-protocol': protocols } = request.headers;
    const auth = await verifyHandshake(context, { searchParams, origin, host, protocols });
    const isOtherUser = auth.ok && owner !== undefined && Number(owner) !== auth.viewer.id;
    if (!auth.ok || isOtherUser) {
      const reason = auth.ok ? 'not_owner' : auth.reason;
      log.warn({ reason, origin, path: pathname }, 'socket rejected');
      if (reason === 'foreign_origin' || !context.differences.has('accept-then-4001'))
        return rejectUpgrade(socket, 403);
      return wss.handleUpgrade(request, socket, head, (ws) => {
        ws.on('error', () => ws.terminate());
        ws.close(CloseCode.unauthorized, 'unauthorized');
      });
    }
    if (closing) return rejectUpgrade(socket, 503);
    wss.handleUpgrade(request, socket, head, (ws) => accept(ws, socket, auth, origin, owner !== undefined));
  }

  function accept(
    ws: WebSocket,
    stream: Duplex,
    { viewer, expiresAt }: AuthResult & { ok: true },
    origin: string | undefined,
    isNotifications: boolean,
  ): void {
    const connection = new SocketConnection(viewer.id, ws, stream, context);
    // A protocol violation or a broken connection must only affect its own socket.
    ws.on('error', (error) => log.warn({ user: viewer.id, reason: error.message }, 'socket error'));
    connections.add(connection);
    limitSockets(connection);
    ws.on('close', () => connections.delete(connection));
    log.info(
      {
        user: viewer.id,
        origin: origin ?? null,
        kind: isNotifications ? 'notifications' : 'chat',
        mode: options.baseline ? 'baseline' : 'full',
      },
      'connected',
    );
    if (isNotifications) {
      context.notificationHub.add(connection);
      connection.idle = greetNotifications(context, viewer, connection).catch((error: unknown) => {
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

  /**
   * Closes the oldest socket of a user with too many. It stops counting at once, even if its client does not answer.
   */
  function limitSockets(connection: SocketConnection): void {
    const { userId, socket } = connection;
    const ofUser = byUser.get(userId) ?? new Set();
    byUser.set(userId, ofUser.add(connection));
    const [oldest] = ofUser;
    if (ofUser.size > MAX_SOCKETS && oldest) {
      ofUser.delete(oldest);
      oldest.closeNow(CloseCode.tryAgainLater, 'too many sockets');
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
        rejectUpgrade(socket, 500);
      });
    },
    async close(code) {
      closing = true;
      clearInterval(liveness);
      revocation.stop();
      await Promise.all(
        [...connections].map((connection) =>
          connection.close(code, code === CloseCode.serviceRestart ? 'service restart' : 'closing'),
        ),
      );
    },
  };
}

/** Rejects an upgrade with an HTTP status. Pages see close code 1006 without a reason. */
function rejectUpgrade(socket: Duplex, status: number): void {
  const body = status === 403 ? 'Access denied' : String(STATUS_CODES[status]);
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Connection: close',
      'Content-Type: text/plain',
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n'),
  );
}
