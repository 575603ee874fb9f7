// Replaces the network on the page of renderer.node.test.ts with a backend that is controlled from outside.
const backend = (globalThis.backend = { rooms: [], messages: [], sockets: [], channels: [] });
const errors = (globalThis.errors = []);
// tsx inserts calls of it into functions that are sent to the page.
globalThis.__name = (thing) => thing;
window.addEventListener('error', (event) => errors.push(`error: ${event.error?.stack ?? event.message}`));
window.addEventListener('unhandledrejection', (event) =>
  errors.push(`unhandled: ${event.reason?.stack ?? event.reason}`),
);
const answer = (body) => new Response(JSON.stringify(body), { headers: { 'Content-Type': 'application/json' } });
const realFetch = fetch;
globalThis.fetch = async (input, init) => {
  const url = new URL(input, location.href);
  if (url.origin === location.origin) return realFetch(input, init);
  const { rooms, messages } = backend;
  if (url.pathname.endsWith('/rooms/')) return answer(rooms);
  if (url.pathname.endsWith('/messages/')) return answer({ messages, has_more: false });
  return new Response('{"detail":"Not found."}', { status: 404 });
};
globalThis.WebSocket = class extends EventTarget {
  OPEN = 1;
  readyState = 1;
  constructor(url) {
    super();
    if (!String(url).includes('/ws/chat/')) return;
    backend.sockets.push(this);
    setTimeout(() =>
      this.say({
        type: 'connection_established',
        user_id: 1,
        username: 'ana',
        protocol: 1,
        capabilities: ['idempotent_send', 'ack', 'user_channel'],
      }),
    );
  }
  say(frame) {
    this.dispatchEvent(
      new MessageEvent('message', { data: typeof frame === 'string' ? frame : JSON.stringify(frame) }),
    );
  }
  send(text) {
    const { type, room_id } = JSON.parse(text);
    if (type === 'subscribe_room') setTimeout(() => this.say({ type: 'subscribed', room_id }));
    if (type === 'ping') setTimeout(() => this.say({ type: 'pong' }));
    if (type === 'mark_read') setTimeout(() => this.say({ type: 'messages_marked_read', room_id, count: 1 }));
  }
  close() {}
};
globalThis.BroadcastChannel = class {
  constructor() {
    backend.channels.push(this);
  }
  postMessage() {}
  close() {}
};
