/**
 * Simulates one browser with several tabs, two tenants on one origin and two users, and checks invariants: after every
 * event, and at the end.
 */
import assert from 'node:assert/strict';
import type { ChatConnection as Connection } from '../../src/client/index.js';
import type { Id } from '../../src/protocol/index.js';
import { tokenOf } from '../support/fake-backend.js';
import { BLOCKED, FakeBrowser } from '../support/fake-tabs.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { MemoryStorage, NO_STORAGE } from '../support/memory-storage.js';
import { marksIn, ME, ModelServer, ROOMS_OF } from '../support/model-server.js';
import type { Owner, Scenario, Tab, Tenant } from './scenario.js';
import { createGroups, fill } from './beginning.js';
import { checkScreen, checkStoredState } from './screen.js';

/** Part of every token; must not appear anywhere else. */
const SECRET = 'S3CRET';
/** Limits per minute, whatever the faults. */
const MAX_SOCKETS = 70;
const MAX_REQUESTS = 400;

/** Limits for storage operations and lock requests: per event, message and tab. */
const MAX_STORAGE_OPERATIONS = 10;
const MAX_LOCK_REQUESTS = 10;
/** Latency of storage, locks and channels in ms; occasionally the slow one. */
const LATENCY_MS = { quick: 30, slow: 900 };

/** The number of messages that a room has at the beginning: none, few, or more than a page. */
const HISTORY = [0, 4, 4, 120, 120];
/** `limits.edit_s`. Mostly, messages can be edited at any time. */
const EDIT_SECONDS = [undefined, undefined, undefined, 30];

const PATHS = {
  a: { apiPath: undefined, wsPath: undefined },
  b: { apiPath: '/b/api/chat/', wsPath: '/b/ws/chat/' },
};
export type ConnectionClass = typeof Connection;

export class Simulation {
  readonly clock = new FakeClock();
  readonly servers: Record<Tenant, ModelServer>;
  readonly browser: FakeBrowser;
  readonly storage = new MemoryStorage();
  readonly tabs: Tab[] = [];
  readonly recorded: string[] = [];
  readonly scenario: Scenario = {
    sent: [],
    discarded: new Set(),
    retried: new Set(),
    edits: [],
    opened: new Map(),
    files: new Map(),
  };
  /** All users so far, as `<tenant><user>`. */
  readonly owners = new Map<string, Owner>();
  /** The signed-in user of the site, in all tabs. */
  person = ME;
  /** Number of events and opened tabs. */
  events = 0;
  /** How the page's token provider behaves. */
  provider: 'good' | 'hangs' | 'throws' | 'stale' = 'good';
  /** Functions that undo deletions. */
  readonly undo: (() => void)[] = [];
  pendingTokenRequests = 0;
  maxTokenRequests = 0;
  #tokens = 0;
  #seed: number;
  readonly hasLatency: boolean;

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
    this.hasLatency = seed % 4 !== 0;
    for (const server of this.all) {
      if (capabilities.includes('manage_room') && seed % 2) createGroups(server);
      server.hasMe = capabilities.length > 0 && seed % 3 > 0;
      server.editSeconds = EDIT_SECONDS[seed % EDIT_SECONDS.length];
      fill(server, HISTORY[seed % HISTORY.length]!);
    }
    this.browser = new FakeBrowser(this.hasLatency ? this.#createLatency() : undefined);
    if (!this.hasLatency) return;
    for (const server of this.all) {
      server.latency = () => this.#latency();
      server.delayFrame = this.#createLatency();
    }
    const later = this.#createLatency();
    this.storage.latency = () => new Promise((resolve) => later(resolve));
  }

  #latency(): number {
    return this.random() * (this.random() < 0.03 ? LATENCY_MS.slow : LATENCY_MS.quick);
  }

  /** Adds random latency, keeping the order. */
  #createLatency(): (run: () => void) => void {
    let last = 0;
    return (run) => {
      last = Math.max(last, this.clock.now() + this.#latency());
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
    /** Pending token requests, by user: the answer for a former user is ignored, and is no reason to wait. */
    const asking = new Map<string, number>();
    const token = this.newToken(tenant);
    const chat = new this.ChatConnection(
      {
        url: 'https://chat.example',
        ...PATHS[tenant],
        token,
        tokenProvider: async () => {
          // Token requests must not overlap within a tab.
          const who = `${tab.tenant} ${tab.chat.user?.id}`;
          const count = (change: number): number => asking.set(who, (asking.get(who) ?? 0) + change).get(who)!;
          this.maxTokenRequests = Math.max(this.maxTokenRequests, count(1));
          return this.#provide(tab).finally(() => count(-1));
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
    chat.subscribe(() => checkScreen(tab, this.servers[tab.tenant]));
    this.show(tab);
    chat.connect();
    this.tabs.push(tab);
    this.events++;
    return tab;
  }

  /** Opens the current user's rooms. Rooms of former users stay open, as in a page that does not close them. */
  show(tab: Tab, rooms: readonly Id[] = ROOMS_OF[this.person]!): void {
    for (const room of rooms) if (!tab.leave.has(room)) tab.leave.set(room, tab.chat.openRoom(room));
  }

  leave(tab: Tab, room: Id): void {
    tab.leave.get(room)?.();
    tab.leave.delete(room);
  }

  /** Changes the user, the tenant, or only the token. */
  signIn(tab: Tab, { tenant = tab.tenant, person = this.person }: Partial<Owner> = {}): void {
    // All data is discarded: another tab may not know yet that a message was confirmed.
    if (tenant !== tab.tenant || String(tab.chat.user?.id) !== String(person)) tab.confirmed.clear();
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
    for (const tab of this.tabs) checkStoredState(tab, this.servers[tab.tenant]);
  }

  /** Data of one user or tenant must not be shown to, stored for or sent to another. */
  #checkOwners(): void {
    for (const tab of this.tabs) this.#checkOwner(tab);
    for (const { scope, message } of this.storage.messages.values()) assertOwner(message.content, scope, 'stored');
    for (const [scope, { name }] of this.storage.files.rows) assertOwner(name, scope, 'stored as a file');
    for (const [scope, draft] of this.storage.drafts) assertOwner(draft, scope, 'stored as a draft');
    for (const { name, text: message } of this.browser.channelLog.splice(0)) assertOwner(message, name, 'sent');
  }

  #checkOwner({ chat, tenant }: Tab): void {
    const { threads, rooms, uploads, user } = chat.data;
    const marks = marksIn(text([[...threads], rooms, [...uploads]]));
    assert.ok(
      marks.every((each) => each === `${tenant}${user?.id}`),
      `${marks.join()} shown to ${tenant}${user?.id}`,
    );
  }

  #record(what: unknown): void {
    this.recorded.push(text(what));
  }

  /** Ends with a promise, whose rejection is recorded, or earlier: the promise may need time. */
  settled(promise: Promise<unknown>): Promise<void> {
    void promise.catch(this.recordRejection);
    return settle();
  }

  /** Records a rejected promise. */
  readonly recordRejection = (thrown: unknown): void => this.#record(thrown);
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
