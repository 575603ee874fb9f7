/**
 * A complete adapter: XMPP with the client library @xmpp/client, for any server with group chat (XEP-0045) and a message
 * archive (XEP-0313), such as Prosody or ejabberd. Service discovery lists the rooms; chat states (XEP-0085) report
 * typing. Files are uploaded by HTTP (XEP-0363).
 *
 *     connectAdapter(xmppAdapter({ service: 'wss://chat.example/xmpp-websocket', domain: 'chat.example', rooms: 'rooms.chat.example', username, password }), 'xmpp');
 */
import { client, xml } from '@xmpp/client';
import {
  AdapterRefusal,
  type AdapterEvents,
  type AdapterHistoryPart,
  type AdapterMessage,
  type AdapterRoom,
  type AdapterUser,
  type ChatAdapter,
} from 'unified-chat/adapter';
import { elementsFor, readFiles, textWith, uploadFile } from './files.js';

export interface XmppOptions {
  /** URL of the server's WebSocket. */
  service: string;
  domain: string;
  /** Domain of the group chat service. */
  rooms: string;
  username: string;
  password: string;
}

const NS = {
  muc: 'http://jabber.org/protocol/muc',
  user: 'http://jabber.org/protocol/muc#user',
  items: 'http://jabber.org/protocol/disco#items',
  mam: 'urn:xmpp:mam:2',
  rsm: 'http://jabber.org/protocol/rsm',
  data: 'jabber:x:data',
  sid: 'urn:xmpp:sid:0',
  states: 'http://jabber.org/protocol/chatstates',
  delay: 'urn:xmpp:delay',
  forward: 'urn:xmpp:forward:0',
};

type Stanza = ReturnType<typeof xml>;

/** Timeout for the answer of a room, in ms. Afterwards the outcome is unknown, and the connection retries. */
const ANSWER_MS = 10_000;

/** A pending answer of a room. */
interface Waiting<Value> {
  done: Promise<Value>;
  resolve(value: Value): void;
  reject(error: Error): void;
}

function waiting<Value>(late: string): Waiting<Value> {
  const made = {} as Waiting<Value>;
  made.done = new Promise<Value>((resolve, reject) => Object.assign(made, { resolve, reject }));
  const timer = setTimeout(() => made.reject(new Error(late)), ANSWER_MS);
  made.done.catch(() => {}).finally(() => clearTimeout(timer));
  return made;
}

/** Rooms identify users by nickname. */
const person = (nick: string): AdapterUser => ({ id: nick, username: nick, first_name: nick });
const nickOf = (from: string): string => from.slice(from.indexOf('/') + 1);
const roomOf = (from: string): string => from.split('/')[0]!;

/**
 * The current time in whole seconds, like the timestamps of an archive. With milliseconds, live and archived messages of
 * the same second would be out of order.
 */
const thisSecond = (): number => Math.floor(Date.now() / 1_000) * 1_000;

function read(stanza: Stanza, id: string, at: string | undefined): AdapterMessage | undefined {
  const body = stanza.getChildText('body');
  if (body === null) return undefined;
  const localId = stanza.getChild('origin-id', NS.sid)?.attrs.id as string | undefined;
  const sender = person(nickOf(String(stanza.attrs.from)));
  return { id, sender, ...readFiles(stanza, body), timestamp: at ?? thisSecond(), localId };
}

export function xmppAdapter({ service, domain, rooms, username, password }: XmppOptions): ChatAdapter {
  let xmpp: ReturnType<typeof client> | undefined;
  let events: AdapterEvents | undefined;
  /** Joined rooms, and rooms with a pending join. */
  const joined = new Map<string, Waiting<void>>();
  /** Sent messages without a confirmation, by local id: the room returns a copy of the message, or an error. */
  const echoes = new Map<string, Waiting<AdapterMessage>>();
  /** Messages of the archive pages being read, by query id. */
  const pages = new Map<string, AdapterMessage[]>();

  const connected = (): ReturnType<typeof client> => {
    if (!xmpp) throw new Error('not connected');
    return xmpp;
  };

  /** Joins a room. The room accepts messages only after it has confirmed the join. */
  function join(room: string): Promise<void> {
    const known = joined.get(room);
    if (known) return known.done;
    const entry = waiting<void>(`${room} did not confirm the join`);
    joined.set(room, entry);
    entry.done.catch(() => joined.delete(room));
    // Earlier messages come from the archive, so the room need not send its history.
    connected()
      .send(
        xml(
          'presence',
          { to: `${room}/${username}` },
          xml('x', { xmlns: NS.muc }, xml('history', { maxstanzas: '0' })),
        ),
      )
      .catch(entry.reject);
    return entry.done;
  }

  function onPresence(stanza: Stanza): void {
    const room = roomOf(String(stanza.attrs.from));
    if (stanza.attrs.type === 'error')
      joined.get(room)?.reject(new Error(stanza.getChild('error')?.getChildText('text') ?? 'the room is closed'));
    // 110: the presence is our own.
    else if (
      stanza
        .getChild('x', NS.user)
        ?.getChildren('status')
        .some(({ attrs }) => attrs.code === '110')
    )
      joined.get(room)?.resolve();
  }

  function onStanza(stanza: Stanza): void {
    if (stanza.is('presence')) return onPresence(stanza);
    if (!stanza.is('message')) return;
    const result = stanza.getChild('result', NS.mam);
    if (result) {
      const forwarded = result.getChild('forwarded', NS.forward);
      const message = forwarded?.getChild('message');
      const found =
        message &&
        read(
          message,
          String(result.attrs.id),
          forwarded?.getChild('delay', NS.delay)?.attrs.stamp as string | undefined,
        );
      if (found) pages.get(String(result.attrs.queryid))?.push(found);
      return;
    }
    const from = String(stanza.attrs.from);
    const echo = echoes.get(String(stanza.attrs.id));
    if (stanza.attrs.type === 'error') {
      const error = stanza.getChild('error');
      const said = error?.getChildText('text') ?? 'The room rejects this message.';
      // `not-acceptable`: we are no longer in the room, so the connection joins again and retries. Other errors are
      // permanent.
      if (!error?.getChild('not-acceptable')) return echo?.reject(new AdapterRefusal(said));
      joined.delete(roomOf(from));
      return echo?.reject(new Error(said));
    }
    if (stanza.attrs.type !== 'groupchat') return;
    const nick = nickOf(from);
    const typing = stanza.getChild('composing', NS.states)
      ? true
      : stanza.getChild('paused', NS.states) || stanza.getChild('active', NS.states)
        ? false
        : undefined;
    if (typing !== undefined && nick !== username) events?.typing(roomOf(from), person(nick), typing);
    const message = read(
      stanza,
      String(stanza.getChild('stanza-id', NS.sid)?.attrs.id ?? stanza.attrs.id),
      stanza.getChild('delay', NS.delay)?.attrs.stamp as string | undefined,
    );
    if (!message) return;
    if (nick === username) echo?.resolve(message);
    events?.message(roomOf(from), message);
  }

  /** One page of a room's archive: the one before or after a message, or from a time. */
  async function readArchive(
    room: string,
    limit: number,
    { before, after, start }: { before?: string; after?: string; start?: Date },
  ): Promise<{ messages: AdapterMessage[]; isComplete: boolean }> {
    const queryid = crypto.randomUUID();
    pages.set(queryid, []);
    const field = (name: string, value: string, type?: string): Stanza =>
      xml('field', { var: name, ...(type && { type }) }, xml('value', {}, value));
    const form = xml('x', { xmlns: NS.data, type: 'submit' }, field('FORM_TYPE', NS.mam, 'hidden'));
    if (start) form.append(field('start', start.toISOString()));
    const page = xml('set', { xmlns: NS.rsm }, xml('max', {}, String(limit)));
    if (before !== undefined) page.append(xml('before', {}, before));
    if (after !== undefined) page.append(xml('after', {}, after));
    try {
      const answer = await connected().iqCaller.request(
        xml('iq', { type: 'set', to: room }, xml('query', { xmlns: NS.mam, queryid }, form, page)),
      );
      const isComplete = answer.getChild('fin', NS.mam)?.attrs.complete === 'true';
      return { messages: pages.get(queryid)!, isComplete };
    } finally {
      pages.delete(queryid);
    }
  }

  /** The archive knows pages before and after a message, so this takes two: the second one begins with the message. */
  async function aroundMessage(room: string, id: string, limit: number): Promise<AdapterHistoryPart | null> {
    const half = Math.ceil(limit / 2);
    const older = await readArchive(room, half, { before: id }).catch((error: unknown) => {
      if ((error as { condition?: unknown }).condition === 'item-not-found') return null;
      throw error;
    });
    if (!older) return null;
    const previous = older.messages.at(-1);
    const newer = await readArchive(room, half, previous ? { after: String(previous.id) } : {});
    if (!newer.messages.some((message) => message.id === id)) return null;
    return {
      messages: [...older.messages, ...newer.messages],
      hasOlder: !older.isComplete,
      hasNewer: !newer.isComplete,
      targetId: id,
    };
  }

  async function aroundTime(room: string, start: Date, limit: number): Promise<AdapterHistoryPart> {
    const half = Math.ceil(limit / 2);
    const newer = await readArchive(room, half, { start });
    const [first] = newer.messages;
    // If nothing was written since then: the end of the archive.
    const older = await readArchive(room, half, { before: String(first?.id ?? '') });
    return {
      messages: [...older.messages, ...newer.messages],
      hasOlder: !older.isComplete,
      hasNewer: first !== undefined && !newer.isComplete,
      targetId: first?.id ?? older.messages.at(-1)?.id ?? null,
    };
  }

  return {
    user: person(username),

    async connect(given, signal) {
      events = given;
      joined.clear();
      const made = client({ service, domain, username, password });
      // The chat connection decides when to reconnect.
      made.reconnect.stop();
      made.on('stanza', onStanza);
      made.on('error', () => {});
      made.on('disconnect', () => given.disconnected('the XMPP stream has ended'));
      signal.addEventListener('abort', () => void made.stop().catch(() => {}));
      await made.start();
      await made.send(xml('presence'));
      xmpp = made;
      return () => {
        xmpp = undefined;
        void made.stop().catch(() => {});
      };
    },

    async send({ roomId, content, localId, attachments = [] }) {
      const room = String(roomId);
      const urls = attachments.map(String);
      await join(room);
      const echo = waiting<AdapterMessage>(`${room} did not confirm the message`);
      echoes.set(localId, echo);
      try {
        await connected().send(
          xml(
            'message',
            { to: room, type: 'groupchat', id: localId },
            xml('body', {}, textWith(content, urls)),
            xml('origin-id', { xmlns: NS.sid, id: localId }),
            ...elementsFor(urls),
          ),
        );
        return await echo.done;
      } finally {
        echoes.delete(localId);
      }
    },

    async list() {
      const answer = await connected().iqCaller.request(
        xml('iq', { type: 'get', to: rooms }, xml('query', { xmlns: NS.items })),
      );
      const items = answer.getChild('query', NS.items)?.getChildren('item') ?? [];
      return items.map(({ attrs }): AdapterRoom => ({ id: String(attrs.jid), name: String(attrs.name ?? attrs.jid) }));
    },

    async history(roomId, { before, limit }) {
      const room = String(roomId);
      await join(room);
      // An empty `before` requests the newest page.
      const { messages, isComplete } = await readArchive(room, limit, { before: String(before ?? '') });
      return { messages, hasMore: !isComplete };
    },

    async around(roomId, target, limit) {
      const room = String(roomId);
      await join(room);
      return 'at' in target ? aroundTime(room, target.at, limit) : aroundMessage(room, String(target.around), limit);
    },

    upload: async (file, options) => uploadFile(connected(), domain, file, options),

    async subscribe(roomId) {
      await join(String(roomId));
    },

    typing(roomId, isTyping) {
      if (!joined.has(String(roomId))) return;
      void connected().send(
        xml(
          'message',
          { to: String(roomId), type: 'groupchat' },
          xml(isTyping ? 'composing' : 'paused', { xmlns: NS.states }),
        ),
      );
    },
  };
}
