/**
 * A network that breaks on demand. A fault line stands between a page and a backend, on a port of its own (`listen`) or
 * under a path of another server (`prefix`), and passes everything on untouched until it is told otherwise.
 */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface Faults {
  /**
   * New WebSockets. `refuse`: the connection is destroyed. `forbid`: 403. `strip`: a proxy that does not know upgrades
   * answers with a page. `hang`: nobody ever answers.
   */
  socket: 'pass' | 'refuse' | 'forbid' | 'strip' | 'hang';
  /** REST requests. `captive-portal`: 200 with a sign-in page. */
  rest: 'pass' | 'refuse' | 'hang' | 'html-500' | 'unavailable-503' | 'captive-portal';
  /** Everything takes this much longer, in each direction; the order is kept. */
  delayMs: number;
  /** WebSockets stay open, and nothing passes. One that has lost something stays lost, for good. */
  blackhole: boolean;
}

export interface FaultLine {
  handleRequest(request: IncomingMessage, response: ServerResponse): void;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  set(faults: Partial<Faults>): void;
  readonly faults: Readonly<Faults>;
  /** Ends all WebSockets without a closing handshake: the page sees 1006. */
  cut(how?: 'reset' | 'close'): void;
  stats(): { openSockets: number; upgrades: number; requests: number };
  /** Destroys everything, and runs what was registered with `onClose`. */
  close(): void;
  onClose(run: () => void): void;
}

const NO_FAULTS: Faults = { socket: 'pass', rest: 'pass', delayMs: 0, blackhole: false };
const PAGES = {
  'html-500': [500, '<h1>Server Error (500)</h1>'],
  'unavailable-503': [503, '<h1>503 Service Unavailable</h1>'],
  'captive-portal': [200, '<h1>Welcome to Hotel WiFi</h1><form>Accept the terms</form>'],
} as const;

export function createFaultLine({ target, prefix = '' }: { target: string; prefix?: string }): FaultLine {
  const { hostname, port } = new URL(target);
  const faults = { ...NO_FAULTS };
  /** Both ends of everything that is open; a request that hangs has one. */
  const held = new Set<{ destroy(): void }>();
  const upgraded = new Set<Pair>();
  const closers: (() => void)[] = [];
  const stats = { upgrades: 0, requests: 0 };
  let closed = false;

  const pathOf = (url = '/'): string => (url.startsWith(prefix) ? url.slice(prefix.length) || '/' : url);
  const hold = (end: Duplex | Socket): void => {
    held.add(end);
    end.once('close', () => held.delete(end));
    // A broken connection is what this is for, not an error.
    end.on('error', () => end.destroy());
  };
  const later = (run: () => void): void => {
    if (faults.delayMs === 0) return run();
    const timer = setTimeout(() => (held.delete(token), run()), faults.delayMs);
    const token = { destroy: () => clearTimeout(timer) };
    held.add(token);
  };

  function passRequest(request: IncomingMessage, response: ServerResponse): void {
    if (response.destroyed) return;
    const onward = httpRequest({ hostname, port, method: request.method, path: pathOf(request.url), headers: request.headers, agent: false });
    onward.on('socket', hold);
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    onward.on('response', (answer) =>
      later(() => {
        if (response.destroyed) return;
        response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answer.rawHeaders);
        answer.pipe(response);
        answer.on('error', () => response.destroy());
      }),
    );
    request.pipe(onward);
  }

  return {
    faults,
    set: (wanted) => void Object.assign(faults, wanted),
    handleRequest(request, response) {
      stats.requests++;
      const { rest } = faults;
      if (closed || rest === 'refuse') return void request.socket.destroy();
      if (rest === 'hang') return hold(request.socket);
      if (rest === 'pass') return later(() => passRequest(request, response));
      const [status, page] = PAGES[rest];
      // Such a box stands in for the server, so it lets the page read its answer; the question before it, too.
      const cors = {
        'Access-Control-Allow-Origin': request.headers.origin ?? '*',
        'Access-Control-Allow-Headers': request.headers['access-control-request-headers'] ?? '*',
        'Access-Control-Allow-Methods': request.headers['access-control-request-method'] ?? '*',
      };
      request.resume();
      later(() => {
        if (request.method === 'OPTIONS') response.writeHead(204, cors).end();
        else response.writeHead(status, { ...cors, 'Content-Type': 'text/html; charset=utf-8' }).end(`<!doctype html>${page}`);
      });
    },
    handleUpgrade(request, socket, head) {
      stats.upgrades++;
      hold(socket);
      if (closed || faults.socket === 'refuse') return void socket.destroy();
      if (faults.socket === 'hang') return;
      if (faults.socket === 'forbid') return answer(socket, '403 Forbidden', '');
      if (faults.socket === 'strip') return answer(socket, '400 Bad Request', '<!doctype html><h1>Bad Request</h1>');
      const server = connect(Number(port), hostname);
      server.setNoDelay(true);
      hold(server);
      const pair = new Pair(socket, server, faults);
      upgraded.add(pair);
      socket.once('close', () => upgraded.delete(pair));
      const lines = request.rawHeaders.reduce((text, part, index) => text + part + (index % 2 === 0 ? ': ' : '\r\n'), '');
      pair.toServer(Buffer.from(`${request.method} ${pathOf(request.url)} HTTP/1.1\r\n${lines}\r\n`));
      if (head.length > 0) pair.toServer(head);
    },
    cut(how = 'reset') {
      for (const pair of upgraded) pair.cut(how);
    },
    stats: () => ({ ...stats, openSockets: upgraded.size }),
    onClose: (run) => void closers.push(run),
    close() {
      closed = true;
      for (const end of held) end.destroy();
      upgraded.clear();
      for (const close of closers.splice(0)) close();
    },
  };
}

function answer(socket: Duplex, status: string, body: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
}

/** The two ends of one WebSocket. Bytes are passed on raw; nothing here knows frames. */
class Pair {
  readonly toServer: (bytes: Buffer | null) => void;
  #isLost = false;

  constructor(private readonly page: Duplex, private readonly server: Socket, private readonly faults: Faults) {
    this.toServer = this.#lane(server);
    const toPage = this.#lane(page);
    for (const event of ['end', 'close'] as const) {
      page.on(event, () => this.toServer(null));
      server.on(event, () => toPage(null));
    }
    page.on('data', this.toServer);
    server.on('data', toPage);
  }

  cut(how: 'reset' | 'close'): void {
    if (how === 'reset' && 'resetAndDestroy' in this.page) (this.page as Socket).resetAndDestroy();
    else this.page.destroy();
    this.server.destroy();
  }

  /** One direction: each piece waits its time, and none overtakes another. `null` is the end. */
  #lane(to: Duplex): (bytes: Buffer | null) => void {
    const queue: { at: number; bytes: Buffer | null }[] = [];
    let timer: NodeJS.Timeout | undefined;
    to.once('close', () => clearTimeout(timer));
    const drain = (): void => {
      timer = undefined;
      while (queue[0] && queue[0].at <= Date.now()) {
        const { bytes } = queue.shift()!;
        if (!to.writable) continue;
        if (bytes) to.write(bytes);
        else to.end();
      }
      if (queue[0]) timer = setTimeout(drain, queue[0].at - Date.now());
    };
    return (bytes) => {
      if (this.faults.blackhole) this.#isLost = true;
      if (this.#isLost || to.destroyed) return;
      queue.push({ at: Math.max(Date.now() + this.faults.delayMs, queue.at(-1)?.at ?? 0), bytes });
      if (!timer) drain();
    };
  }
}

/** Serves a line on a port of its own. @returns the address to use instead of the target's. */
export function listen(line: FaultLine, port = 0): Promise<string> {
  const server = createServer((request, response) => line.handleRequest(request, response));
  server.on('upgrade', (request, socket, head) => line.handleUpgrade(request, socket, head));
  line.onClose(() => {
    server.close();
    server.closeAllConnections();
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}
