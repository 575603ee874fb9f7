/** One browser with its tabs, two tenants of one origin, two people who sign in there; and what must be so in it, always and in the end. */
import assert from 'node:assert/strict';
import type { ChatConnection as Connection, ChatMessage } from '../../src/client/index.js';
import { tokenOf } from '../support/fake-backend.js';
import { BLOCKED, FakeBrowser } from '../support/fake-tabs.js';
import { FakeClock } from '../support/fake-clock.js';
import { MemoryVault, NO_VAULT } from '../support/memory-vault.js';
import { marksIn, ME, ModelServer, ROOMS_OF } from '../support/model-server.js';

/** Stands in every token, and so must stand nowhere else. */
export const SECRET = 'S3CRET';
/** The longest backoff, and 15 s: until then it is connected. */
const LONGEST_MS = 30_000 + 15_000;
/** Until a lost frame is missed, at the latest (`checkMs`), and read again. */
const CHECK_MS = 61_000;
/** What a client may do in a minute, however bad everything is. */
const MOST_SOCKETS = 70;
const MOST_REQUESTS = 400;

/** What a story may ask of the device and of the browser: so much for each of its steps, messages and tabs. */
const MOST_ASKED_OF_VAULT = 10;
const MOST_ASKED_OF_LOCKS = 10;
/** Storage, locks and channels answer within this, in milliseconds; now and then within the second. */
const LATENCY_MS = { quick: 30, slow: 900 };

export type Tenant = 'a' | 'b';
const PATHS = {
  a: { apiPath: undefined, wsPath: undefined },
  b: { apiPath: '/b/api/chat/', wsPath: '/b/ws/chat/' },
};
/** Whose something is. */
export interface Owner {
  tenant: Tenant;
  person: number;
}

interface SentMessage extends Owner {
  content: string;
  room: number;
  tab: Tab;
}

export interface Story {
  /** What a message of ours has become, by its text: every text is sent once. */
  sent: SentMessage[];
  discarded: Set<string>;
  retried: Set<string>;
}

export interface Tab {
  chat: Connection;
  kill: () => void;
  /** Which channels and locks its browser holds for it. */
  open: () => { channels: number; locks: number };
  /** Which backend its page names. */
  tenant: Tenant;
  /** Its browser keeps nothing, and lets no other tab hear of it. */
  isBlocked: boolean;
  isGone: boolean;
  /** How to leave each room that it shows. */
  leave: Map<number, () => void>;
  /** The token that it was given last. */
  token: string;
  /** Own messages that this tab has shown as stored. */
  confirmed: Set<string>;
  /** Own messages that this tab has shown: from then on they are not lost. */
  shown: Set<string>;
}

export type ConnectionClass = typeof Connection;

export class World {
  readonly clock = new FakeClock();
  readonly servers: Record<Tenant, ModelServer>;
  readonly browser: FakeBrowser;
  readonly vault = new MemoryVault();
  readonly tabs: Tab[] = [];
  readonly said: string[] = [];
  readonly story: Story = { sent: [], discarded: new Set(), retried: new Set() };
  /** Who has ever been here, as `<tenant><person>`. */
  readonly owners = new Map<string, Owner>();
  /** The user who is signed in at the site, in all tabs: the page gives that user's token. */
  person = ME;
  /** Steps of the story, and tabs that it has opened. */
  steps = 0;
  /** Whether the page can be asked for a token, and what it answers. */
  provider: 'good' | 'hangs' | 'throws' | 'stale' = 'good';
  askedAtOnce = 0;
  mostAskedAtOnce = 0;
  #tokens = 0;
  #seed: number;
  readonly #hasLatency: boolean;

  constructor(
    readonly ChatConnection: ConnectionClass,
    capabilities: readonly string[],
    seed: number,
  ) {
    this.servers = { a: new ModelServer(this.clock, capabilities, 'a'), b: new ModelServer(this.clock, capabilities, 'b') };
    this.#seed = seed;
    this.#hasLatency = seed % 4 !== 0;
    this.browser = new FakeBrowser(this.#hasLatency ? this.#later() : undefined);
    if (!this.#hasLatency) return;
    const later = this.#later();
    this.vault.latency = () => new Promise((resolve) => later(resolve));
  }

  /** What happens takes its time, and happens in its order. */
  #later(): (run: () => void) => void {
    let last = 0;
    return (run) => {
      const ms = this.random() * (this.random() < 0.03 ? LATENCY_MS.slow : LATENCY_MS.quick);
      last = Math.max(last, this.clock.now() + ms);
      this.clock.after(last - this.clock.now(), run);
    };
  }

  /** Where the story's first tab is. */
  get server(): ModelServer {
    return this.servers[this.tabs[0]?.tenant ?? 'a'];
  }

  get all(): ModelServer[] {
    return [this.servers.a, this.servers.b];
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

  newToken(tenant: Tenant = 'a', person = this.person): string {
    const token = tokenOf(person, { jti: `${SECRET}${++this.#tokens}`, tenant, exp: Math.floor(this.clock.now() / 1000) + 3_600 });
    this.servers[tenant].acceptToken(token, person);
    this.servers[tenant === 'a' ? 'b' : 'a'].foreignTokens.add(token);
    this.owners.set(`${tenant}${person}`, { tenant, person });
    return token;
  }

  refuseToken(): void {
    for (const server of this.all) for (const { token } of this.tabs) server.rejectToken(token);
  }

  async #provide(tab: Tab): Promise<string> {
    const { tenant } = tab;
    this.askedAtOnce++;
    try {
      const { provider } = this;
      if (provider === 'throws') throw new Error(`no token ${SECRET}`);
      if (provider === 'hangs') await new Promise((resolve) => this.clock.after(60_000, () => resolve(undefined)));
      if (provider === 'stale' && tab.tenant === tenant) return tab.token;
      const token = this.newToken(tenant);
      if (tab.tenant === tenant) tab.token = token;
      return token;
    } finally {
      this.askedAtOnce--;
    }
  }

  // ————— Tabs

  openTab({ tenant = this.tabs[0]?.tenant ?? 'a', isBlocked = false }: { tenant?: Tenant; isBlocked?: boolean } = {}): Tab {
    const { kill, open, ...parts } = this.browser.tab();
    const group = isBlocked ? {} : undefined;
    const { servers } = this;
    let asking = 0;
    const token = this.newToken(tenant);
    const chat = new this.ChatConnection(
      {
        url: 'https://chat.example',
        ...PATHS[tenant],
        token,
        tokenProvider: async () => {
          // One question of one tab at a time.
          this.mostAskedAtOnce = Math.max(this.mostAskedAtOnce, ++asking);
          return this.#provide(tab).finally(() => asking--);
        },
      },
      {
        clock: this.clock,
        random: this.random,
        WebSocket: class {
          constructor(url: string) {
            return servers[tenantAt(url)].connect(url, group) as never;
          }
        } as unknown as typeof WebSocket,
        fetch: (input, init) => servers[tenantAt(input instanceof Request ? input.url : String(input))].fetch(input, init),
        vault: isBlocked ? NO_VAULT : this.vault.handle(),
        // Every other such page (a sandboxed frame) has channels, though no other tab can be heard there.
        tabs: !isBlocked ? parts : this.steps % 2 ? BLOCKED : { ...BLOCKED, BroadcastChannel: new FakeBrowser().tab().BroadcastChannel },
      },
    );
    const tab: Tab = { chat, kill, open, tenant, isBlocked, isGone: false, leave: new Map(), token, confirmed: new Set(), shown: new Set() };
    for (const name of ['chat-state-change', 'chat-error', 'chat-message', 'chat-send', 'chat-send-failed', 'chat-unread-change'] as const) {
      chat.on(name, (happening) => this.#hear({ name, happening }));
    }
    chat.subscribe(() => this.#watch(tab));
    this.show(tab);
    chat.connect();
    this.tabs.push(tab);
    this.steps++;
    return tab;
  }

  /** A tab opens the rooms of the present user, as far as it has not; rooms of others stay open, as in a page that does not close them. */
  show(tab: Tab, rooms: readonly number[] = ROOMS_OF[this.person]!): void {
    for (const room of rooms) if (!tab.leave.has(room)) tab.leave.set(room, tab.chat.openRoom(room));
  }

  leave(tab: Tab, room: number): void {
    tab.leave.get(room)?.();
    tab.leave.delete(room);
  }

  /** A page's sign-in changes: its person, its tenant, or only its token. */
  signIn(tab: Tab, { tenant = tab.tenant, person = this.person }: Partial<Owner> = {}): void {
    this.person = person;
    tab.tenant = tenant;
    tab.token = this.newToken(tenant);
    tab.chat.configure({ ...PATHS[tenant], token: tab.token });
    this.#checkOwner(tab);
    this.show(tab);
  }

  /** As a crash does: nothing is said any more, and nothing can be. */
  crash(index: number): void {
    const [tab] = this.tabs.splice(index, 1);
    if (!tab) return;
    tab.kill();
    tab.isGone = true;
    tab.chat.disconnect();
  }

  /** After every change of what is shown. */
  #watch(tab: Tab): void {
    if (tab.isGone) return;
    for (const room of tab.chat.data.threads.keys()) {
      const shown = tab.chat.messages(room);
      const ids = shown.filter(({ delivery }) => delivery === 'sent').map(({ id }) => String(id));
      for (const { content, delivery } of shown) if (delivery !== 'sent') tab.shown.add(content);
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
    for (const { violations } of this.all) assert.deepEqual(violations, []);
    assert.ok(this.mostAskedAtOnce <= 1, 'two questions for a token at once');
    const minuteAgo = this.clock.now() - 60_000;
    const inTheLastMinute = (what: 'socketTimes' | 'requestTimes'): number => this.all.flatMap((server) => server[what].filter((time) => time > minuteAgo)).length;
    // One without a device and without company has its own.
    const alone = this.tabs.filter(({ isBlocked }) => isBlocked).length;
    const [sockets, requests] = [inTheLastMinute('socketTimes'), inTheLastMinute('requestTimes')];
    assert.ok(sockets <= MOST_SOCKETS * (1 + alone), `${sockets} sockets in a minute`);
    assert.ok(requests <= MOST_REQUESTS * Math.max(1, this.tabs.length), `${requests} requests in a minute`);
    const counted = this.steps + this.story.sent.length;
    assert.ok(this.vault.operations <= MOST_ASKED_OF_VAULT * counted, `the device was asked ${this.vault.operations} times in ${counted} steps`);
    assert.ok(this.browser.lockRequests <= MOST_ASKED_OF_LOCKS * counted, `locks were asked for ${this.browser.lockRequests} times in ${counted} steps`);
    // What a page could show, log or keep of it.
    const known = this.tabs.map(({ chat }) => [chat.data, chat.reason]);
    const told = [...this.said.splice(0), ...this.browser.messages.splice(0), text([known, [...this.vault.messages.values()], [...this.vault.drafts]])];
    assert.ok(!told.some((each) => each.includes(SECRET)), 'the token was told');
    this.#checkOwners();
  }

  /** Nothing of one person, or of one tenant, is shown to, kept for or told to another. */
  #checkOwners(): void {
    for (const tab of this.tabs) this.#checkOwner(tab);
    for (const { scope, message: kept } of this.vault.messages.values()) belongs(kept.content, scope, 'kept');
    for (const [scope, draft] of this.vault.drafts) belongs(draft, scope, 'kept as a draft');
    for (const { name, text: said } of this.browser.channelLog.splice(0)) belongs(said, name, 'told');
  }

  #checkOwner({ chat, tenant }: Tab): void {
    const { threads, rooms, user } = chat.data;
    const marks = marksIn(text([[...threads], rooms]));
    assert.ok(marks.every((each) => each === `${tenant}${user?.id}`), `${marks.join()} is shown to ${tenant}${user?.id}`);
  }

  #hear(what: unknown): void {
    this.said.push(text(what));
  }

  /** What a promise of ours was rejected with. */
  readonly hear = (thrown: unknown): void => this.#hear(thrown);

  /** When nothing is wrong any more, and there was time: for everybody who was ever here. */
  async checkInTheEnd(): Promise<void> {
    for (const server of this.all) server.heal();
    this.provider = 'good';
    // Messages that wait on the device need a tab that may read its storage.
    if (this.tabs.every(({ isBlocked }) => isBlocked)) this.openTab();
    // Who still waits for an answer of the page, or holds a line that is dead and does not know it, finds that out first.
    if (this.askedAtOnce > 0 || this.all.some(({ hasDeadSocket: hasDeadLine }) => hasDeadLine)) await this.clock.advance(36_000);
    const { tenant } = this.tabs[0]!;
    const isHere = (owner: Owner): boolean => owner.tenant === tenant && owner.person === this.person;
    const owners = [...this.owners.values()].sort((one, other) => Number(isHere(other)) - Number(isHere(one)));
    for (const owner of owners) await this.#checkFor(owner);
  }

  async #checkFor(owner: Owner): Promise<void> {
    const { tenant, person } = owner;
    for (const tab of this.tabs) {
      const isHere = tab.tenant === tenant && tab.chat.user?.id === person && tab.chat.state !== 'unauthorized';
      this.person = person;
      if (!isHere) this.signIn(tab, owner);
      this.show(tab);
    }
    await this.clock.advance(LONGEST_MS);
    for (const { chat } of this.tabs) assert.equal(chat.state, 'connected', chat.reason.message);
    await this.clock.advance(CHECK_MS);
    this.checkAlways();
    for (const { chat } of this.tabs) {
      assert.equal(chat.user?.id, person, 'who is here');
      for (const room of ROOMS_OF[person]!) this.#compare(chat, this.servers[tenant], room);
    }
    this.#checkSent(owner);
  }

  /** The screen equals the server. */
  #compare(chat: Connection, server: ModelServer, room: number): void {
    const shown = chat.messages(room).filter(({ delivery }) => delivery === 'sent');
    const held = server.history(room);
    const last = shown.length === 0 ? held : held.slice(-shown.length);
    assert.deepEqual(
      shown.map(({ id, content, reactions }) => ({ id, content, reactions: JSON.stringify(reactions ?? []) })),
      last.map(({ id, content, reactions }) => ({ id, content, reactions })),
      `room ${room}`,
    );
    const read = (messages: readonly { id: unknown; isRead: boolean }[]): unknown[] => messages.filter(({ isRead }) => isRead).map(({ id }) => id);
    if (this.isCounted) assert.deepEqual(read(shown.map((message) => ({ id: message.id, isRead: message.is_read && isMine(message, chat.user?.id) }))), read(last), `read in room ${room}`);
    const threads = chat.data.threads.get(String(room));
    assert.equal(shown.length < held.length, threads?.hasOlder ?? false, 'whether there is more');
    assert.equal(chat.rooms.find(({ id }) => id === room)?.unread_count, server.unread(room), `unread in room ${room}`);
  }

  /** Every message ended stored, refused or discarded; nothing stored twice; in the order in which it was written; as its author's. */
  #checkSent({ tenant, person }: Owner): void {
    const { discarded, retried } = this.story;
    const { rows } = this.servers[tenant];
    const sent = this.story.sent.filter((message) => message.tenant === tenant && message.person === person);
    const shown = this.tabs.flatMap(({ chat }) => ROOMS_OF[person]!.flatMap((room) => chat.messages(room)));
    for (const { content, tab } of sent) {
      const stored = rows.filter((row) => row.content === content).length;
      assert.ok(stored <= 1, `stored ${stored} times: ${content}`);
      if (stored === 1 || discarded.has(content)) continue;
      // What was not safe yet was not shown; and what only a tab's memory holds ends with the tab.
      if (tab.isGone && (tab.isBlocked || !tab.shown.has(content))) continue;
      assert.ok(
        shown.some((message) => message.content === content && message.delivery === 'failed'),
        `lost: ${content} is ${shown.find((message) => message.content === content)?.delivery ?? 'nowhere'}`,
      );
    }
    // Two tabs that take their time to hear of each other write in no order.
    const writers = this.#hasLatency || sent.some(({ tab }) => tab.isBlocked) ? [...new Set(sent.map(({ tab }) => tab))] : [undefined];
    for (const room of ROOMS_OF[person]!) {
      for (const writer of writers) {
        const mine = sent.filter((message) => message.room === room && (!writer || message.tab === writer) && !retried.has(message.content));
        const asked = mine.map(({ content }) => content);
        const got = rows.filter((row) => row.room === room && row.sender === person && asked.includes(row.content)).map(({ content }) => content);
        assert.deepEqual(got, asked.filter((content) => got.includes(content)), `order in room ${room}`);
      }
    }
  }

  /** Everything is taken down: nothing is left. */
  async checkAfter(): Promise<void> {
    for (const { chat, open } of this.tabs) {
      chat.disconnect();
      // What the device, or the browser, takes for the last things; the other tabs go on meanwhile.
      await this.clock.advance(this.#hasLatency ? 3_000 : 0);
      assert.deepEqual(open(), { channels: 0, locks: 0 }, 'a channel or a lock of one tab is left');
    }
    for (const { open } of this.all) assert.equal(open.length, 0, 'a socket is left');
    assert.equal(this.clock.pending, 0, 'a timer is left');
    assert.deepEqual(this.browser.open, { channels: 0, locks: 0 }, 'a channel or a lock is left');
    assert.deepEqual([this.vault.holders, this.vault.pending], [0, 0], 'the device is held');
  }
}

const tenantAt = (url: string): Tenant => (new URL(url).pathname.startsWith('/b/') ? 'b' : 'a');

/** @param scope of storage or of a channel: `<api> <socket> <person>`, somewhere in it. */
function belongs(content: string, scope: string, how: string): void {
  const [, path, person] = /:\/\/chat\.example(\/b)?\/api\/chat\/ \S+ (\d)/.exec(scope) ?? [];
  for (const whose of marksIn(content)) assert.equal(whose, `${path ? 'b' : 'a'}${person}`, `${content} is ${how} for ${scope}`);
}

/** All of it, errors too, which JSON leaves empty. */
const text = (what: unknown): string => JSON.stringify(what, (_key, value: unknown) => (value instanceof Error ? { ...value, message: value.message, stack: value.stack } : value)) ?? '';

const isMine = ({ sender }: ChatMessage, me: unknown): boolean => sender?.id === me;
