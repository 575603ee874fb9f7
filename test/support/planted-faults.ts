/**
 * Simulates faulty backends: a proxy between the doctor and the reference backend that understands the protocol and
 * introduces one fault. (demo/fault-proxy simulates network faults.)
 */
import { createServer, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';

export type Frame = Record<string, unknown>;

export interface ProxiedRequest {
  method: string;
  url: URL;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface ProxiedResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** One proxied WebSocket. */
export interface ProxiedSocket {
  sendToClient(frame: Frame | string): void;
  close(code: number, reason?: string): void;
}

/** The hooks of a fault. Without a hook, data passes unchanged. */
export interface Plant {
  /** May modify a request. A returned response replaces that of the backend. */
  request?(request: ProxiedRequest): ProxiedResponse | undefined;
  /** May modify a response. */
  answer?(response: ProxiedResponse, request: ProxiedRequest): void;
  /** Like `request`, for a handshake. */
  upgrade?(request: ProxiedRequest): ProxiedResponse | undefined | 'as-plain-request';
  /** Called when a socket is open. */
  opened?(socket: ProxiedSocket, request: ProxiedRequest): void;
  /** Text from the client; undefined drops it. */
  up?(text: string, socket: ProxiedSocket): string | undefined;
  /** A frame from the backend; undefined drops it. */
  down?(frame: Frame, socket: ProxiedSocket): Frame | undefined;
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

  const pass = (received: ProxiedRequest): Promise<ProxiedResponse> =>
    new Promise((resolve, reject) => {
      const onward = httpRequest({ hostname, port, method: received.method, path: received.url.pathname + received.url.search, headers: { ...received.headers, host: `${hostname}:${port}` }, agent: false }, (response) => {
        void textOf(response).then((body) => resolve({ status: response.statusCode ?? 502, headers: plainHeaders(response.headers), body }));
      });
      onward.on('error', reject);
      onward.end(received.body);
    });

  async function answerFor(received: ProxiedRequest): Promise<ProxiedResponse> {
    const instead = plant.request?.(received);
    if (instead) return instead;
    const response = await pass(received);
    plant.answer?.(response, received);
    return response;
  }

  async function onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const received = readRequest(request, await textOf(request));
    requests.push(`${received.method} ${received.url.pathname}`);
    const { status, headers, body } = await answerFor(received);
    response.writeHead(status, headers).end(body);
  }

  async function onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const received = readRequest(request, '');
    const instead = plant.upgrade?.(received);
    if (instead === 'as-plain-request') {
      const { connection: _connection, upgrade: _upgrade, ...headers } = received.headers;
      return refuse(socket, await answerFor({ ...received, headers }));
    }
    if (instead) return refuse(socket, instead);
    const { origin, 'sec-websocket-protocol': protocols = '', authorization } = received.headers;
    const backend = new WebSocket(`ws://${hostname}:${port}${received.url.pathname}${received.url.search}`, protocols.split(/,\s*/).filter(Boolean), {
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
        join(client, backend, early, received);
      }),
    );
  }

  function join(client: WebSocket, backend: WebSocket, early: string[], received: ProxiedRequest): void {
    const socket: ProxiedSocket = {
      sendToClient: (frame) => client.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
      close: (code, reason) => (client.close(code, reason), backend.close()),
    };
    const down = (text: string): void => {
      const frame = plant.down ? plant.down(JSON.parse(text) as Frame, socket) : undefined;
      if (!plant.down) client.send(text);
      else if (frame) socket.sendToClient(frame);
    };
    client.on('error', () => client.terminate());
    client.on('message', (data) => {
      const text = String(data);
      seen.push(typeOf(text));
      const changed = plant.up ? plant.up(text, socket) : text;
      if (changed !== undefined && backend.readyState === WebSocket.OPEN) backend.send(changed);
    });
    client.on('close', () => backend.close());
    backend.on('close', (code) => client.close(code === 1005 || code === 1006 ? 1000 : code));
    backend.on('message', (data) => down(String(data)));
    plant.opened?.(socket, received);
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

function readRequest(request: IncomingMessage, body: string): ProxiedRequest {
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

function refuse(socket: Duplex, { status, headers, body }: ProxiedResponse): void {
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
