/**
 * Simulates faulty backends: a proxy between the doctor and the reference backend that understands the protocol and
 * introduces one fault. (fault-proxy.ts simulates network faults.)
 */
import { createServer, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';

export type Frame = Record<string, unknown>;

export interface Asked {
  method: string;
  url: URL;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Answered {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** One proxied WebSocket. */
export interface Through {
  tell(frame: Frame | string): void;
  close(code: number, reason?: string): void;
}

/** The hooks of a fault. Without a hook, data passes unchanged. */
export interface Plant {
  /** May modify a request. A returned response replaces that of the backend. */
  request?(asked: Asked): Answered | undefined;
  /** May modify a response. */
  answer?(answered: Answered, asked: Asked): void;
  /** Like `request`, for a handshake. */
  upgrade?(asked: Asked): Answered | undefined | 'as-plain-request';
  /** Called when a socket is open. */
  opened?(through: Through, asked: Asked): void;
  /** Text from the client; undefined drops it. */
  up?(text: string, through: Through): string | undefined;
  /** A frame from the backend; undefined drops it. */
  down?(frame: Frame, through: Through): Frame | undefined;
}

export interface PlantedProxy {
  url: string;
  /** Types of the client frames, in order. */
  readonly seen: string[];
  /** REST requests: `GET /api/chat/rooms/`. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** Starts a proxy in front of `target` that introduces a fault. */
export async function plantFault(target: string, plant: Plant): Promise<PlantedProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => (offered.has('unified-chat') ? 'unified-chat' : false) });
  const seen: string[] = [];
  const requests: string[] = [];
  const open = new Set<Duplex>();

  const pass = (asked: Asked): Promise<Answered> =>
    new Promise((resolve, reject) => {
      const onward = httpRequest({ hostname, port, method: asked.method, path: asked.url.pathname + asked.url.search, headers: { ...asked.headers, host: `${hostname}:${port}` }, agent: false }, (response) => {
        void textOf(response).then((body) => resolve({ status: response.statusCode ?? 502, headers: plainHeaders(response.headers), body }));
      });
      onward.on('error', reject);
      onward.end(asked.body);
    });

  async function answerFor(asked: Asked): Promise<Answered> {
    const instead = plant.request?.(asked);
    if (instead) return instead;
    const answered = await pass(asked);
    plant.answer?.(answered, asked);
    return answered;
  }

  async function onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = askedBy(request, await textOf(request));
    requests.push(`${asked.method} ${asked.url.pathname}`);
    const { status, headers, body } = await answerFor(asked);
    response.writeHead(status, headers).end(body);
  }

  async function onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const asked = askedBy(request, '');
    const instead = plant.upgrade?.(asked);
    if (instead === 'as-plain-request') {
      const { connection: _connection, upgrade: _upgrade, ...headers } = asked.headers;
      return refuse(socket, await answerFor({ ...asked, headers }));
    }
    if (instead) return refuse(socket, instead);
    const { origin, 'sec-websocket-protocol': protocols = '', authorization } = asked.headers;
    const backend = new WebSocket(`ws://${hostname}:${port}${asked.url.pathname}${asked.url.search}`, protocols.split(/,\s*/).filter(Boolean), {
      ...(origin && { origin }),
      ...(authorization && { headers: { authorization } }),
    });
    backend.on('error', () => socket.destroy());
    backend.on('unexpected-response', (_request, response) => void textOf(response).then((body) => refuse(socket, { status: response.statusCode ?? 502, headers: {}, body })));
    const early: string[] = [];
    const keep = (data: unknown): void => void early.push(String(data));
    backend.on('message', keep);
    backend.on('open', () =>
      sockets.handleUpgrade(request, socket, head, (client) => {
        backend.off('message', keep);
        join(client, backend, early, asked);
      }),
    );
  }

  function join(client: WebSocket, backend: WebSocket, early: string[], asked: Asked): void {
    const through: Through = {
      tell: (frame) => client.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
      close: (code, reason) => (client.close(code, reason), backend.close()),
    };
    const down = (text: string): void => {
      const frame = plant.down ? plant.down(JSON.parse(text) as Frame, through) : undefined;
      if (!plant.down) client.send(text);
      else if (frame) through.tell(frame);
    };
    client.on('error', () => client.terminate());
    client.on('message', (data) => {
      const text = String(data);
      seen.push(typeOf(text));
      const changed = plant.up ? plant.up(text, through) : text;
      if (changed !== undefined && backend.readyState === WebSocket.OPEN) backend.send(changed);
    });
    client.on('close', () => backend.close());
    backend.on('close', (code) => client.close(code === 1005 || code === 1006 ? 1000 : code));
    backend.on('message', (data) => down(String(data)));
    plant.opened?.(through, asked);
    early.forEach(down);
  }

  const server = createServer((request, response) => void onRequest(request, response).catch(() => response.destroy()));
  server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => open.delete(socket));
    void onUpgrade(request, socket, head).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
        server.closeAllConnections();
      }),
  };
}

function askedBy(request: IncomingMessage, body: string): Asked {
  return { method: request.method ?? 'GET', url: new URL(request.url ?? '/', 'http://proxy'), headers: { ...request.headers }, body };
}

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

/** Removes headers that depend on the length and encoding of the body, which may change. */
function plainHeaders({ 'content-length': _length, 'transfer-encoding': _encoding, connection: _connection, ...headers }: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

function refuse(socket: Duplex, { status, headers, body }: Answered): void {
  const lines = Object.entries({ 'Content-Type': 'text/html', ...headers, Connection: 'close', 'Content-Length': String(Buffer.byteLength(body)) }).map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
}

function typeOf(text: string): string {
  try {
    return String((JSON.parse(text) as Frame)['type']);
  } catch {
    return 'no JSON';
  }
}
