/**
 * A thread in a real page, with a scripted socket and `fetch`, so that the figures are those of the element. run.mjs
 * calls `window.bench`.
 */
const WORDS =
  'the flat is ready and the key is with Mrs Petersen on the second floor please ring twice before nine'.split(' ');
const users = [1, 2].map((id) => ({ id, username: `user${id}`, first_name: id === 1 ? 'Ana' : 'Ben', last_name: '' }));

function message(id, content) {
  const length = 3 + ((id * 7) % 25);
  return {
    id,
    room: 1,
    sender: users[Math.floor(id / 3) % 2],
    message_type: 'text',
    content: content ?? Array.from({ length }, (_, n) => WORDS[(id + n) % WORDS.length]).join(' '),
    timestamp: new Date(Date.UTC(2026, 0, 1) + id * 40_000).toISOString(),
    is_read: true,
  };
}

let socket;
let history = [];
let older = [];

window.WebSocket = class extends EventTarget {
  OPEN = 1;
  readyState = 1;
  constructor() {
    super();
    socket = this;
    setTimeout(() => {
      this.dispatchEvent(new Event('open'));
      this.push({
        type: 'connection_established',
        user_id: 1,
        username: 'ana',
        protocol: 1,
        capabilities: ['user_channel', 'ack', 'idempotent_send'],
      });
    });
  }
  push(frame) {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(frame) }));
  }
  send(text) {
    const { type, room_id } = JSON.parse(text);
    if (type === 'subscribe_room') setTimeout(() => this.push({ type: 'subscribed', room_id }));
  }
  close() {}
};

const json = (body) => new Response(JSON.stringify(body), { headers: { 'Content-Type': 'application/json' } });
window.fetch = async (input) => {
  const url = new URL(input);
  if (url.pathname.endsWith('/rooms/'))
    return json([{ id: 1, name: 'Bench', room_type: 'direct', participants: users, unread_count: 0, is_active: true }]);
  if (url.searchParams.has('before')) return json({ messages: older.splice(0), has_more: false });
  return json({ messages: history, has_more: older.length > 0 });
};

const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
const painted = async () => {
  await frame();
  await new Promise((resolve) => setTimeout(resolve));
};
let root;

/** Counts all nodes in the shadow root: elements, texts and Lit's markers. */
function countNodes(node) {
  let count = 1;
  for (const child of node.childNodes) count += countNodes(child);
  return count;
}

const thread = () => root.querySelector('chat-thread');
const scroller = () => thread().shadowRoot.querySelector('[part=messages]');
const distance = () => scroller().scrollHeight - scroller().clientHeight - scroller().scrollTop;

window.bench = {
  /** Mounts a thread with loaded messages; measures the time from mounting to painting. */
  async show(count, withOlder = 0) {
    root?.remove();
    older = Array.from({ length: withOlder }, (_, n) => message(n + 1));
    history = Array.from({ length: count }, (_, n) => message(withOlder + n + 1));
    root = document.createElement('chat-connection');
    root.token = 'bench';
    root.url = 'https://bench.example';
    document.body.append(root);
    await customElements.whenDefined('chat-thread');
    const { connection } = root;
    const leave = connection.openRoom(1);
    while (connection.state !== 'connected' || connection.messages(1).length < count) await frame();
    await painted();
    const element = document.createElement('chat-thread');
    element.room = 1;
    const start = performance.now();
    root.append(element);
    // Until the frame that paints the rows at the end.
    while (!element.shadowRoot?.querySelector('li') || distance() > 1) await frame();
    const shown = performance.now() - start;
    await painted();
    leave();
    return { shown, elements: element.shadowRoot.querySelectorAll('*').length, nodes: countNodes(element.shadowRoot) };
  },

  /** Live messages at a constant rate, while the reader is at the end. */
  async live(count, perSecond) {
    const long = [];
    const observer = new PerformanceObserver((list) => long.push(...list.getEntries().map(({ duration }) => duration)));
    observer.observe({ entryTypes: ['longtask'] });
    let next = history.length + 1;
    let away = 0;
    const start = performance.now();
    for (let sent = 0; sent < count;) {
      const due = Math.min(count, Math.floor(((performance.now() - start) / 1000) * perSecond));
      for (; sent < due; sent++) socket.push({ type: 'new_message', room_id: 1, message: message(next++) });
      await frame();
      if (distance() > 1) away++;
    }
    await painted();
    observer.disconnect();
    return {
      seconds: (performance.now() - start) / 1000,
      longest: Math.max(0, ...long),
      long: long.length,
      away,
      atEnd: distance() <= 1,
      nodes: countNodes(thread().shadowRoot),
    };
  },

  /** Loads 50 older messages while the reader is scrolled up, and measures how far the text moves per frame. */
  async older() {
    const list = () => [...thread().shadowRoot.querySelectorAll('li')];
    // A position that does not trigger loading.
    let row;
    let top;
    let moved = 0;
    let frames = 0;
    const wanted = root.connection.messages(1).length + older.length;
    while (root.connection.messages(1).length < wanted) {
      scroller().scrollTop -= 120;
      await frame();
      const box = scroller().getBoundingClientRect();
      row = list().find((li) => li.getBoundingClientRect().top >= box.top + 20);
      top = row.getBoundingClientRect().top;
      for (let n = 0; n < 3; n++) {
        await frame();
        moved = Math.max(moved, Math.abs(row.getBoundingClientRect().top - top));
        frames++;
      }
    }
    for (let n = 0; n < 30; n++) {
      await frame();
      moved = Math.max(moved, Math.abs(row.getBoundingClientRect().top - top));
      frames++;
    }
    return { moved, frames, messages: root.connection.messages(1).length };
  },
};
