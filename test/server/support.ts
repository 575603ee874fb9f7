/** A client of the reference backend that waits for frames with a deadline instead of sleeping. */
import { WebSocket } from 'ws';
import type { Options } from '../../demo/server/options.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';

export type Frame = Record<string, unknown> & { type: string };
export const ANA = 1;
export const BEN = 2;
export const CLEO = 3;
/** The direct room of Ana and Ben. */
export const ROOM = 1;
/** Generous, for a busy machine. */
const DEADLINE_MS = 10_000;

export function within<T>(promise: Promise<T>, what: string, ms = DEADLINE_MS): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>(
    (_, reject) => (timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms)),
  );
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export interface Client {
  /** Received frames not yet taken. */
  frames: Frame[];
  socket: WebSocket;
  closed: Promise<{ code: number; reason: string }>;
  send(frame: unknown): void;
  /** Takes the next frame of a type, leaving others in place. */
  take(type: string): Promise<Frame>;
  /** Sends a ping and waits for its pong, so that all earlier effects have arrived. @returns the frames received. */
  settle(): Promise<Frame[]>;
  ask(frame: Frame, answer: string): Promise<Frame>;
  close(): void;
}

export interface SocketOptions {
  path?: string;
  origin?: string;
  /** Query parameter, besides the token. */
  ticket?: string;
  /** Offered subprotocols. */
  protocols?: string[];
  headers?: Record<string, string>;
}

/** Opens a socket. Rejects with 'refused 403' if the handshake is rejected. */
export function openSocket(
  { url }: { url: string },
  token: string | null,
  { path = '/ws/chat/', origin, ticket, protocols = [], headers = {} }: SocketOptions = {},
): Promise<Client> {
  const query = new URLSearchParams({ ...(token !== null && { token }), ...(ticket !== undefined && { ticket }) });
  const socket = new WebSocket(`${url.replace('http', 'ws')}${path}?${query}`, protocols, {
    ...(origin !== undefined && { origin }),
    headers,
  });
  const frames: Frame[] = [];
  let wake = (): void => {};
  socket.on('message', (data) => {
    frames.push(JSON.parse(String(data)) as Frame);
    wake();
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })),
  );
  const take = (type: string): Promise<Frame> =>
    within(
      (async () => {
        for (;;) {
          const index = frames.findIndex((frame) => frame.type === type);
          if (index >= 0) return frames.splice(index, 1)[0]!;
          await new Promise<void>((resolve) => (wake = resolve));
        }
      })(),
      `a frame '${type}' (have: ${frames.map((frame) => frame.type).join(', ')})`,
    );
  const send = (frame: unknown): void => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  const client: Client = {
    frames,
    socket,
    closed,
    send,
    take,
    ask: (frame, answer) => (send(frame), take(answer)),
    settle: async () => (send({ type: 'ping' }), await take('pong'), frames.splice(0)),
    close: () => socket.terminate(),
  };
  return within(
    new Promise((resolve, reject) => {
      socket.on('open', () => resolve(client));
      socket.on('unexpected-response', (_request, response) => reject(new Error(`refused ${response.statusCode}`)));
      socket.on('error', reject);
    }),
    'a socket to open',
  );
}

/** A server, in this process or another. */
export type Backend = Pick<RunningServer, 'url' | 'signToken'>;

/** Opens a chat socket and takes its greeting. */
export async function join(server: Backend, userId: number, ...rooms: number[]): Promise<Client> {
  const client = await openSocket(server, await server.signToken(userId));
  await client.take('connection_established');
  for (const room_id of rooms) await client.ask({ type: 'subscribe_room', room_id }, 'subscribed');
  return client;
}

export interface RestResponse {
  status: number;
  headers: Headers;
  text: string;
  /** The parsed body; its type depends on the request. */
  body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- tests read answers of every shape
}

/** A REST request of a user; unauthenticated if null. */
export async function rest(
  server: Backend,
  userId: number | null,
  path: string,
  init: RequestInit & { json?: unknown } = {},
): Promise<RestResponse> {
  const { json, ...rest } = init;
  const response = await fetch(path.startsWith('/') ? server.url + path : `${server.url}/api/chat/${path}`, {
    signal: AbortSignal.timeout(DEADLINE_MS),
    ...rest,
    ...(json !== undefined && { method: 'POST', body: JSON.stringify(json) }),
    headers: {
      ...(userId !== null && { Authorization: `Bearer ${await server.signToken(userId)}` }),
      ...(json !== undefined && { 'Content-Type': 'application/json' }),
      ...(rest.headers as Record<string, string> | undefined),
    },
  });
  const text = await response.text();
  const isJson = response.headers.get('Content-Type')?.startsWith('application/json');
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
}

/** Runs `use` with its own server. */
export async function withServer(
  options: Partial<Options>,
  use: (server: RunningServer) => Promise<void>,
): Promise<void> {
  const server = await startServer(options);
  try {
    await use(server);
  } finally {
    await server.close();
  }
}
