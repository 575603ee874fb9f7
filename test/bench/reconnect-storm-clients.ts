/** Client process of `npm run bench:reconnect`: the headless connection as published, with `ws` as its WebSocket. */
import { request } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { WebSocket as NodeWebSocket } from 'ws';
import { ChatConnection } from '../../src/headless.js';
import { tokenOf } from '../support/fake-backend.js';
import { MemoryStorage } from '../support/memory-storage.js';

export type ToClients =
  { do: 'connect'; url: string; first: number; count: number; withinMs: number } | { do: 'report' };
export type FromClients =
  | { is: 'ready' }
  /** Number of connected clients. */
  | { is: 'connected'; count: number }
  /**
   * Times of socket and request attempts; of the last connection of each client, in ms since 1970; longest event loop
   * delay.
   */
  | { is: 'report'; tries: number[]; requests: number[]; connected: number[]; stillMs: number };

const send = (message: FromClients): void => void process.send?.(message);
const tries: number[] = [];
const requests: number[] = [];
const connected = new Map<ChatConnection, number>();
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();

class CountedWebSocket extends NodeWebSocket {
  constructor(...given: ConstructorParameters<typeof NodeWebSocket>) {
    super(...given);
    tries.push(Date.now());
    // Without a listener, `ws` would end the process on errors.
    this.on('error', () => {});
  }
}

/**
 * A minimal `fetch`. Node's takes a millisecond per failed request, and a thousand clients share one processor here:
 * they would reconnect later than a thousand real devices.
 */
const lightFetch = ((
  input: URL,
  { method, headers, signal }: { method: string; headers: Record<string, string>; signal: AbortSignal },
) =>
  new Promise<Response>((resolve, reject) => {
    requests.push(Date.now());
    const fail = (): void => reject(new TypeError('Failed to fetch'));
    request(input, { method, headers, signal, agent: false }, (answer) => {
      let text = '';
      answer
        .on('data', (data) => (text += String(data)))
        .on('end', () => resolve(new Response(text, { status: answer.statusCode ?? 500 })))
        .on('error', fail);
    })
      .on('error', fail)
      .end();
  })) as unknown as typeof fetch;

function start(url: string, userId: number): void {
  const parts = {
    WebSocket: CountedWebSocket as unknown as typeof WebSocket,
    fetch: lightFetch,
    storage: new MemoryStorage(),
    tabs: {},
  };
  const chat = new ChatConnection({ url, token: tokenOf(userId) }, parts);
  chat.on('chat-state-change', ({ state, previous }) => {
    if (state === previous) return;
    if (state === 'connected') connected.set(chat, Date.now());
    else connected.delete(chat);
  });
  chat.connect();
}

setInterval(() => send({ is: 'connected', count: connected.size }), 100);
process.on('message', (message: ToClients) => {
  if (message.do === 'report')
    return send({ is: 'report', tries, requests, connected: [...connected.values()], stillMs: delay.max / 1e6 });
  const { url, first, count, withinMs } = message;
  for (let n = 0; n < count; n++) setTimeout(start, (n / count) * withinMs, url, first + n);
});
process.once('disconnect', () => process.exit(0));
send({ is: 'ready' });
