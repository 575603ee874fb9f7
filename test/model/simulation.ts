/**
 * Simulates one browser with several tabs, two tenants on one origin and two users, and checks invariants: after every
 * event, and at the end.
 */
import assert from 'node:assert/strict';
import type { ChatConnection as Connection, ChatMessage } from '../../src/client/index.js';
import { tokenOf } from '../support/fake-backend.js';
import { BLOCKED, FakeBrowser } from '../support/fake-tabs.js';
import { FakeClock } from '../support/fake-clock.js';
import { MemoryStorage, NO_STORAGE } from '../support/memory-storage.js';
import { marksIn, ME, ModelServer, ROOMS_OF } from '../support/model-server.js';

/** Part of every token; must not appear anywhere else. */
const SECRET = 'S3CRET';
/** The longest backoff, plus 15 s: by then the client is connected. */
const MAX_RECONNECT_MS = 30_000 + 15_000;
/** The longest time until a lost frame is noticed (`checkMs`) and read again. */
const CHECK_MS = 61_000;
/** Limits per minute, whatever the faults. */
const MAX_SOCKETS = 70;
const MAX_REQUESTS = 400;

/** Limits for storage operations and lock requests: per event, message and tab. */
const MAX_STORAGE_OPERATIONS = 10;
const MAX_LOCK_REQUESTS = 10;
/** Latency of storage, locks and channels in ms; occasionally the slow one. */
const LATENCY_MS = { quick: 30, slow: 900 };

export type Tenant = 'a' | 'b';
const PATHS = {
  a: { apiPath: undefined, wsPath: undefined },
  b: { apiPath: '/b/api/chat/', wsPath: '/b/ws/chat/' },
};
/** The tenant and user that something belongs to. */
export interface Owner {
  tenant: Tenant;
  person: number;
}

interface SentMessage extends Owner {
  content: string;
  room: number;
  tab: Tab;
}

export interface Scenario {
  /** Sent messages. Every content is unique. */
  sent: SentMessage[];
  discarded: Set<string>;
  retried: Set<string>;
}

export interface Tab {
  chat: Connection;
  kill: () => void;
  /** The channels and locks held by the tab. */
  open: () => { channels: number; locks: number };
  /** The backend configured in the page. */
  tenant: Tenant;
  /** The browser blocks storage and tab APIs. */
  isBlocked: boolean;
  isGone: boolean;
  /** Functions to leave the open rooms. */
  leave: Map<number, () => void>;
  /** The latest token. */
  token: string;
  /** Own messages that this tab has shown as stored. */
  confirmed: Set<string>;
  /** Own messages that this tab has shown. From then on they must not be lost. */
  shown: Set<string>;
}

export type ConnectionClass = typeof Connection;

export class Simulation {
  readonly clock = new FakeClock();
  readonly servers: Record<Tenant, ModelServer>;
  readonly browser: FakeBrowser;
  readonly storage = new MemoryStorage();
  readonly tabs: Tab[] = [];
  readonly recorded: string[] = [];
  readonly scenario: Scenario = { sent: [], discarded: new Set(), retried: new Set() };
  /** All users so far, as `<tenant><user>`. */
  readonly owners = new Map<string, Owner>();
  /** The signed-in user of the site, in all tabs. */
  person = ME;
  /** Number of events and opened tabs. */
  events = 0;
  /** How the page's token provider behaves. */
  provider: 'good' | 'hangs' | 'throws' | 'stale' = 'good';
  pendingTokenRequests = 0;
  maxTokenRequests = 0;
  #tokens = 0;
  #seed: number;
  readonly #hasLatency: boolean;

  constructor(
    readonly ChatConnection: ConnectionClass,
    capabilities: readonly string[],
    seed: number,
  ) {
    this.servers = {
      a: new ModelServer(this.clock, capabilities, 'a'),
      b: new ModelServer(this.clock, capabilities, 'b'),
    };
    this.#seed = seed;
    this.#hasLatency = seed % 4 !== 0;
    this.browser = new FakeBrowser(this.#hasLatency ? this.#createLatency() : undefined);
    if (!this.#hasLatency) return;
    const later = this.#createLatency();
    this.storage.latency = () => new Promise((resolve) => later(resolve));
  }

  /** Adds random latency, keeping the order. */
  #createLatency(): (run: () => void) => void {
    let last = 0;
    return (run) => {
      const ms = this.random() * (this.random() < 0.03 ? LATENCY_MS.slow : LATENCY_MS.quick);
      last = Math.max(last, this.clock.now() + ms);
      this.clock.after(last - this.clock.now(), run);
    };
  }

  /** The server of the first tab. */
  get server(): ModelServer {
    return this.servers[this.tabs[0]?.tenant ?? 'a'];
  }

  get all(): ModelServer[] {
    return [this.servers.a, this.servers.b];
  }

  get hasSync(): boolean {
    return this.server.capabilities.includes('sync');
  }

  // ————— Randomness and tokens

  /** Deterministic per scenario. */
  readonly random = (): number => {
    this.#seed = (this.#seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return this.#seed / 2 ** 31;
  };

  newToken(tenant: Tenant = 'a', person = this.person): string {
    const token = tokenOf(person, {
      jti: `${SECRET}${++this.#tokens}`,
      tenant,
      exp: Math.floor(this.clock.now() / 1000) + 3_600,
    });
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
    this.pendingTokenRequests++;
    try {
      const { provider } = this;
      if (provider === 'throws') throw new Error(`no token ${SECRET}`);
      if (provider === 'hangs') await new Promise((resolve) => this.clock.after(60_000, () => resolve(undefined)));
      if (provider === 'stale' && tab.tenant === tenant) return tab.token;
      const token = this.newToken(tenant);
      if (tab.tenant === tenant) tab.token = token;
      return token;
    } finally {
      this.pendingTokenRequests--;
    }
  }

  // ————— Tabs

  openTab({
    tenant = this.tabs[0]?.tenant ?? 'a',
    isBlocked = false,
  }: { tenant?: Tenant; isBlocked?: boolean } = {}): Tab {
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
          // Token requests must not overlap within a tab.
          this.maxTokenRequests = Math.max(this.maxTokenRequests, ++asking);
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
        fetch: (input, init) =>
          servers[tenantAt(input instanceof Request ? input.url : String(input))].fetch(input, init),
        storage: isBlocked ? NO_STORAGE : this.storage.handle(),
        // In every other such page (a sandboxed frame), channels exist, but reach no other tab.
        tabs: !isBlocked
          ? parts
          : this.events % 2
            ? BLOCKED
            : { ...BLOCKED, BroadcastChannel: new FakeBrowser().tab().BroadcastChannel },
      },
    );
    const tab: Tab = {
      chat,
      kill,
      open,
      tenant,
      isBlocked,
      isGone: false,
      leave: new Map(),
      token,
      confirmed: new Set(),
      shown: new Set(),
    };
    for (const name of [
      'chat-state-change',
      'chat-error',
      'chat-message',
      'chat-send',
      'chat-send-failed',
      'chat-unread-change',
    ] as const) {
      chat.on(name, (happening) => this.#record({ name, happening }));
    }
    chat.subscribe(() => this.#checkScreen(tab));
    this.show(tab);
    chat.connect();
    this.tabs.push(tab);
    this.events++;
    return tab;
  }

  /** Opens the current user's rooms. Rooms of former users stay open, as in a page that does not close them. */
  show(tab: Tab, rooms: readonly number[] = ROOMS_OF[this.person]!): void {
    for (const room of rooms) if (!tab.leave.has(room)) tab.leave.set(room, tab.chat.openRoom(room));
  }

  leave(tab: Tab, room: number): void {
    tab.leave.get(room)?.();
    tab.leave.delete(room);
  }

  /** Changes the user, the tenant, or only the token. */
  signIn(tab: Tab, { tenant = tab.tenant, person = this.person }: Partial<Owner> = {}): void {
    this.person = person;
    tab.tenant = tenant;
    tab.token = this.newToken(tenant);
    tab.chat.configure({ ...PATHS[tenant], token: tab.token });
    this.#checkOwner(tab);
    this.show(tab);
  }

  /** Simulates a crash: the tab sends nothing more. */
  crash(index: number): void {
    const [tab] = this.tabs.splice(index, 1);
    if (!tab) return;
    tab.kill();
    tab.isGone = true;
    tab.chat.disconnect();
  }

  /** Checks every displayed state. */
  #checkScreen(tab: Tab): void {
    if (tab.isGone) return;
    for (const room of tab.chat.data.threads.keys()) {
      const shown = tab.chat.messages(room);
      const ids = shown.filter(({ delivery }) => delivery === 'sent').map(({ id }) => String(id));
      for (const { content, delivery } of shown) if (delivery !== 'sent') tab.shown.add(content);
      if (new Set(ids).size !== ids.length) this.server.violations.push(`duplicate id on screen: ${ids.join()}`);
      for (const { localId, delivery } of shown) {
        if (localId === null) continue;
        if (delivery === 'sent') tab.confirmed.add(localId);
        else if (tab.confirmed.has(localId)) this.server.violations.push('a confirmed message became unconfirmed');
      }
    }
  }

  // ————— Invariants

  /** After every event. */
  checkInvariants(): void {
    for (const { violations } of this.all) assert.deepEqual(violations, []);
    assert.ok(this.maxTokenRequests <= 1, 'concurrent token requests');
    const minuteAgo = this.clock.now() - 60_000;
    const inTheLastMinute = (what: 'socketTimes' | 'requestTimes'): number =>
      this.all.flatMap((server) => server[what].filter((time) => time > minuteAgo)).length;
    // A tab without tab APIs has a socket of its own.
    const alone = this.tabs.filter(({ isBlocked }) => isBlocked).length;
    const [sockets, requests] = [inTheLastMinute('socketTimes'), inTheLastMinute('requestTimes')];
    assert.ok(sockets <= MAX_SOCKETS * (1 + alone), `${sockets} sockets in a minute`);
    assert.ok(requests <= MAX_REQUESTS * Math.max(1, this.tabs.length), `${requests} requests in a minute`);
    const counted = this.events + this.scenario.sent.length;
    assert.ok(
      this.storage.operations <= MAX_STORAGE_OPERATIONS * counted,
      `${this.storage.operations} storage operations in ${counted} events`,
    );
    assert.ok(
      this.browser.lockRequests <= MAX_LOCK_REQUESTS * counted,
      `${this.browser.lockRequests} lock requests in ${counted} events`,
    );
    // Everything that a page could display, log or store.
    const known = this.tabs.map(({ chat }) => [chat.data, chat.reason]);
    const texts = [
      ...this.recorded.splice(0),
      ...this.browser.messages.splice(0),
      text([known, [...this.storage.messages.values()], [...this.storage.drafts]]),
    ];
    assert.ok(!texts.some((each) => each.includes(SECRET)), 'the token leaked');
    this.#checkOwners();
  }

  /** Data of one user or tenant must not be shown to, stored for or sent to another. */
  #checkOwners(): void {
    for (const tab of this.tabs) this.#checkOwner(tab);
    for (const { scope, message } of this.storage.messages.values()) assertOwner(message.content, scope, 'stored');
    for (const [scope, draft] of this.storage.drafts) assertOwner(draft, scope, 'stored as a draft');
    for (const { name, text: message } of this.browser.channelLog.splice(0)) assertOwner(message, name, 'sent');
  }

  #checkOwner({ chat, tenant }: Tab): void {
    const { threads, rooms, user } = chat.data;
    const marks = marksIn(text([[...threads], rooms]));
    assert.ok(
      marks.every((each) => each === `${tenant}${user?.id}`),
      `${marks.join()} shown to ${tenant}${user?.id}`,
    );
  }

  #record(what: unknown): void {
    this.recorded.push(text(what));
  }

  /** Records a rejected promise. */
  readonly recordRejection = (thrown: unknown): void => this.#record(thrown);

  /** After all faults are removed, for every user so far. */
  async checkFinalState(): Promise<void> {
    for (const server of this.all) server.heal();
    this.provider = 'good';
    // Stored messages need a tab that can read the storage.
    if (this.tabs.every(({ isBlocked }) => isBlocked)) this.openTab();
    // Pending token requests and dead sockets must time out first.
    if (this.pendingTokenRequests > 0 || this.all.some(({ hasDeadSocket }) => hasDeadSocket))
      await this.clock.advance(36_000);
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
    await this.clock.advance(MAX_RECONNECT_MS);
    for (const { chat } of this.tabs) assert.equal(chat.state, 'connected', chat.reason.message);
    await this.clock.advance(CHECK_MS);
    this.checkInvariants();
    for (const { chat } of this.tabs) {
      assert.equal(chat.user?.id, person, 'user');
      for (const room of ROOMS_OF[person]!) this.#compare(chat, this.servers[tenant], room);
    }
    this.#checkSent(owner);
  }

  /** Asserts that the screen equals the server. */
  #compare(chat: Connection, server: ModelServer, room: number): void {
    const shown = chat.messages(room).filter(({ delivery }) => delivery === 'sent');
    const held = server.history(room);
    const last = shown.length === 0 ? held : held.slice(-shown.length);
    assert.deepEqual(
      shown.map(({ id, content, reactions }) => ({ id, content, reactions: JSON.stringify(reactions ?? []) })),
      last.map(({ id, content, reactions }) => ({ id, content, reactions })),
      `room ${room}`,
    );
    const read = (messages: readonly { id: unknown; isRead: boolean }[]): unknown[] =>
      messages.filter(({ isRead }) => isRead).map(({ id }) => id);
    if (this.hasSync)
      assert.deepEqual(
        read(shown.map((message) => ({ id: message.id, isRead: message.is_read && isMine(message, chat.user?.id) }))),
        read(last),
        `read in room ${room}`,
      );
    const threads = chat.data.threads.get(String(room));
    assert.equal(shown.length < held.length, threads?.hasOlder ?? false, 'whether there is more');
    assert.equal(chat.rooms.find(({ id }) => id === room)?.unread_count, server.unread(room), `unread in room ${room}`);
  }

  /** Asserts that every message is stored, failed or discarded; stored at most once, in order, and as its author. */
  #checkSent({ tenant, person }: Owner): void {
    const { discarded, retried } = this.scenario;
    const { rows } = this.servers[tenant];
    const sent = this.scenario.sent.filter((message) => message.tenant === tenant && message.person === person);
    const shown = this.tabs.flatMap(({ chat }) => ROOMS_OF[person]!.flatMap((room) => chat.messages(room)));
    for (const { content, tab } of sent) {
      const stored = rows.filter((row) => row.content === content).length;
      assert.ok(stored <= 1, `stored ${stored} times: ${content}`);
      if (stored === 1 || discarded.has(content)) continue;
      // Messages that were never shown, or exist in the memory of a closed tab only, may be lost.
      if (tab.isGone && (tab.isBlocked || !tab.shown.has(content))) continue;
      assert.ok(
        shown.some((message) => message.content === content && message.delivery === 'failed'),
        `lost: ${content} is ${shown.find((message) => message.content === content)?.delivery ?? 'missing'}`,
      );
    }
    // With latency between tabs, the order is only defined per tab.
    const writers =
      this.#hasLatency || sent.some(({ tab }) => tab.isBlocked)
        ? [...new Set(sent.map(({ tab }) => tab))]
        : [undefined];
    for (const room of ROOMS_OF[person]!) {
      for (const writer of writers) {
        const mine = sent.filter(
          (message) => message.room === room && (!writer || message.tab === writer) && !retried.has(message.content),
        );
        const asked = mine.map(({ content }) => content);
        const got = rows
          .filter((row) => row.room === room && row.sender === person && asked.includes(row.content))
          .map(({ content }) => content);
        assert.deepEqual(
          got,
          asked.filter((content) => got.includes(content)),
          `order in room ${room}`,
        );
      }
    }
  }

  /** Asserts that nothing is left after disconnecting. */
  async checkDisposed(): Promise<void> {
    for (const { chat, open } of this.tabs) {
      chat.disconnect();
      // Time for pending operations; the other tabs continue meanwhile.
      await this.clock.advance(this.#hasLatency ? 3_000 : 0);
      assert.deepEqual(open(), { channels: 0, locks: 0 }, 'a tab has left a channel or lock');
    }
    for (const { open } of this.all) assert.equal(open.length, 0, 'a socket is left');
    assert.equal(this.clock.pending, 0, 'a timer is left');
    assert.deepEqual(this.browser.open, { channels: 0, locks: 0 }, 'a channel or lock is left');
    assert.deepEqual([this.storage.holders, this.storage.pending], [0, 0], 'the storage is still in use');
  }
}

const tenantAt = (url: string): Tenant => (new URL(url).pathname.startsWith('/b/') ? 'b' : 'a');

/** @param scope Of storage or a channel: contains `<api> <socket> <user>`. */
function assertOwner(content: string, scope: string, how: string): void {
  const [, path, person] = /:\/\/chat\.example(\/b)?\/api\/chat\/ \S+ (\d)/.exec(scope) ?? [];
  for (const whose of marksIn(content))
    assert.equal(whose, `${path ? 'b' : 'a'}${person}`, `${content} is ${how} for ${scope}`);
}

/** Serialises everything, including errors. */
const text = (what: unknown): string =>
  JSON.stringify(what, (_key, value: unknown) =>
    value instanceof Error ? { ...value, message: value.message, stack: value.stack } : value,
  ) ?? '';

const isMine = ({ sender }: ChatMessage, me: unknown): boolean => sender?.id === me;
