/**
 * Server process of `npm run bench:reconnect`: greets, answers pings and has no rooms. A stub, because the benchmark
 * measures when clients connect, not how fast a database admits them. Controlled by IPC; reports when it was contacted.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

export type ToServer = { do: 'listen'; port: number } | { do: 'leave' } | { do: 'report' };
/** All times in ms since 1970. */
export type FromServer =
  | { is: 'ready' }
  | { is: 'listening'; port: number; at: number }
  | { is: 'report'; sockets: number[]; requests: number[] };

/** Much less than a real server needs; much more than a close frame takes. */
const GRACE_MS = 1_000;

const send = (message: FromServer): void => void process.send?.(message);
const asked = { sockets: [] as number[], requests: [] as number[] };
const http = createServer((request, response) => {
  asked.requests.push(Date.now());
  const { pathname } = new URL(request.url ?? '/', 'http://x');
  response
    .writeHead(200, { 'Content-Type': 'application/json' })
    .end(pathname.endsWith('/sync/') ? '{"rooms":[]}' : '[]');
});
const sockets = new WebSocketServer({ noServer: true });

http.on('upgrade', (request, line, head) => {
  asked.sockets.push(Date.now());
  const claims = /token=[^.]*\.([^.]*)/.exec(request.url ?? '')?.[1] ?? '';
  const { user_id } = JSON.parse(atob(decodeURIComponent(claims))) as { user_id: number };
  sockets.handleUpgrade(request, line, head, (socket) => {
    const send = (frame: object): void => socket.send(JSON.stringify({ ...frame, timestamp: new Date() }));
    send({
      type: 'connection_established',
      user_id,
      username: `user${user_id}`,
      protocol: 1,
      capabilities: ['idempotent_send', 'ack', 'user_channel', 'sync'],
      heartbeat_s: 25,
    });
    socket.on('message', (data) => {
      const { type } = JSON.parse(String(data)) as { type: string };
      if (type === 'ping') send({ type: 'pong' });
      if (type === 'get_room_list') send({ type: 'room_list', rooms: [] });
      if (type === 'sync') send({ type: 'sync_result', rooms: [] });
    });
  });
});

process.on('message', (message: ToServer) => {
  if (message.do === 'report') return send({ is: 'report', ...asked });
  if (message.do === 'listen') {
    http.listen(message.port, '127.0.0.1', 2_048, () =>
      send({ is: 'listening', port: (http.address() as AddressInfo).port, at: Date.now() }),
    );
    return;
  }
  http.close();
  for (const socket of sockets.clients) socket.close(1012, 'service restart');
  setTimeout(() => process.exit(0), GRACE_MS);
});
process.once('disconnect', () => process.exit(0));
send({ is: 'ready' });
