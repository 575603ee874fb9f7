/** One of the two: a browser context of their own (nothing is shared), a line to the backend of their own, and a page. */
import type { Browser, BrowserContext, CDPSession, Page } from 'puppeteer-core';
import { createFaultLine, listen, type FaultLine } from '../../demo/fault-proxy/fault-proxy.js';
import type { Name, Trouble } from './plan.js';

/** What page.js says by itself. */
type Heard =
  | { is: 'ready' }
  | { is: 'accepted'; localId: string; room: number; content: string }
  | { is: 'refused'; localId: string; code?: string }
  | { is: 'sent'; method: string }
  | { is: 'state'; state: string }
  | { is: 'told-twice'; id: unknown }
  | { is: 'error'; code: string };

export interface Look {
  state: string;
  reason: string;
  /** Messages that are not stored yet, and that are. */
  waiting: number;
  held: number;
  /** What is there twice. */
  twice: unknown[];
}

/** What page.js can do. */
interface Soak {
  send(list: { room: number; content: string }[]): void;
  look(): Look;
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

/** How long something of the page's may take, in milliseconds. */
const PATIENCE_MS = 30_000;

export class Person {
  /** What the page said it has accepted, by localId. */
  readonly accepted = new Map<string, { room: number; content: string }>();
  readonly refused = new Set<string>();
  /** What went wrong for good, in words. */
  readonly wrong: string[] = [];
  /** How often, of everything that is only counted. */
  readonly counts = new Map<string, number>();
  readonly line: FaultLine;
  #context!: BrowserContext;
  #page!: Page;
  #cdp!: CDPSession;
  #ready = Promise.resolve();
  #isReady: () => void = () => {};

  private constructor(
    readonly name: Name,
    line: FaultLine,
  ) {
    this.line = line;
  }

  static async join(name: Name, { browser, pageUrl, serverUrl, token, rooms }: Meeting): Promise<Person> {
    const person = new Person(name, createFaultLine({ target: serverUrl }));
    const url = await listen(person.line);
    person.#context = await browser.createBrowserContext();
    const page = (person.#page = await person.#context.newPage());
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('pageerror', (error) => person.wrong.push(`an error in the page: ${String(error)}`));
    await page.exposeFunction('soakHears', (text: string) => person.#hear(JSON.parse(text) as Heard));
    await page.evaluateOnNewDocument((setup) => Object.assign(window, { soakSetup: setup }), { url, token, rooms });
    // Both are being looked at, whichever window is in front.
    person.#cdp = await page.createCDPSession();
    await person.#cdp.send('Emulation.setFocusEmulationEnabled', { enabled: true });
    await person.#cdp.send('Performance.enable');
    await person.#load(() => page.goto(pageUrl));
    return person;
  }

  #hear(heard: Heard): void {
    const count = (what: string): unknown => this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
    switch (heard.is) {
      case 'ready':
        return this.#isReady();
      case 'accepted':
        return void this.accepted.set(heard.localId, { room: heard.room, content: heard.content });
      case 'refused':
        this.refused.add(heard.localId);
        return void count(`refused: ${heard.code}`);
      case 'told-twice':
        return void this.wrong.push(`was told twice of message ${String(heard.id)}`);
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
    const late = setTimeout(() => this.#isReady(), PATIENCE_MS);
    await go();
    await this.#ready;
    clearTimeout(late);
  }

  /** Writes messages, one after the other, without waiting for anything. Those that a reload interrupts were never accepted. */
  async send(list: { room: number; content: string }[]): Promise<void> {
    await this.#ready;
    await this.#page.evaluate((messages) => window.soak.send(messages), list).catch(() => {});
  }

  async look(): Promise<Look | undefined> {
    await this.#ready;
    const look = await this.#page.evaluate(() => window.soak.look()).catch(() => undefined);
    for (const one of look?.twice ?? []) this.wrong.push(`shows twice: ${String(one)}`);
    return look;
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

  /** What of the heap is still in use, in bytes; and what else tells of a leak. */
  async memory(): Promise<{ heap: number; nodes: number; listeners: number }> {
    await this.#cdp.send('HeapProfiler.collectGarbage');
    const { metrics } = await this.#cdp.send('Performance.getMetrics');
    const of = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? NaN;
    return { heap: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners') };
  }

  /** Lets something go wrong. @returns how to make it right again. */
  async suffer(trouble: Trouble): Promise<() => Promise<unknown>> {
    const { line } = this;
    const heal = (): Promise<void> => line.heal();
    switch (trouble.is) {
      case 'cut':
        line.cut(trouble.how);
        return heal;
      case 'half-open':
        line.halfOpen(trouble.way);
        return heal;
      case 'hang-up':
        line.hangUp({ code: trouble.code, reason: 'soak' });
        return heal;
      case 'refused':
        await line.listening(false);
        line.cut();
        return heal;
      case 'weather':
        line.set(trouble.set);
        if (trouble.cut) line.cut();
        return heal;
      case 'rules':
        for (const rule of trouble.rules) line.rule(rule);
        if (trouble.cut) line.cut();
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
    this.line.close();
  }
}
