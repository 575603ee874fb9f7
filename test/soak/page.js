/**
 * The page of one user. It uses the public API only: the element and its `connection`. user.ts calls `window.soak`; the
 * page reports events at once through `window.soakHears`, so that reports of accepted messages survive a reload.
 * Everything stored here is bounded, or it would look like a leak of the widget.
 */
await customElements.whenDefined('chat-thread');
const { url, token, rooms } = window.soakSetup;
const root = document.querySelector('chat-connection');
const { connection } = root;
const report = (what) => void window.soakHears(JSON.stringify(what));

/** Pending messages already reported. */
let pending = new Set();
function reportAccepted(data, before) {
  const now = new Set();
  for (const [key, { timeline }] of data.threads) {
    const isSame = timeline === before.threads.get(key)?.timeline;
    for (let n = timeline.length - 1; n >= 0 && timeline[n].delivery !== 'sent'; n--) {
      const { localId, content } = timeline[n];
      now.add(localId);
      if (!isSame && !pending.has(localId)) report({ is: 'accepted', localId, room: Number(key), content });
    }
  }
  pending = now;
}
connection.subscribe(reportAccepted);

/** Ids of reported messages. */
const reported = new Set();
connection.on('chat-message', ({ message }) => {
  if (reported.has(message.id)) report({ is: 'duplicate-event', id: message.id });
  reported.add(message.id);
});
connection.on('chat-send', ({ method }) => report({ is: 'sent', method }));
connection.on('chat-state-change', ({ state, previous }) => state !== previous && report({ is: 'state', state }));
connection.on('chat-error', ({ code }) => report({ is: 'error', code }));

/** Retries rejected messages, like a user. */
setInterval(() => {
  for (const room of rooms) {
    for (const { delivery, localId, error } of connection.messages(room)) {
      if (delivery !== 'failed') continue;
      report({ is: 'refused', localId, code: error?.code });
      connection.retry(localId).catch(() => {});
    }
  }
}, 1_000);

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** Items that occur more than once. */
function repeated(list) {
  const seen = new Set();
  return list.filter((one) => seen.size === seen.add(one).size);
}
const idsOf = (room) =>
  connection.messages(room).map(({ id, delivery }) => (delivery === 'sent' ? id : `not sent: ${id}`));

/** Ids seen by `loadAll`, by room. */
const seenByRoom = new Map();

window.soak = {
  send(list) {
    for (const { room, content } of list) connection.sendChatMessage(room, content).catch(() => {});
  },

  snapshot() {
    let [waiting, held] = [0, 0];
    for (const room of rooms) {
      for (const { delivery } of connection.messages(room)) delivery === 'sent' ? held++ : waiting++;
    }
    const shown = [...document.querySelector('chat-thread').shadowRoot.querySelectorAll('li [part=text]')]
      .map(({ textContent }) => textContent.trim())
      .filter((text) => text.startsWith('soak '));
    const duplicates = [...repeated(shown), ...rooms.flatMap((room) => repeated(idsOf(room)))];
    return { state: connection.state, reason: connection.reason.code, waiting, held, duplicates };
  },

  /**
   * Loads the whole history, from newest to oldest. The page keeps only 2,000 messages, so released ones are recorded.
   */
  async loadAll() {
    for (const room of rooms) {
      await connection.loadNewest(room);
      let all = idsOf(room);
      while (connection.data.threads.get(String(room))?.hasOlder) {
        await connection.loadOlder(room).catch(() => later(200));
        await later(0);
        const known = new Set(all);
        all = [...idsOf(room).filter((id) => !known.has(id)), ...all];
      }
      seenByRoom.set(room, all);
    }
  },

  ids: () => rooms.map((room) => ({ room, ids: seenByRoom.get(room) ?? idsOf(room) })),
};

root.url = url;
root.token = token;
connection.selectRoom(rooms[0]);
for (const room of rooms) connection.openRoom(room);
report({ is: 'ready' });
