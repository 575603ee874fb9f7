/**
 * A proxy that simulates network faults between a page and a backend. It runs on a port of its own (`listen`) or under
 * a path of another server (`prefix`), and forwards everything unchanged unless configured otherwise:
 *
 *     proxy.set({ rest: 'hang', delayMs: 200 })                                        everything, from now on
 *     proxy.rule({ on: 'down', frame: '"type":"message_ack"', times: 1, do: 'drop' })  single frames or requests
 *     proxy.cut(), proxy.halfOpen(), proxy.sendClose({ code: 1012 }), proxy.inject(…)     every open WebSocket, now
 */
import {
  createServer,
  request as httpRequest,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ThrottledLink, type Throttle } from './throttled-link.js';
import { Rules, type FrameContent, type HttpFault, type RequestRule, type Rule, type Direction } from './rules.js';
import { end, SocketPair } from './socket.js';

export type { FrameContent, HandshakeRule, Rule, Direction } from './rules.js';

const html = (text: string): string => `<!doctype html>${text}`;
const page = (status: number, text: string): HttpFault => ({ do: 'answer', status, body: html(text) });

/** New WebSockets. `strip`: a proxy without WebSocket support answers with a page. */
const SOCKET_FAULTS = {
  pass: { do: 'pass' },
  refuse: { do: 'close' },
  forbid: { do: 'answer', status: 403, body: '' },
  strip: page(400, '<h1>Bad Request</h1>'),
  hang: { do: 'hang' },
  'captive-portal': { do: 'captive-portal' },
} satisfies Record<string, HttpFault>;

/** REST requests. */
const REST_FAULTS = {
  pass: { do: 'pass' },
  refuse: { do: 'close' },
  hang: { do: 'hang' },
  'html-500': page(500, '<h1>Server Error (500)</h1>'),
  'unavailable-503': page(503, '<h1>503 Service Unavailable</h1>'),
  'captive-portal': { do: 'captive-portal' },
} satisfies Record<string, HttpFault>;

export interface Faults extends Throttle {
  socket: keyof typeof SOCKET_FAULTS;
  rest: keyof typeof REST_FAULTS;
  /** Additional latency per direction, in ms. The order is kept. */
  delayMs: number;
  /** Bandwidth of WebSockets and bodies per direction, in bytes per second. 0: unlimited. */
  bytesPerSecond: number;
  /**
   * WebSockets stay open, but nothing passes, in both directions or one. A socket that has lost data stays dead in that
   * direction.
   */
  blackhole: boolean | Direction;
}

export interface FaultProxy {
  handleRequest(request: IncomingMessage, response: ServerResponse): void;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  set(faults: Partial<Faults>): void;
  readonly faults: Readonly<Faults>;
  /** @returns the rule's id. Rules take precedence over `set`; the first matching rule applies. */
  rule(rule: Rule): number;
  /** Removes one rule, or all. */
  removeRule(id?: number): void;
  /** How often a rule has applied. */
  timesApplied(id: number): number;
  /** Ends all WebSockets without a closing handshake: the page sees 1006. */
  cut(how?: 'reset' | 'close'): void;
  /** Open WebSockets stay open, but nothing passes any more. New ones are not affected. */
  halfOpen(direction?: Direction | 'both'): void;
  /** Sends a close frame to both ends of every WebSocket; without `code`, an empty one. */
  sendClose(how?: { code?: number; reason?: string }): void;
  /** Sends an additional frame into every open WebSocket. */
  inject(direction: Direction, content: FrameContent): void;
  /** With a port of its own: whether it accepts connections. */
  setListening(on: boolean): Promise<void>;
  /** Removes all faults and rules, and listens. Broken connections stay broken. */
  heal(): Promise<void>;
  stats(): { openSockets: number; upgrades: number; requests: number };
  /** Destroys all connections, and runs the `onClose` callbacks. */
  close(): void;
  onClose(run: () => void): void;
  onListening(run: (on: boolean) => Promise<void>): void;
}

const NO_FAULTS: Faults = { socket: 'pass', rest: 'pass', delayMs: 0, bytesPerSecond: 0, blackhole: false };
const CAPTIVE_PORTAL = { status: 200, body: html('<h1>Welcome to Hotel WiFi</h1><form>Accept the terms</form>') };

export function createFaultProxy({ target, prefix = '' }: { target: string; prefix?: string }): FaultProxy {
  const { hostname, port } = new URL(target);
  const faults = { ...NO_FAULTS };
  const rules = new Rules();
  /** Both ends of all open connections; a hanging request has only one. */
  const openStreams = new Set<{ destroy(): void }>();
  const socketPairs = new Set<SocketPair>();
  const closers: (() => void)[] = [];
  const listeners: ((on: boolean) => Promise<void>)[] = [];
  const stats = { upgrades: 0, requests: 0 };
  /** For bodies: their latency was applied before they began. */
  const bodyThrottle: Throttle = {
    delayMs: 0,
    get bytesPerSecond() {
      return faults.bytesPerSecond;
    },
  };
  let closed = false;

  const pathOf = (url = '/'): string => (url.startsWith(prefix) ? url.slice(prefix.length) || '/' : url);
  const track = (end: Duplex | Socket): void => {
    openStreams.add(end);
    end.once('close', () => openStreams.delete(end));
    // Broken connections are the purpose of the proxy.
    end.on('error', () => end.destroy());
  };
  const delayed = (ms: number, run: () => void): void => {
    if (ms === 0) return run();
    const timer = setTimeout(() => (openStreams.delete(token), run()), ms);
    const token = { destroy: () => clearTimeout(timer) };
    openStreams.add(token);
  };
  const pipe = (from: IncomingMessage, to: ConstructorParameters<typeof ThrottledLink>[0]): void => {
    const lane = new ThrottledLink(to, bodyThrottle);
    // Like on a slow line, the sender waits: it must not believe that everything is sent.
    const onData = (bytes: Buffer): void => {
      from.pause();
      lane.push(bytes, 0, () => void from.resume());
    };
    from.on('data', onData).on('end', () => lane.push(null));
  };

  function passRequest(request: IncomingMessage, response: ServerResponse, rule: HttpFault | RequestRule): void {
    if (response.destroyed) return;
    const isSwallowed = rule.do === 'swallow';
    const onward = httpRequest({
      hostname,
      port,
      method: request.method,
      path: pathOf(request.url),
      headers: request.headers,
      agent: false,
    });
    onward.on('socket', track);
    onward.on('error', () => response.destroy());
    // A client that gives up cancels the request, except for `swallow`.
    if (!isSwallowed) response.on('close', () => onward.destroy());
    onward.on('response', (writeResponse) => {
      if (isSwallowed) return writeResponse.resume();
      return delayed(faults.delayMs + (rule.do === 'delay' ? rule.ms : 0), () => {
        if (response.destroyed) return;
        response.writeHead(
          writeResponse.statusCode ?? 502,
          writeResponse.statusMessage,
          rule.do === 'no-cors' ? withoutCors(writeResponse.rawHeaders) : writeResponse.rawHeaders,
        );
        pipe(writeResponse, response);
        writeResponse.on('error', () => response.destroy());
      });
    });
    pipe(request, onward);
  }

  function respond(
    request: IncomingMessage,
    response: ServerResponse,
    { status, headers, body = statusPage(status), cors = true }: Answer,
  ): void {
    // An intermediary replaces the server, so its response is readable by the page, as is that to the preflight.
    const corsHeaders = cors && {
      'Access-Control-Allow-Origin': request.headers.origin ?? '*',
      'Access-Control-Allow-Headers': request.headers['access-control-request-headers'] ?? '*',
      'Access-Control-Allow-Methods': request.headers['access-control-request-method'] ?? '*',
      'Access-Control-Expose-Headers': '*',
    };
    request.resume();
    if (request.method === 'OPTIONS' && cors) response.writeHead(204, { ...corsHeaders }).end();
    else
      response.writeHead(status, { ...corsHeaders, 'Content-Type': 'text/html; charset=utf-8', ...headers }).end(body);
  }

  return {
    faults,
    set: (wanted) => void Object.assign(faults, wanted),
    rule: (rule) => rules.add(rule),
    removeRule: (id) => rules.remove(id),
    timesApplied: (id) => rules.timesApplied(id),
    handleRequest(request, response) {
      stats.requests++;
      if (closed) return void request.socket.destroy();
      const rule = rules.request(request.method ?? 'GET', pathOf(request.url)) ?? REST_FAULTS[faults.rest];
      switch (rule.do) {
        case 'hang':
          return track(request.socket);
        case 'close':
        case 'reset':
          return end(request.socket, rule.do);
        case 'answer':
        case 'captive-portal':
          return delayed(faults.delayMs, () =>
            respond(request, response, rule.do === 'answer' ? rule : CAPTIVE_PORTAL),
          );
        default:
          return delayed(faults.delayMs, () => passRequest(request, response, rule));
      }
    },
    handleUpgrade(request, socket, head) {
      stats.upgrades++;
      track(socket);
      const path = pathOf(request.url);
      const rule: HttpFault = closed ? { do: 'close' } : (rules.handshake(path) ?? SOCKET_FAULTS[faults.socket]);
      switch (rule.do) {
        case 'hang':
          return;
        case 'close':
        case 'reset':
          return end(socket, rule.do);
        case 'answer':
        case 'captive-portal':
          return answer(socket, rule.do === 'answer' ? rule : CAPTIVE_PORTAL);
        default: {
          const server = connect(Number(port), hostname);
          server.setNoDelay(true);
          track(server);
          const parts = { page: socket, server, path, faults, rules, answerDelayMs: rule.do === 'delay' ? rule.ms : 0 };
          const pair = new SocketPair(parts, [headOf(request, path), head]);
          socketPairs.add(pair);
          socket.once('close', () => socketPairs.delete(pair));
        }
      }
    },
    cut: (how = 'reset') => socketPairs.forEach((pair) => pair.cut(how)),
    halfOpen: (direction = 'both') => socketPairs.forEach((pair) => pair.halfOpen(direction)),
    sendClose: ({ code, reason } = {}) => socketPairs.forEach((pair) => pair.sendClose(code, reason)),
    inject: (direction, content) => socketPairs.forEach((pair) => pair.inject(direction, content)),
    async setListening(on) {
      if (listeners.length === 0) throw new Error('This proxy has no port of its own: use it with `listen`.');
      for (const listener of listeners) await listener(on);
    },
    async heal() {
      rules.remove();
      Object.assign(faults, NO_FAULTS);
      for (const listener of listeners) await listener(true);
    },
    stats: () => ({ ...stats, openSockets: socketPairs.size }),
    onClose: (run) => void closers.push(run),
    onListening: (run) => void listeners.push(run),
    close() {
      closed = true;
      for (const end of openStreams) end.destroy();
      socketPairs.clear();
      for (const close of closers.splice(0)) close();
    },
  };
}

type Answer = Omit<Extract<HttpFault, { do: 'answer' }>, 'do'>;

const statusPage = (status: number): string => html(`<h1>${status} ${STATUS_CODES[status] ?? ''}</h1>`);

function answer(socket: Duplex, { status, headers, body = statusPage(status) }: Answer): void {
  const all = {
    Connection: 'close',
    'Content-Type': 'text/html',
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
}

/** Alternating names and values. */
const pairs = (raw: readonly string[]): [name: string, value: string][] =>
  raw.flatMap((name, n) => (n % 2 === 0 ? [[name, raw[n + 1]!]] : []));

const withoutCors = (raw: readonly string[]): string[] =>
  pairs(raw).flatMap((header) => (/^access-control-/i.test(header[0]) ? [] : header));

/** The handshake without compression: rules could not match compressed frames. */
function headOf(request: IncomingMessage, path: string): Buffer {
  const lines = pairs(request.rawHeaders).flatMap(([name, value]) =>
    /^sec-websocket-extensions$/i.test(name) ? [] : `${name}: ${value}\r\n`,
  );
  return Buffer.from(`${request.method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
}

/** Serves a proxy on a port of its own. @returns the URL to use instead of the target's. */
export async function listen(proxy: FaultProxy, port = 0): Promise<string> {
  let server: Server | undefined;
  const open = (at: number): Promise<number> => {
    const created = createServer((request, response) => proxy.handleRequest(request, response));
    server = created;
    created.on('upgrade', (request, socket, head) => proxy.handleUpgrade(request, socket, head));
    return new Promise((resolve, reject) => {
      created.once('error', reject);
      created.listen(at, '127.0.0.1', () => resolve((created.address() as AddressInfo).port));
    });
  };
  const shut = (): void => {
    server?.close();
    server?.closeAllConnections();
    server = undefined;
  };
  const boundPort = await open(port);
  proxy.onClose(shut);
  proxy.onListening(async (on) => {
    if (on && !server) await open(boundPort);
    if (!on) shut();
  });
  return `http://127.0.0.1:${boundPort}`;
}
