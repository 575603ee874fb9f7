/** Both ends for tests of the fault proxy: an echo server, and clients that observe how connections end. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { WebSocket, WebSocketServer, type RawData } from 'ws';

export interface EchoServer {
  target: string;
  /** Requests and upgrades received. */
  requests: string[];
  /** Messages received on sockets; binary ones in base64. */
  messages: string[];
  sockets: WebSocketServer;
  close(): void;
}

const textOf = (data: RawData, isBinary: boolean): string =>
  isBinary ? `base64:${(data as Buffer).toString('base64')}` : String(data);

/** Echoes request bodies and messages. */
export async function startEchoServer(): Promise<EchoServer> {
  const requests: string[] = [];
  const messages: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers.host}`);
    response.setHeader('X-From', 'backend').setHeader('Access-Control-Allow-Origin', '*');
    request.pipe(response);
  });
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: true });
  server.on('upgrade', (request, socket, head) => {
    requests.push(`UPGRADE ${request.url}`);
    sockets.handleUpgrade(request, socket, head, (ws) =>
      ws
        .on('error', () => {})
        .on('message', (data, isBinary) => {
          messages.push(textOf(data, isBinary));
          ws.send(data, { binary: isBinary });
        }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    target: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    messages,
    sockets,
    close: () => {
      server.closeAllConnections();
      for (const ws of sockets.clients) ws.terminate();
      server.close();
    },
  };
}

export const open = (url: string): Promise<WebSocket> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace('http', 'ws'));
    socket.on('open', () => resolve(socket)).on('error', reject);
  });

/** The response to a rejected handshake. */
export const rejectedHandshake = (
  url: string,
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> =>
  new Promise((resolve, reject) => {
    new WebSocket(url.replace('http', 'ws'))
      .on('unexpected-response', (_request, response) => {
        let body = '';
        response
          .on('data', (data) => (body += String(data)))
          .on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      })
      .on('open', () => reject(new Error('The handshake was accepted.')))
      .on('error', reject);
  });

export const closeOf = (socket: WebSocket): Promise<{ code: number; reason: string }> =>
  new Promise((resolve) =>
    socket.on('error', () => {}).on('close', (code, reason) => resolve({ code, reason: String(reason) })),
  );
export const next = (socket: WebSocket): Promise<string> =>
  new Promise((resolve) => socket.once('message', (data, isBinary) => resolve(textOf(data, isBinary))));
export const silence = (ms: number): Promise<'silence'> => new Promise((resolve) => setTimeout(resolve, ms, 'silence'));
export const within = <T>(promise: Promise<T>, ms: number): Promise<T | 'silence'> =>
  Promise.race([promise, silence(ms)]);

/** Waits until a value is as expected, then checks that it stays so. */
export async function eventuallyEquals(read: () => unknown, wanted: unknown, message?: string): Promise<void> {
  for (const deadline = Date.now() + 4_000; Date.now() < deadline && !isDeepStrictEqual(read(), wanted);)
    await silence(5);
  await silence(25);
  assert.deepEqual(read(), wanted, message);
}

/** Collects incoming messages. */
export function inbox(socket: WebSocket): string[] {
  const got: string[] = [];
  socket.on('message', (data, isBinary) => got.push(textOf(data, isBinary)));
  return got;
}

/** A raw TCP client: collects all bytes, and how the connection ends. */
export function openRawConnection(url: string, say: string | Buffer): Promise<{ bytes: Buffer; end: string }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.write(say);
  return new Promise((resolve) => {
    let end = 'FIN';
    socket
      .on('data', (bytes) => chunks.push(bytes))
      .on('error', (error: NodeJS.ErrnoException) => (end = error.code ?? 'error'))
      .on('end', () => socket.end())
      .on('close', () => resolve({ bytes: Buffer.concat(chunks), end }));
  });
}

export const handshake = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${btoa('0123456789abcdef')}\r\n\r\n`;
