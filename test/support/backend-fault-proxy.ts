/**
 * A proxy in front of the reference backend that injects one fault of a real backend: it changes HTTP messages and
 * WebSocket frames. (fault-proxy.ts injects network faults.)
 */
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer, type RawData } from 'ws';

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

/** A WebSocket between client and backend. */
export interface ProxiedSocket {
  /** Sends a frame to the client. */
  send(frame: Frame): void;
  close(code: number, reason?: string): void;
}

/** What a fault changes. Traffic without a handler passes unchanged. */
export interface BackendFault {
  /** May modify a request. A returned response goes to the client, and the request does not reach the backend. */
  request?(request: ProxiedRequest): ProxiedResponse | undefined;
  /** May modify a response. */
  response?(response: ProxiedResponse, request: ProxiedRequest): void;
  /** As `request`, for a WebSocket handshake. 'as-plain-request' removes the Upgrade header. */
  upgrade?(request: ProxiedRequest): ProxiedResponse | undefined | 'as-plain-request';
  /** Called when a WebSocket is open. */
  opened?(socket: ProxiedSocket, request: ProxiedRequest): void;
  /** May replace text from the client; undefined drops it. */
  fromClient?(text: string, socket: ProxiedSocket): string | undefined;
  /** May replace the text of a frame from the backend, before `fromServer`: it can hold what a parsed frame cannot. */
  textFromServer?(text: string): string;
  /** May replace a frame from the backend; undefined drops it. */
  fromServer?(frame: Frame): Frame | undefined;
}

export interface FaultyBackend {
  url: string;
  close(): Promise<void>;
}

/** Starts a proxy in front of the backend at `target` that injects `fault`. */
export async function injectFault(target: string, fault: BackendFault): Promise<FaultyBackend> {
  const proxy = new BackendFaultProxy(target, fault);
  const sockets = new Set<Duplex>();
  const server = createServer((request, response) => {
    void proxy.onRequest(request, response).catch(() => response.destroy());
  });
  server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    void proxy.onUpgrade(request, socket, head).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
        server.closeAllConnections();
      }),
  };
}

class BackendFaultProxy {
  readonly #target: URL;
  readonly #fault: BackendFault;
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => (offered.has('unified-chat') ? 'unified-chat' : false),
  });

  constructor(target: string, fault: BackendFault) {
    this.#target = new URL(target);
    this.#fault = fault;
  }

  async onRequest(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = readRequest(incoming, await readText(incoming));
    const { status, headers, body } = await this.#respond(request);
    response.writeHead(status, headers).end(body);
  }

  async onUpgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const request = readRequest(incoming, '');
    const replacement = this.#fault.upgrade?.(request);
    if (replacement === 'as-plain-request') {
      const { connection: _connection, upgrade: _upgrade, ...headers } = request.headers;
      return refuse(socket, await this.#respond({ ...request, headers }));
    }
    if (replacement) return refuse(socket, replacement);
    const backend = this.#connect(request);
    backend.on('error', () => socket.destroy());
    backend.on('unexpected-response', (_request, response) => {
      const status = response.statusCode ?? 502;
      void readText(response).then((body) => refuse(socket, { status, headers: {}, body }));
    });
    // Frames that arrive before the client's handshake is complete.
    const early: RawData[] = [];
    const buffer = (data: RawData): void => void early.push(data);
    backend.on('message', buffer);
    backend.on('open', () =>
      this.#webSockets.handleUpgrade(incoming, socket, head, (client) => {
        backend.off('message', buffer);
        this.#join(client, backend, early, request);
      }),
    );
  }

  async #respond(request: ProxiedRequest): Promise<ProxiedResponse> {
    const replacement = this.#fault.request?.(request);
    if (replacement) return replacement;
    const response = await this.#forward(request);
    this.#fault.response?.(response, request);
    return response;
  }

  #forward({ method, url, headers, body }: ProxiedRequest): Promise<ProxiedResponse> {
    const { hostname, port, host } = this.#target;
    const path = url.pathname + url.search;
    return new Promise((resolve, reject) => {
      const options = { hostname, port, method, path, headers: { ...headers, host }, agent: false };
      const outgoing = httpRequest(options, (response) => {
        const status = response.statusCode ?? 502;
        void readText(response).then((text) =>
          resolve({ status, headers: plainHeaders(response.headers), body: text }),
        );
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  #connect({ url, headers }: ProxiedRequest): WebSocket {
    const { origin, 'sec-websocket-protocol': protocols = '', authorization } = headers;
    const address = `ws://${this.#target.host}${url.pathname}${url.search}`;
    return new WebSocket(address, protocols.split(/,\s*/).filter(Boolean), {
      ...(origin && { origin }),
      ...(authorization && { headers: { authorization } }),
    });
  }

  #join(client: WebSocket, backend: WebSocket, early: RawData[], request: ProxiedRequest): void {
    const fault = this.#fault;
    const socket: ProxiedSocket = {
      send: (frame) => client.send(JSON.stringify(frame)),
      close: (code, reason) => (client.close(code, reason), backend.close()),
    };
    const toClient = (data: RawData): void => {
      const text = fault.textFromServer?.(String(data)) ?? String(data);
      if (!fault.fromServer) return client.send(text);
      const frame = fault.fromServer(JSON.parse(text) as Frame);
      if (frame) socket.send(frame);
    };
    client.on('error', () => client.terminate());
    client.on('message', (data) => {
      const text = String(data);
      const changed = fault.fromClient ? fault.fromClient(text, socket) : text;
      if (changed !== undefined && backend.readyState === WebSocket.OPEN) backend.send(changed);
    });
    client.on('close', () => backend.close());
    backend.on('close', (code) => client.close(code === 1005 || code === 1006 ? 1000 : code));
    backend.on('message', toClient);
    fault.opened?.(socket, request);
    early.forEach(toClient);
  }
}

function readRequest({ method = 'GET', url = '/', headers }: IncomingMessage, body: string): ProxiedRequest {
  return { method, url: new URL(url, 'http://proxy'), headers: { ...headers }, body };
}

async function readText(stream: AsyncIterable<unknown>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

/** Omits the headers about the length of the body, which a fault may change. */
function plainHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const { 'content-length': _length, 'transfer-encoding': _encoding, connection: _connection, ...rest } = headers;
  return Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, String(value)]));
}

function refuse(socket: Duplex, { status, headers, body }: ProxiedResponse): void {
  const all = {
    'Content-Type': 'text/html',
    ...headers,
    Connection: 'close',
    'Content-Length': String(Buffer.byteLength(body)),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
}
