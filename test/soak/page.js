/**
 * One person's page, as a site has it. It knows of the chat what a site knows: the element, and its `connection`.
 * `window.soak` is what user.ts calls, `window.soakHears` how it is told at once: what a page was told it has accepted
 * outlives the page that way. All that is kept here has a bound, or it would pass for a leak of the widget's.
 */
await customElements.whenDefined('chat-thread');
const { url, token, rooms } = window.soakSetup;
const root = document.querySelector('chat-connection');
const { connection } = root;
const tell = (what) => void window.soakHears(JSON.stringify(what));

/** Of what is on its way: told already. */
let onTheirWay = new Set();
function noticeAccepted(data, before) {
  const now = new Set();
  for (const [key, { timeline }] of data.threads) {
    const isSame = timeline === before.threads.get(key)?.timeline;
    for (let n = timeline.length - 1; n >= 0 && timeline[n].delivery !== 'sent'; n--) {
      const { localId, content } = timeline[n];
      now.add(localId);
      if (!isSame && !onTheirWay.has(localId)) tell({ is: 'accepted', localId, room: Number(key), content });
    }
  }
  onTheirWay = now;
}
connection.subscribe(noticeAccepted);

/** Ids of messages that we were told of. */
const told = new Set();
connection.on('chat-message', ({ message }) => {
  if (told.has(message.id)) tell({ is: 'told-twice', id: message.id });
  told.add(message.id);
});
connection.on('chat-send', ({ method }) => tell({ is: 'sent', method }));
connection.on('chat-state-change', ({ state, previous }) => state !== previous && tell({ is: 'state', state }));
connection.on('chat-error', ({ code }) => tell({ is: 'error', code }));

/** What a person does about a message that was refused. */
setInterval(() => {
  for (const room of rooms) {
    for (const { delivery, localId, error } of connection.messages(room)) {
      if (delivery !== 'failed') continue;
      tell({ is: 'refused', localId, code: error?.code });
      connection.retry(localId).catch(() => {});
    }
  }
}, 1_000);

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** What is there more than once. */
function repeated(list) {
  const seen = new Set();
  return list.filter((one) => seen.size === seen.add(one).size);
}
const idsOf = (room) => connection.messages(room).map(({ id, delivery }) => (delivery === 'sent' ? id : `not sent: ${id}`));

/** By room, what `loadAll` has met. */
const walked = new Map();

window.soak = {
  send(list) {
    for (const { room, content } of list) connection.sendChatMessage(room, content).catch(() => {});
  },

  look() {
    let [waiting, held] = [0, 0];
    for (const room of rooms) {
      for (const { delivery } of connection.messages(room)) delivery === 'sent' ? held++ : waiting++;
    }
    const shown = [...document.querySelector('chat-thread').shadowRoot.querySelectorAll('li [part=text]')].map(({ textContent }) => textContent.trim()).filter((text) => text.startsWith('soak '));
    const twice = [...repeated(shown), ...rooms.flatMap((room) => repeated(idsOf(room)))];
    return { state: connection.state, reason: connection.reason.code, waiting, held, twice };
  },

  /** All of the history, from its end to its beginning. The page keeps 2,000 messages of it, so what it releases is noted here. */
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
      walked.set(room, all);
    }
  },

  ids: () => rooms.map((room) => ({ room, ids: walked.get(room) ?? idsOf(room) })),
};

root.url = url;
root.token = token;
connection.selectRoom(rooms[0]);
for (const room of rooms) connection.openRoom(room);
tell({ is: 'ready' });
