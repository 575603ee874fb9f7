/** One browser with its tabs, one model server, one person; and what must be so in it, always and in the end. */
import assert from 'node:assert/strict';
import type { ChatConnection as Connection, ChatMessage } from '../../src/store/index.js';
import { tokenOf } from '../support/fake-backend.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { MemoryVault } from '../support/memory-vault.js';
import { ME, ModelServer, ROOMS } from '../support/model-server.js';

/** Stands in every token, and so must stand nowhere else. */
export const SECRET = 'S3CRET';
/** The longest backoff, and 15 s: until then it is connected. */
const LONGEST_MS = 30_000 + 15_000;
/** Until a lost frame is missed, at the latest (`checkMs`), and read again. */
const CHECK_MS = 61_000;
/** What a client may do in a minute, however bad everything is. */
const MOST_SOCKETS = 70;
const MOST_REQUESTS = 400;

export interface Story {
  /** What a message of ours has become, by its text: every text is sent once. */
  sent: { content: string; room: number }[];
  discarded: Set<string>;
  retried: Set<string>;
}

interface Tab {
  chat: Connection;
  kill: () => void;
  /** Own messages that this tab has shown as stored. */
  confirmed: Set<string>;
}

export type ConnectionClass = typeof Connection;

export class World {
  readonly clock = new FakeClock();
  readonly server: ModelServer;
  readonly browser = new FakeBrowser();
  readonly vault = new MemoryVault();
  readonly tabs: Tab[] = [];
  readonly said: string[] = [];
  readonly story: Story = { sent: [], discarded: new Set(), retried: new Set() };
  /** Whether the page can be asked for a token, and what it answers. */
  provider: 'good' | 'hangs' | 'throws' | 'stale' = 'good';
  askedAtOnce = 0;
  mostAskedAtOnce = 0;
  #tokens = 0;
  #token = '';
  #seed: number;

  constructor(
    readonly ChatConnection: ConnectionClass,
    capabilities: readonly string[],
    seed: number,
  ) {
    this.server = new ModelServer(this.clock, capabilities);
    this.#seed = seed;
    this.newToken();
  }

  get isCounted(): boolean {
    return this.server.capabilities.includes('sync');
  }

  // ————— Chance and tokens

  /** The same numbers for the same story. */
  readonly random = (): number => {
    this.#seed = (this.#seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return this.#seed / 2 ** 31;
  };

  newToken(): string {
    this.#token = tokenOf(ME, { jti: `${SECRET}${++this.#tokens}`, exp: Math.floor(this.clock.now() / 1000) + 3_600 });
    this.server.allow(this.#token);
    return this.#token;
  }

  refuseToken(): void {
    this.server.refuse(this.#token);
  }

  readonly #provide = async (): Promise<string> => {
    this.askedAtOnce++;
    try {
      const { provider } = this;
      if (provider === 'throws') throw new Error(`no token ${SECRET}`);
      if (provider === 'hangs') await new Promise((resolve) => this.clock.after(60_000, () => resolve(undefined)));
      return provider === 'stale' ? this.#token : this.newToken();
    } finally {
      this.askedAtOnce--;
    }
  };

  // ————— Tabs

  openTab(): Tab {
    const { locks, BroadcastChannel, kill } = this.browser.tab();
    let asking = 0;
    const chat = new this.ChatConnection(
      {
        url: 'https://chat.example',
        token: this.#token,
        tokenProvider: async () => {
          // One question of one tab at a time.
          this.mostAskedAtOnce = Math.max(this.mostAskedAtOnce, ++asking);
          return this.#provide().finally(() => asking--);
        },
      },
      {
        clock: this.clock,
        random: this.random,
        WebSocket: this.server.WebSocket,
        fetch: this.server.fetch,
        vault: this.vault,
        tabs: { locks, BroadcastChannel },
      },
    );
    const tab: Tab = { chat, kill, confirmed: new Set() };
    for (const name of ['chat-state-change', 'chat-error', 'chat-message', 'chat-send', 'chat-send-failed', 'chat-unread-change'] as const) {
      chat.on(name, (happening) => this.#hear({ name, happening }));
    }
    chat.subscribe(() => this.#watch(tab));
    for (const room of ROOMS) chat.openRoom(room);
    chat.connect();
    this.tabs.push(tab);
    return tab;
  }

  /** As a crash does: nothing is said any more, and nothing can be. */
  crash(index: number): void {
    const [tab] = this.tabs.splice(index, 1);
    if (!tab) return;
    tab.kill();
    tab.chat.disconnect();
  }

  /** After every change of what is shown. */
  #watch(tab: Tab): void {
    for (const room of ROOMS) {
      const shown = tab.chat.messages(room);
      const ids = shown.filter(({ delivery }) => delivery === 'sent').map(({ id }) => String(id));
      if (new Set(ids).size !== ids.length) this.server.violations.push(`an id twice on the screen: ${ids.join()}`);
      for (const { localId, delivery } of shown) {
        if (localId === null) continue;
        if (delivery === 'sent') tab.confirmed.add(localId);
        else if (tab.confirmed.has(localId)) this.server.violations.push('a confirmed message went back');
      }
    }
  }

  // ————— What must be so

  /** At any time. */
  checkAlways(): void {
    const { server } = this;
    assert.deepEqual(server.violations, []);
    assert.ok(this.mostAskedAtOnce <= 1, 'two questions for a token at once');
    assert.ok(server.open.length <= 1, `${server.open.length} sockets`);
    const minuteAgo = this.clock.now() - 60_000;
    const sockets = server.socketTimes.filter((time) => time > minuteAgo).length;
    const requests = server.requestTimes.filter((time) => time > minuteAgo).length;
    assert.ok(sockets <= MOST_SOCKETS, `${sockets} sockets in a minute`);
    assert.ok(requests <= MOST_REQUESTS * Math.max(1, this.tabs.length), `${requests} requests in a minute`);
    // What a page could show, log or keep of it.
    const known = this.tabs.map(({ chat }) => [chat.data, chat.reason]);
    const told = [...this.said.splice(0), ...this.browser.said.splice(0), text([known, [...this.vault.messages.values()], [...this.vault.drafts]])];
    assert.ok(!told.some((each) => each.includes(SECRET)), 'the token was told');
  }

  #hear(what: unknown): void {
    this.said.push(text(what));
  }

  /** What a promise of ours was rejected with. */
  readonly hear = (thrown: unknown): void => this.#hear(thrown);

  /** When nothing is wrong any more, and there was time. */
  async checkInTheEnd(): Promise<void> {
    this.server.heal();
    this.provider = 'good';
    if (this.tabs.length === 0) this.openTab();
    // Who still waits for an answer of the page, or holds a line that is dead and does not know it, finds that out first.
    if (this.askedAtOnce > 0 || this.server.hasDeadLine) await this.clock.advance(36_000);
    for (const { chat } of this.tabs) if (chat.state === 'unauthorized') chat.configure({ token: this.newToken() });
    await this.clock.advance(LONGEST_MS);
    for (const { chat } of this.tabs) assert.equal(chat.state, 'connected', chat.reason.message);
    await this.clock.advance(CHECK_MS);
    this.checkAlways();
    for (const { chat } of this.tabs) for (const room of ROOMS) this.#compare(chat, room);
    this.#checkSent();
  }

  /** The screen equals the server. */
  #compare(chat: Connection, room: number): void {
    const shown = chat.messages(room).filter(({ delivery }) => delivery === 'sent');
    const held = this.server.history(room);
    const last = shown.length === 0 ? held : held.slice(-shown.length);
    assert.deepEqual(
      shown.map(({ id, content, reactions }) => ({ id, content, reactions: JSON.stringify(reactions ?? []) })),
      last.map(({ id, content, reactions }) => ({ id, content, reactions })),
      `room ${room}`,
    );
    const read = (messages: readonly { id: unknown; isRead: boolean }[]): unknown[] => messages.filter(({ isRead }) => isRead).map(({ id }) => id);
    if (this.isCounted) assert.deepEqual(read(shown.map((message) => ({ id: message.id, isRead: message.is_read && isMine(message) }))), read(last), `read in room ${room}`);
    const threads = chat.data.threads.get(String(room));
    assert.equal(shown.length < held.length, threads?.hasOlder ?? false, 'whether there is more');
    assert.equal(chat.rooms.find(({ id }) => id === room)?.unread_count, this.server.unread(room), `unread in room ${room}`);
  }

  /** Every message ended stored, refused or discarded; nothing stored twice; in the order in which it was written. */
  #checkSent(): void {
    const { sent, discarded, retried } = this.story;
    const shown = this.tabs.flatMap(({ chat }) => ROOMS.flatMap((room) => chat.messages(room)));
    for (const { content } of sent) {
      const stored = this.server.rows.filter((row) => row.content === content).length;
      assert.ok(stored <= 1, `stored ${stored} times: ${content}`);
      if (stored === 1 || discarded.has(content)) continue;
      assert.ok(
        shown.some((message) => message.content === content && message.delivery === 'failed'),
        `lost: ${content} is ${shown.find((message) => message.content === content)?.delivery ?? 'nowhere'}`,
      );
    }
    for (const room of ROOMS) {
      const asked = sent.filter((message) => message.room === room && !retried.has(message.content)).map(({ content }) => content);
      const got = this.server.rows.filter((row) => row.room === room && row.sender === ME && asked.includes(row.content)).map(({ content }) => content);
      assert.deepEqual(got, asked.filter((content) => got.includes(content)), `order in room ${room}`);
    }
  }

  /** Everything is taken down: nothing is left. */
  async checkAfter(): Promise<void> {
    for (const { chat } of this.tabs) chat.disconnect();
    await settle();
    assert.equal(this.server.open.length, 0, 'a socket is left');
    assert.equal(this.clock.pending, 0, 'a timer is left');
  }
}

/** All of it, errors too, which JSON leaves empty. */
const text = (what: unknown): string => JSON.stringify(what, (_key, value: unknown) => (value instanceof Error ? { ...value, message: value.message, stack: value.stack } : value)) ?? '';

const isMine = ({ sender }: ChatMessage): boolean => sender?.id === ME;
