/** Some of the clients of `npm run bench:reconnect`: the headless connection as it is shipped, with `ws` as its WebSocket. */
import { request } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { WebSocket as NodeWebSocket } from 'ws';
import { ChatConnection } from '../../src/headless.js';
import { tokenOf } from '../support/fake-backend.js';
import { MemoryVault } from '../support/memory-vault.js';

export type ToClients = { do: 'connect'; url: string; first: number; count: number; withinMs: number } | { do: 'report' };
export type FromClients =
  | { is: 'ready' }
  /** How many of them are connected at the moment. */
  | { is: 'connected'; count: number }
  /** When a socket was tried, and a request; when each client was last connected, in milliseconds since 1970; how long all stood still. */
  | { is: 'report'; tries: number[]; requests: number[]; connected: number[]; stillMs: number };

const tell = (message: FromClients): void => void process.send?.(message);
const tries: number[] = [];
const requests: number[] = [];
const connected = new Map<ChatConnection, number>();
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();

class CountedWebSocket extends NodeWebSocket {
  constructor(...given: ConstructorParameters<typeof NodeWebSocket>) {
    super(...given);
    tries.push(Date.now());
    // A browser's goes on without a listener for it; this one would end the process.
    this.on('error', () => {});
  }
}

/**
 * As much of `fetch` as is asked for. Node's own takes a millisecond for a request that is refused, and a thousand clients here share
 * one processor: they would come back later than a thousand phones do.
 */
const lightFetch = ((input: URL, { method, headers, signal }: { method: string; headers: Record<string, string>; signal: AbortSignal }) =>
  new Promise<Response>((resolve, reject) => {
    requests.push(Date.now());
    const fail = (): void => reject(new TypeError('Failed to fetch'));
    request(input, { method, headers, signal, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (data) => (text += String(data))).on('end', () => resolve(new Response(text, { status: answer.statusCode ?? 500 }))).on('error', fail);
    })
      .on('error', fail)
      .end();
  })) as unknown as typeof fetch;

function start(url: string, userId: number): void {
  const parts = { WebSocket: CountedWebSocket as unknown as typeof WebSocket, fetch: lightFetch, vault: new MemoryVault(), tabs: {} };
  const chat = new ChatConnection({ url, token: tokenOf(userId) }, parts);
  chat.on('chat-state-change', ({ state, previous }) => {
    if (state === previous) return;
    if (state === 'connected') connected.set(chat, Date.now());
    else connected.delete(chat);
  });
  chat.connect();
}

setInterval(() => tell({ is: 'connected', count: connected.size }), 100);
process.on('message', (message: ToClients) => {
  if (message.do === 'report') return tell({ is: 'report', tries, requests, connected: [...connected.values()], stillMs: delay.max / 1e6 });
  const { url, first, count, withinMs } = message;
  for (let n = 0; n < count; n++) setTimeout(start, (n / count) * withinMs, url, first + n);
});
process.once('disconnect', () => process.exit(0));
tell({ is: 'ready' });
