/** Opens sockets: rejects the handshake, or accepts it and attaches the chat or notifications handler. */
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { CloseCode } from '../../../src/protocol/close-codes.js';
import { countFailedSignIn, type AuthResult, type Viewer } from '../auth.js';
import { AddressSockets } from './address-sockets.js';
import { clientAddress } from '../client-address.js';
import { ChatHandler } from './chat-socket.js';
import { SocketConnection } from './socket-connection.js';
import type { Context } from '../context.js';
import { RequestError } from '../errors.js';
import { SUBPROTOCOL, verifyHandshake } from './handshake-auth.js';
import { greet } from './greeting.js';
import { greetNotifications, notificationsHandler } from './notifications.js';
import { startRevocation, type Revocation } from './revocation.js';
import { UserSockets } from './user-sockets.js';

const CHAT = /^\/ws\/chat\/$/;
const NOTIFICATIONS = /^\/ws\/notifications\/(\d{1,10})\/$/;

export class Sockets {
  readonly #wss: WebSocketServer;
  readonly #connections = new Set<SocketConnection>();
  readonly #userSockets: UserSockets;
  readonly #addressSockets: AddressSockets;
  readonly #revocation: Revocation;
  readonly #liveness: NodeJS.Timeout;
  #isClosing = false;

  constructor(private readonly context: Context) {
    const { limits, livenessSeconds } = context.options;
    this.#userSockets = new UserSockets(limits.socketsPerUser);
    this.#addressSockets = new AddressSockets(limits.socketsPerAddress);
    this.#wss = new WebSocketServer({
      noServer: true,
      maxPayload: limits.frameBytes,
      handleProtocols: (offered) => offered.has(SUBPROTOCOL) && SUBPROTOCOL,
    });
    this.#revocation = startRevocation(context, this.#connections);
    this.#liveness = setInterval(
      () => this.#connections.forEach((connection) => connection.checkAlive()),
      livenessSeconds * 1_000,
    ).unref();
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    this.#upgrade(request, socket, head).catch((error: unknown) => {
      if (error instanceof RequestError && error.code === 'rate_limited')
        return rejectUpgrade(socket, 429, error.details.retryAfter);
      this.context.log.error({ err: error }, 'upgrade failed');
      rejectUpgrade(socket, 500);
    });
  }

  /** Lets every socket finish its pending frames, and closes it. */
  async close(code: number): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#liveness);
    this.#revocation.stop();
    await Promise.all(
      [...this.#connections].map((connection) =>
        connection.close(code, code === CloseCode.serviceRestart ? 'service restart' : 'closing'),
      ),
    );
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { context } = this;
    const { options, rateLimits } = context;
    if (!URL.canParse(request.url ?? '/', 'http://localhost')) return rejectUpgrade(socket, 400);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const owner = NOTIFICATIONS.exec(pathname)?.[1];
    if (this.#isClosing) return rejectUpgrade(socket, 503);
    if (!CHAT.test(pathname) && owner === undefined) return rejectUpgrade(socket, 404);
    const { origin, host, 'sec-websocket-protocol': protocols } = request.headers;
    const address = clientAddress(request, options.trustProxy);
    await rateLimits.count('handshakesPerAddress', address);
    const auth = await verifyHandshake(context, { searchParams, origin, host, protocols });
    if (auth.ok) await rateLimits.count('handshakesPerUser', auth.viewer.id);
    else await countFailedSignIn(context, address, auth.reason);
    const isOtherUser = auth.ok && owner !== undefined && Number(owner) !== auth.viewer.id;
    if (!auth.ok || isOtherUser) {
      const reason = auth.ok ? 'not_owner' : auth.reason;
      context.log.warn({ reason, origin, path: pathname }, 'socket rejected');
      if (reason === 'foreign_origin' || !context.differences.has('accept-then-4001'))
        return rejectUpgrade(socket, 403);
      return this.#wss.handleUpgrade(request, socket, head, (ws) => {
        ws.on('error', () => ws.terminate());
        ws.close(CloseCode.unauthorized, 'unauthorized');
      });
    }
    if (this.#isClosing) return rejectUpgrade(socket, 503);
    if (this.#addressSockets.isFull(address)) {
      context.log.warn({ address, user: auth.viewer.id }, 'socket rejected: too many of this address');
      return rejectUpgrade(socket, 429);
    }
    this.#wss.handleUpgrade(request, socket, head, (ws) => {
      this.#addressSockets.add(address, ws);
      this.#accept(ws, socket, auth, origin, owner !== undefined);
    });
  }

  #accept(
    ws: WebSocket,
    stream: Duplex,
    { viewer, expiresAt }: AuthResult & { ok: true },
    origin: string | undefined,
    isNotifications: boolean,
  ): void {
    const { options, log } = this.context;
    const connection = new SocketConnection(viewer.id, ws, stream, this.context);
    // A protocol violation or a broken connection must only affect its own socket.
    ws.on('error', (error) => log.warn({ user: viewer.id, reason: error.message }, 'socket error'));
    this.#connections.add(connection);
    this.#userSockets.add(connection);
    ws.on('close', () => this.#connections.delete(connection));
    log.info(
      {
        user: viewer.id,
        origin: origin ?? null,
        kind: isNotifications ? 'notifications' : 'chat',
        mode: options.baseline ? 'baseline' : 'full',
      },
      'connected',
    );
    if (isNotifications) this.#startNotifications(connection, viewer, expiresAt);
    else this.#startChat(connection, viewer, expiresAt);
  }

  #startNotifications(connection: SocketConnection, viewer: Viewer, expiresAt: Date): void {
    const { context } = this;
    context.notificationHub.add(connection);
    connection.idle = greetNotifications(context, viewer, connection).catch((error: unknown) => {
      context.log.error({ err: error, user: viewer.id }, 'notifications failed');
      connection.socket.close(CloseCode.serverError);
    });
    connection.start(notificationsHandler(context, viewer, connection), expiresAt);
  }

  #startChat(connection: SocketConnection, viewer: Viewer, expiresAt: Date): void {
    const { context } = this;
    connection.start(new ChatHandler(context, viewer, connection), expiresAt);
    greet(context, viewer, connection);
    context.hub.add(connection);
  }
}

/** Rejects an upgrade with an HTTP status. Pages see close code 1006 without a reason. */
function rejectUpgrade(socket: Duplex, status: number, retryAfter?: number): void {
  const body = status === 403 ? 'Access denied' : String(STATUS_CODES[status]);
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Connection: close',
      'Content-Type: text/plain',
      `Content-Length: ${body.length}`,
      ...(retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]),
      '',
      body,
    ].join('\r\n'),
  );
}
