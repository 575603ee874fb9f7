/**
 * Performs a WebSocket handshake and returns the HTTP response. A browser reports every refused handshake as close code
 * 1006; the HTTP status, which Node can see, tells most causes apart.
 */

export interface UpgradeRequest {
  protocols?: string[];
  /** The Origin header; undefined: none, as programs other than browsers connect. */
  origin?: string | undefined;
  headers?: Record<string, string>;
}

export interface UpgradeResponse {
  /** 101: accepted; the socket is closed again at once. Undefined: no response, and `error` has the cause. */
  status: number | undefined;
  headers: Headers;
  /** The start of the body of a refusal. */
  body: string;
  error: string;
}

/** Performs one handshake. Never rejects. */
export type RequestUpgrade = (address: string, request: UpgradeRequest) => Promise<UpgradeResponse>;

/** The part of the `ws` package's WebSocket that is used here. */
interface WsSocket {
  on(name: string, run: (...values: never[]) => void): unknown;
  terminate(): void;
}
type WsClass = new (address: string, protocols: string[], options: object) => WsSocket;

/** The part of Node's `IncomingMessage` that is used here. */
interface IncomingResponse extends AsyncIterable<Uint8Array> {
  statusCode?: number;
  headers: Record<string, string | string[] | undefined>;
  destroy(): void;
}

const MAX_BODY = 4_000;

/**
 * Options of `diagnose` for Node, made from the WebSocket class of the `ws` package.
 * @param timeoutMs default 10,000.
 * @example
 * import WebSocket from 'ws';
 * const report = await diagnose({ url, token, ...withWs(WebSocket) });
 */
export function withWs(
  ws: unknown,
  timeoutMs = 10_000,
): { WebSocket: typeof WebSocket; requestUpgrade: RequestUpgrade } {
  return {
    WebSocket: ws as typeof WebSocket,
    requestUpgrade: (address, request) => requestUpgrade(ws as WsClass, address, request, timeoutMs),
  };
}

function requestUpgrade(
  WebSocket: WsClass,
  address: string,
  { protocols = [], origin, headers = {} }: UpgradeRequest,
  timeoutMs: number,
): Promise<UpgradeResponse> {
  return new Promise((resolve) => {
    const empty = { headers: new Headers(), body: '', error: '' };
    const options = { origin, headers, handshakeTimeout: timeoutMs, followRedirects: false };
    const socket = new WebSocket(address, protocols, options);
    const finish = (response: UpgradeResponse): void => {
      resolve(response);
      socket.terminate();
    };
    socket.on('open', () => finish({ ...empty, status: 101 }));
    socket.on('error', (error: Error) => finish({ ...empty, status: undefined, error: error.message }));
    socket.on('unexpected-response', (_request: unknown, response: IncomingResponse) => {
      const entries = Object.entries(response.headers).map(([name, value]): [string, string] => [name, String(value)]);
      const { statusCode: status } = response;
      void readBody(response).then((body) => finish({ ...empty, status, headers: new Headers(entries), body }));
    });
  });
}

async function readBody(response: IncomingResponse): Promise<string> {
  let body = '';
  const decoder = new TextDecoder();
  try {
    for await (const part of response) {
      body += decoder.decode(part, { stream: true });
      if (body.length > MAX_BODY) break;
    }
  } catch {
    // The part that has arrived is enough.
  }
  response.destroy();
  return body.slice(0, MAX_BODY);
}
