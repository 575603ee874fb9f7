/** One user: a browser context, a fault proxy and a page of its own. */
import type { Browser, BrowserContext, CDPSession, Page } from 'puppeteer-core';
import { createFaultProxy, listen, type FaultProxy } from '../../demo/fault-proxy/fault-proxy.js';
import type { Name, Fault } from './plan.js';

/** Notifications from page.js. */
type PageEvent =
  | { is: 'ready' }
  | { is: 'accepted'; localId: string; room: number; content: string }
  | { is: 'refused'; localId: string; code?: string }
  | { is: 'sent'; method: string }
  | { is: 'state'; state: string }
  | { is: 'duplicate-event'; id: unknown }
  | { is: 'error'; code: string };

export interface Snapshot {
  state: string;
  reason: string;
  /** Numbers of messages not yet stored, and stored. */
  waiting: number;
  held: number;
  /** Duplicates. */
  duplicates: unknown[];
}

/** The API of page.js. */
interface Soak {
  send(list: { room: number; content: string }[]): void;
  snapshot(): Snapshot;
  loadAll(): Promise<void>;
  ids(): { room: number; ids: unknown[] }[];
}
declare global {
  interface Window {
    soak: Soak;
  }
}

export interface Meeting {
  browser: Browser;
  pageUrl: string;
  serverUrl: string;
  token: string;
  rooms: number[];
}

/** Timeout for operations of the page, in ms. */
const TIMEOUT_MS = 30_000;

export class Person {
  /** Messages reported as accepted by the page, by localId. */
  readonly accepted = new Map<string, { room: number; content: string }>();
  readonly refused = new Set<string>();
  /** Violations. */
  readonly violations: string[] = [];
  /** Counters of other events. */
  readonly counts = new Map<string, number>();
  readonly proxy: FaultProxy;
  #context!: BrowserContext;
  #page!: Page;
  #cdp!: CDPSession;
  #ready = Promise.resolve();
  #isReady: () => void = () => {};

  private constructor(
    readonly name: Name,
    proxy: FaultProxy,
  ) {
    this.proxy = proxy;
  }

  static async join(name: Name, { browser, pageUrl, serverUrl, token, rooms }: Meeting): Promise<Person> {
    const person = new Person(name, createFaultProxy({ target: serverUrl }));
    const url = await listen(person.proxy);
    person.#context = await browser.createBrowserContext();
    const page = (person.#page = await person.#context.newPage());
    page.setDefaultTimeout(TIMEOUT_MS);
    page.on('pageerror', (error) => person.violations.push(`page error: ${String(error)}`));
    await page.exposeFunction('soakHears', (text: string) => person.#hear(JSON.parse(text) as PageEvent));
    await page.evaluateOnNewDocument((setup) => Object.assign(window, { soakSetup: setup }), { url, token, rooms });
    // Both pages count as visible, whichever window is in front.
    person.#cdp = await page.createCDPSession();
    await person.#cdp.send('Emulation.setFocusEmulationEnabled', { enabled: true });
    await person.#cdp.send('Performance.enable');
    await person.#load(() => page.goto(pageUrl));
    return person;
  }

  #hear(heard: PageEvent): void {
    const count = (what: string): unknown => this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
    switch (heard.is) {
      case 'ready':
        return this.#isReady();
      case 'accepted':
        return void this.accepted.set(heard.localId, { room: heard.room, content: heard.content });
      case 'refused':
        this.refused.add(heard.localId);
        return void count(`refused: ${heard.code}`);
      case 'duplicate-event':
        return void this.violations.push(`two chat-message events for ${String(heard.id)}`);
      case 'sent':
        return void count(`sent by ${heard.method}`);
      case 'state':
        return void count(heard.state);
      case 'error':
        return void count(`problem: ${heard.code}`);
    }
  }

  async #load(go: () => Promise<unknown>): Promise<void> {
    this.#ready = new Promise((resolve) => (this.#isReady = resolve));
    const late = setTimeout(() => this.#isReady(), TIMEOUT_MS);
    await go();
    await this.#ready;
    clearTimeout(late);
  }

  /** Sends messages in immediate succession. Those interrupted by a reload do not count as accepted. */
  async send(list: { room: number; content: string }[]): Promise<void> {
    await this.#ready;
    await this.#page.evaluate((messages) => window.soak.send(messages), list).catch(() => {});
  }

  async snapshot(): Promise<Snapshot | undefined> {
    await this.#ready;
    const snapshot = await this.#page.evaluate(() => window.soak.snapshot()).catch(() => undefined);
    for (const one of snapshot?.duplicates ?? []) this.violations.push(`duplicate on screen: ${String(one)}`);
    return snapshot;
  }

  async loadAll(): Promise<void> {
    await this.#page.evaluate(() => window.soak.loadAll());
  }

  ids(): Promise<{ room: number; ids: unknown[] }[]> {
    return this.#page.evaluate(() => window.soak.ids());
  }

  reload(): Promise<void> {
    return this.#load(() => this.#page.reload());
  }

  /** Heap in use, in bytes, and other indicators of leaks. */
  async memory(): Promise<{ heap: number; nodes: number; listeners: number }> {
    await this.#cdp.send('HeapProfiler.collectGarbage');
    const { metrics } = await this.#cdp.send('Performance.getMetrics');
    const of = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? NaN;
    return { heap: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners') };
  }

  /** Starts a fault. @returns a function that ends it. */
  async startFault(trouble: Fault): Promise<() => Promise<unknown>> {
    const { proxy } = this;
    const heal = (): Promise<void> => proxy.heal();
    switch (trouble.is) {
      case 'cut':
        proxy.cut(trouble.how);
        return heal;
      case 'half-open':
        proxy.halfOpen(trouble.direction);
        return heal;
      case 'send-close':
        proxy.sendClose({ code: trouble.code, reason: 'soak' });
        return heal;
      case 'refused':
        await proxy.setListening(false);
        proxy.cut();
        return heal;
      case 'weather':
        proxy.set(trouble.set);
        if (trouble.cut) proxy.cut();
        return heal;
      case 'rules':
        for (const rule of trouble.rules) proxy.rule(rule);
        if (trouble.cut) proxy.cut();
        return heal;
      case 'offline':
        await this.#page.setOfflineMode(true);
        return () => this.#page.setOfflineMode(false);
      case 'reload':
        await this.reload();
        return heal;
    }
  }

  async leave(): Promise<void> {
    await this.#context.close();
    this.proxy.close();
  }
}
