/**
 * A handshake seen from outside. A browser calls every refusal 1006; a program is told the HTTP status, and by that
 * nearly every cause can be told from the others.
 */

export interface UpgradeRequest {
  protocols?: string[];
  /** None: as a program asks, without one. */
  origin?: string | undefined;
  headers?: Record<string, string>;
}

export interface UpgradeAnswer {
  /** 101: accepted (and closed again at once). Undefined: no answer, and `because` says why. */
  status: number | undefined;
  headers: Headers;
  /** The beginning of the body of a refusal. */
  body: string;
  because: string;
}

/** Makes one handshake and reports what came of it; never rejects. */
export type OpenUpgrade = (address: string, request: UpgradeRequest) => Promise<UpgradeAnswer>;

/** What is used of the package `ws`. */
interface Ws {
  on(name: string, run: (...values: never[]) => void): unknown;
  terminate(): void;
}
type WsClass = new (address: string, protocols: string[], options: object) => Ws;

/** What `ws` gives of Node's own answer. */
interface IncomingAnswer extends AsyncIterable<Uint8Array> {
  statusCode?: number;
  headers: Record<string, string | string[] | undefined>;
  destroy(): void;
}

const LONGEST_BODY = 4_000;

/**
 * Eyes for `diagnose` in Node, made of the `ws` package:
 * `diagnose({ url, token, ...withWs(WebSocket) })`.
 */
export function withWs(ws: unknown, timeoutMs = 10_000): { WebSocket: typeof WebSocket; openUpgrade: OpenUpgrade } {
  return { WebSocket: ws as typeof WebSocket, openUpgrade: (address, request) => openUpgrade(ws as WsClass, address, request, timeoutMs) };
}

function openUpgrade(WebSocket: WsClass, address: string, { protocols = [], origin, headers = {} }: UpgradeRequest, timeoutMs: number): Promise<UpgradeAnswer> {
  return new Promise((resolve) => {
    const nothing = { headers: new Headers(), body: '' };
    const socket = new WebSocket(address, protocols, { origin, headers, handshakeTimeout: timeoutMs, followRedirects: false });
    const done = (answer: UpgradeAnswer): void => {
      resolve(answer);
      socket.terminate();
    };
    socket.on('open', () => done({ ...nothing, status: 101, because: '' }));
    socket.on('error', (error: Error) => done({ ...nothing, status: undefined, because: error.message }));
    socket.on('unexpected-response', (_request: unknown, answer: IncomingAnswer) => {
      const { statusCode: status } = answer;
      void readBody(answer).then((body) => done({ status, headers: new Headers(Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)])), body, because: '' }));
    });
  });
}

async function readBody(answer: IncomingAnswer): Promise<string> {
  let body = '';
  const decoder = new TextDecoder();
  try {
    for await (const part of answer) {
      body += decoder.decode(part, { stream: true });
      if (body.length > LONGEST_BODY) break;
    }
  } catch {
    // What has come so far will do.
  }
  answer.destroy();
  return body.slice(0, LONGEST_BODY);
}
