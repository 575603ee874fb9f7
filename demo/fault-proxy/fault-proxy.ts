/**
 * A network that breaks on demand. A fault line stands between a page and a backend, on a port of its own (`listen`) or
 * under a path of another server (`prefix`), and passes everything on untouched until it is told otherwise:
 *
 *     line.set({ rest: 'hang', delayMs: 200 })                                      everything, from now on
 *     line.rule({ on: 'down', frame: '"type":"message_ack"', times: 1, do: 'drop' })  one thing among many
 *     line.cut(), line.halfOpen(), line.hangUp({ code: 1012 }), line.inject(…)      every open WebSocket, now
 */
import { createServer, request as httpRequest, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Lane, type Slowness } from './lane.js';
import { Rules, type Content, type Instead, type RequestRule, type Rule, type Way } from './rules.js';
import { end, SocketPair } from './socket.js';

export type { Content, FrameRule, HandshakeRule, RequestRule, Rule, Way } from './rules.js';

const html = (text: string): string => `<!doctype html>${text}`;
const page = (status: number, text: string): Instead => ({ do: 'answer', status, body: html(text) });

/** New WebSockets. `strip`: a proxy that does not know upgrades answers with a page. */
const SOCKET_FAULTS = {
  pass: { do: 'pass' },
  refuse: { do: 'close' },
  forbid: { do: 'answer', status: 403, body: '' },
  strip: page(400, '<h1>Bad Request</h1>'),
  hang: { do: 'hang' },
  'captive-portal': { do: 'captive-portal' },
} satisfies Record<string, Instead>;

/** REST requests. */
const REST_FAULTS = {
  pass: { do: 'pass' },
  refuse: { do: 'close' },
  hang: { do: 'hang' },
  'html-500': page(500, '<h1>Server Error (500)</h1>'),
  'unavailable-503': page(503, '<h1>503 Service Unavailable</h1>'),
  'captive-portal': { do: 'captive-portal' },
} satisfies Record<string, Instead>;

export interface Faults extends Slowness {
  socket: keyof typeof SOCKET_FAULTS;
  rest: keyof typeof REST_FAULTS;
  /** Everything takes this much longer, in each direction; the order is kept. */
  delayMs: number;
  /** WebSockets and bodies: so many bytes a second, in each direction. 0: as fast as it goes. */
  bytesPerSecond: number;
  /**
   * WebSockets stay open, and nothing passes; or nothing in one direction. One that has lost something stays lost, for
   * good, in that direction.
   */
  blackhole: boolean | Way;
}

export interface FaultLine {
  handleRequest(request: IncomingMessage, response: ServerResponse): void;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  set(faults: Partial<Faults>): void;
  readonly faults: Readonly<Faults>;
  /** @returns its number. Rules go before what `set` says; of several the first that fits acts. */
  rule(rule: Rule): number;
  /** Takes back one rule, or all. */
  lift(id?: number): void;
  /** How often a rule has acted. */
  acted(id: number): number;
  /** Ends all WebSockets without a closing handshake: the page sees 1006. */
  cut(how?: 'reset' | 'close'): void;
  /** The WebSockets that are open now stay so, and nothing passes any more; new ones are as ever. */
  halfOpen(way?: Way | 'both'): void;
  /** Both ends of every WebSocket get a close frame; without a code, one that names none. */
  hangUp(how?: { code?: number; reason?: string }): void;
  /** Sends a frame of our own into every open WebSocket. */
  inject(way: Way, content: Content): void;
  /** Of a line with a port of its own: nobody listens there (connections are refused), or somebody does again. */
  listening(on: boolean): Promise<void>;
  /** No faults, no rules; it listens. What is broken stays broken. */
  heal(): Promise<void>;
  stats(): { openSockets: number; upgrades: number; requests: number };
  /** Destroys everything, and runs what was registered with `onClose`. */
  close(): void;
  onClose(run: () => void): void;
  onListening(run: (on: boolean) => Promise<void>): void;
}

const NO_FAULTS: Faults = { socket: 'pass', rest: 'pass', delayMs: 0, bytesPerSecond: 0, blackhole: false };
const CAPTIVE_PORTAL = { status: 200, body: html('<h1>Welcome to Hotel WiFi</h1><form>Accept the terms</form>') };

export function createFaultLine({ target, prefix = '' }: { target: string; prefix?: string }): FaultLine {
  const { hostname, port } = new URL(target);
  const faults = { ...NO_FAULTS };
  const rules = new Rules();
  /** Both ends of everything that is open; a request that hangs has one. */
  const held = new Set<{ destroy(): void }>();
  const upgraded = new Set<SocketPair>();
  const closers: (() => void)[] = [];
  const listeners: ((on: boolean) => Promise<void>)[] = [];
  const stats = { upgrades: 0, requests: 0 };
  /** Of bodies: the delay was paid before they began. */
  const flow: Slowness = {
    delayMs: 0,
    get bytesPerSecond() {
      return faults.bytesPerSecond;
    },
  };
  let closed = false;

  const pathOf = (url = '/'): string => (url.startsWith(prefix) ? url.slice(prefix.length) || '/' : url);
  const hold = (end: Duplex | Socket): void => {
    held.add(end);
    end.once('close', () => held.delete(end));
    // A broken connection is what this is for, not an error.
    end.on('error', () => end.destroy());
  };
  const later = (ms: number, run: () => void): void => {
    if (ms === 0) return run();
    const timer = setTimeout(() => (held.delete(token), run()), ms);
    const token = { destroy: () => clearTimeout(timer) };
    held.add(token);
  };
  const pipe = (from: IncomingMessage, to: ConstructorParameters<typeof Lane>[0]): void => {
    const lane = new Lane(to, flow);
    from.on('data', (bytes: Buffer) => lane.push(bytes)).on('end', () => lane.push(null));
  };

  function passRequest(request: IncomingMessage, response: ServerResponse, rule: Instead | RequestRule): void {
    if (response.destroyed) return;
    const isSwallowed = rule.do === 'swallow';
    const onward = httpRequest({ hostname, port, method: request.method, path: pathOf(request.url), headers: request.headers, agent: false });
    onward.on('socket', hold);
    onward.on('error', () => response.destroy());
    // Who does not wait for the answer has not taken back the question.
    if (!isSwallowed) response.on('close', () => onward.destroy());
    onward.on('response', (answer) => {
      if (isSwallowed) return answer.resume();
      return later(faults.delayMs + (rule.do === 'delay' ? rule.ms : 0), () => {
        if (response.destroyed) return;
        response.writeHead(answer.statusCode ?? 502, answer.statusMessage, rule.do === 'no-cors' ? withoutCors(answer.rawHeaders) : answer.rawHeaders);
        pipe(answer, response);
        answer.on('error', () => response.destroy());
      });
    });
    pipe(request, onward);
  }

  function respond(request: IncomingMessage, response: ServerResponse, { status, headers, body = named(status), cors = true }: Answer): void {
    // Such a box stands in for the server, so it lets the page read its answer; the question before it, too.
    const readable = cors && {
      'Access-Control-Allow-Origin': request.headers.origin ?? '*',
      'Access-Control-Allow-Headers': request.headers['access-control-request-headers'] ?? '*',
      'Access-Control-Allow-Methods': request.headers['access-control-request-method'] ?? '*',
      'Access-Control-Expose-Headers': '*',
    };
    request.resume();
    if (request.method === 'OPTIONS' && cors) response.writeHead(204, { ...readable }).end();
    else response.writeHead(status, { ...readable, 'Content-Type': 'text/html; charset=utf-8', ...headers }).end(body);
  }

  return {
    faults,
    set: (wanted) => void Object.assign(faults, wanted),
    rule: (rule) => rules.add(rule),
    lift: (id) => rules.lift(id),
    acted: (id) => rules.acted(id),
    handleRequest(request, response) {
      stats.requests++;
      if (closed) return void request.socket.destroy();
      const rule = rules.request(request.method ?? 'GET', pathOf(request.url)) ?? REST_FAULTS[faults.rest];
      switch (rule.do) {
        case 'hang':
          return hold(request.socket);
        case 'close':
        case 'reset':
          return end(request.socket, rule.do);
        case 'answer':
        case 'captive-portal':
          return later(faults.delayMs, () => respond(request, response, rule.do === 'answer' ? rule : CAPTIVE_PORTAL));
        default:
          return later(faults.delayMs, () => passRequest(request, response, rule));
      }
    },
    handleUpgrade(request, socket, head) {
      stats.upgrades++;
      hold(socket);
      const path = pathOf(request.url);
      const rule: Instead = closed ? { do: 'close' } : (rules.handshake(path) ?? SOCKET_FAULTS[faults.socket]);
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
          hold(server);
          const parts = { page: socket, server, path, faults, rules, answerDelayMs: rule.do === 'delay' ? rule.ms : 0 };
          const pair = new SocketPair(parts, [headOf(request, path), head]);
          upgraded.add(pair);
          socket.once('close', () => upgraded.delete(pair));
        }
      }
    },
    cut: (how = 'reset') => upgraded.forEach((pair) => pair.cut(how)),
    halfOpen: (way = 'both') => upgraded.forEach((pair) => pair.halfOpen(way)),
    hangUp: ({ code, reason } = {}) => upgraded.forEach((pair) => pair.hangUp(code, reason)),
    inject: (way, content) => upgraded.forEach((pair) => pair.inject(way, content)),
    async listening(on) {
      if (listeners.length === 0) throw new Error('This line has no port of its own: use it with `listen`.');
      for (const listener of listeners) await listener(on);
    },
    async heal() {
      rules.lift();
      Object.assign(faults, NO_FAULTS);
      for (const listener of listeners) await listener(true);
    },
    stats: () => ({ ...stats, openSockets: upgraded.size }),
    onClose: (run) => void closers.push(run),
    onListening: (run) => void listeners.push(run),
    close() {
      closed = true;
      for (const end of held) end.destroy();
      upgraded.clear();
      for (const close of closers.splice(0)) close();
    },
  };
}

type Answer = Omit<Extract<Instead, { do: 'answer' }>, 'do'>;

const named = (status: number): string => html(`<h1>${status} ${STATUS_CODES[status] ?? ''}</h1>`);

function answer(socket: Duplex, { status, headers, body = named(status) }: Answer): void {
  const all = { Connection: 'close', 'Content-Type': 'text/html', 'Content-Length': Buffer.byteLength(body), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
}

/** Names and values in turn. */
const pairs = (raw: readonly string[]): [name: string, value: string][] => raw.flatMap((name, n) => (n % 2 === 0 ? [[name, raw[n + 1]!]] : []));

const withoutCors = (raw: readonly string[]): string[] => pairs(raw).flatMap((header) => (/^access-control-/i.test(header[0]) ? [] : header));

/** A handshake as it came, but for the offer to compress: in a compressed frame nobody could read. */
function headOf(request: IncomingMessage, path: string): Buffer {
  const lines = pairs(request.rawHeaders).flatMap(([name, value]) => (/^sec-websocket-extensions$/i.test(name) ? [] : `${name}: ${value}\r\n`));
  return Buffer.from(`${request.method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
}

/** Serves a line on a port of its own. @returns the address to use instead of the target's. */
export async function listen(line: FaultLine, port = 0): Promise<string> {
  let server: Server | undefined;
  const open = (at: number): Promise<number> => {
    const opened = createServer((request, response) => line.handleRequest(request, response));
    server = opened;
    opened.on('upgrade', (request, socket, head) => line.handleUpgrade(request, socket, head));
    return new Promise((resolve, reject) => {
      opened.once('error', reject);
      opened.listen(at, '127.0.0.1', () => resolve((opened.address() as AddressInfo).port));
    });
  };
  const shut = (): void => {
    server?.close();
    server?.closeAllConnections();
    server = undefined;
  };
  const found = await open(port);
  line.onClose(shut);
  line.onListening(async (on) => {
    if (on && !server) await open(found);
    if (!on) shut();
  });
  return `http://127.0.0.1:${found}`;
}
