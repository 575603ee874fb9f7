/**
 * Delivers the messages of one person on one backend (a *scope*): first in first out per room, one at a time per room, so that
 * one author's messages are stored in the order in which they were written. Each is kept in the vault until the server has
 * stored it. Of all tabs of one person one sends (`lead`); the others hand over what is written in them, and are told what
 * became of it.
 *
 * An outbox never changes its scope: another person has another outbox, and the session has at most one of them open. A closed
 * outbox sends, shows and tells nothing, even when an answer that it waited for arrives.
 *
 * A message goes by socket where there is one, and waits there for its confirmation: the echo (`new_message`) or
 * `message_ack`, whichever comes first. When neither comes it goes by REST, under the same name (second-chances.ts). A
 * backend with `idempotent_send` recognises that name; for any other one we look into the history first, because the first
 * try may have been stored though nobody told us.
 */
import { idKey, type FrameOf, type Id, type Message } from '../protocol/index.js';
import { toChatError } from '../transport/index.js';
import { backoff } from './backoff.js';
import type { Method, Outgoing, SessionEvent } from './events.js';
import { forgetOldest } from './forget-oldest.js';
import type { Inside } from './inside.js';
import { loadLater } from './load-later.js';
import type { Item, Outcome, OutboxInside, Queue } from './outbox-inside.js';
import type { SecondChances } from './second-chances.js';
import type { TabMessage } from './tabs.js';
import { keptOf, STALE_MS, type Kept, type Vault } from './vault.js';

/** The longest that a server may ask to wait, in milliseconds (see `retryAfter`). */
const MAX_PATIENCE_MS = 300_000;

const NEVER = (): void => {};

export class Outbox implements OutboxInside {
  readonly queues = new Map<string, Queue>();
  readonly #vault: Vault;
  /** Server id → localId of messages that were recognised as ours, so that none is taken for two. */
  readonly #recognised = new Map<string, string>();
  /** Given up here, perhaps while it was put aside. */
  readonly #givenUp = new Set<string>();
  /** Aborts when another person takes the place of this one. */
  #open = AbortSignal.abort();
  #close = NEVER;
  /** Aborts the requests that are under way for messages. */
  #abort = new AbortController();
  /** This tab sends, or is to as soon as what was left from before is there. */
  #mayLead = false;
  leads = false;
  /** What was left from before, or written in another tab, could not be brought up. */
  #isBehind = false;
  #chances: SecondChances | undefined;
  /** Counts the calls of `lead`, so that only the last one has its way. */
  #turn = 0;
  #adding: Promise<void> = Promise.resolve();
  /** Messages that the device is taking its time over. */
  readonly #beingKept = new Set<string>();
  /** Who has taken over what was written here. */
  #heir: Outbox | undefined;
  /** Drafts of a user who is not known yet; and the callers that wait for one until the user is known. */
  readonly #drafts = new Map<string, { roomId: Id; text: string }>();
  readonly #asking = new Set<() => void>();
  /** Messages that were not sent, because their author may have left. `purge` replaces the array: what was read before is not brought up. */
  #leftBehind: Kept[] = [];

  /** @param scope which backend, and which person there; empty as long as the person is not known: then the vault keeps nothing. */
  constructor(
    readonly session: Inside,
    vault: Vault,
    readonly scope: string,
  ) {
    this.#vault = vault;
  }

  /** Its author is here: what waits in the vault for them, or here since the last time, comes up again. */
  async open(): Promise<void> {
    if (this.leads) return this.#announce();
    if (this.#open.aborted) {
      const closing = new AbortController();
      this.#open = closing.signal;
      this.#close = () => closing.abort();
      const items = [...this.#waiting(), ...(this.#chances?.refusedMessages ?? [])];
      if (items.length > 0) this.report({ type: 'restored', messages: items.map(keptOf) });
    }
    const open = this.#open;
    await this.#restore(open);
    if (!open.aborted) this.#announce();
  }

  /** Its author may have left: nothing of it is sent, shown or told until `open`. The messages stay. */
  close(): void {
    this.#close();
    for (const answer of this.#asking) answer();
    this.#asking.clear();
    void this.lead(false);
  }

  /** Whether nothing here waits to be sent, or for its author. */
  get isEmpty(): boolean {
    return this.#beingKept.size + this.#waiting().length + this.#leftBehind.length + (this.#chances?.refusedMessages.length ?? 0) === 0;
  }

  /** Tells the store; not while another user is signed in. */
  report(event: SessionEvent): void {
    if (!this.#open.aborted) this.session.report(event);
  }

  /** Tells the other tabs of this person. */
  tell(message: TabMessage): void {
    if (!this.#open.aborted) this.session.tell(message);
  }

  /** Takes over what was written before it was known that this is its author. */
  async adopt(other: Outbox): Promise<void> {
    other.#heir = this;
    for (const { roomId, text } of other.#drafts.values()) void this.keepDraft(roomId, text);
    other.#drafts.clear();
    const items = other.#waiting();
    for (const item of items) {
      other.remove(item.localId)?.answer?.({ is: 'unknown' });
      this.#queueOf(item.roomId).items.push({ ...item, answer: undefined });
    }
    // Stored already: it would stay on the device for ever.
    for (const item of items) if (this.find(item.localId)) await this.keep(item);
  }

  /** There is a new token that does not name its user: only their author may send the waiting messages again. @returns their local ids. */
  disown(): string[] {
    const items = this.#waiting();
    for (const item of items) {
      this.remove(item.localId)?.answer?.({ is: 'unknown' });
      this.#leave(item);
    }
    return [...this.#beingKept, ...items.map(({ localId }) => localId)];
  }

  #leave(message: Kept): void {
    this.#leftBehind.push({ ...keptOf(message), refused: { code: 'disconnected', message: 'Not sent: the sign-in has changed.' } });
  }

  /** Hands over to the tab that sends what was written here while that tab could not be told. */
  #announce(): void {
    for (const item of this.#waiting()) this.tell({ kind: 'added', kept: keptOf(item) });
  }

  /** From now on this tab sends, or does not any more. */
  async lead(on: boolean): Promise<void> {
    const turn = ++this.#turn;
    const open = this.#open;
    this.#mayLead = on;
    this.leads = false;
    if (!on) return this.pause();
    // Written in a tab that is gone, and we were not told: before anything of ours is sent.
    await this.#restore(open);
    if (turn !== this.#turn || open.aborted || this.#isBehind) return;
    this.leads = true;
    this.wake();
  }

  /** Brings up what the device has kept of this person; what another tab gave up meanwhile is given up here. */
  async #restore(open: AbortSignal): Promise<void> {
    const leftBehind = this.#leftBehind;
    const kept = this.scope ? await this.#vault.load(this.scope) : leftBehind.splice(0);
    if (open.aborted || leftBehind !== this.#leftBehind) return;
    for (const message of kept) {
      if (this.#givenUp.has(message.localId) && !message.discarded) this.#bury(message);
      if (message.discarded) this.discarded(message.localId);
    }
    this.#isBehind = false;
    if (kept.length === 0 && this.#waiting().length === 0) return;
    const chances = await this.secondChances().catch(NEVER);
    if (open.aborted || leftBehind !== this.#leftBehind) return;
    if (chances) chances.restore(kept.filter(({ discarded }) => !discarded));
    else this.#isBehind = true;
  }

  #waiting(): Item[] {
    return [...this.queues.values()].flatMap(({ items }) => items);
  }

  /** @throws {ChatError} `unreachable`, where their code cannot be had now. */
  async secondChances(): Promise<SecondChances> {
    const { SecondChances } = await loadLater();
    return (this.#chances ??= new SecondChances(this));
  }

  /**
   * Keeps a message, and sends it in its turn, now or as soon as there is a way. Answers come as `stored` or `refused`.
   * @param shown called when it is kept: only then may it be shown as being sent. Not called where its author has left.
   */
  add(outgoing: Outgoing, shown: () => void): Promise<void> {
    const session = this.session;
    const kept: Kept = { ...outgoing, at: session.clock.now(), after: session.newest(outgoing.roomId), named: session.has('idempotent_send') };
    return this.#add(kept, shown);
  }

  #add(kept: Kept, shown: () => void): Promise<void> {
    const open = this.#open;
    // One after the other, however long the device takes over each: in the order in which they were written.
    this.#beingKept.add(kept.localId);
    return (this.#adding = this.#adding.catch(NEVER).then(async () => {
      await this.keep(kept).finally(() => this.#beingKept.delete(kept.localId));
      if (open.aborted && !this.scope) {
        // Written before its author was known. By now the author is known, or may have left.
        if (this.#heir) return this.#heir.#add(kept, shown);
        return this.#leave(kept);
      }
      if (!this.#open.aborted) shown();
      this.tell({ kind: 'added', kept });
      this.push(kept);
    }));
  }

  /** The draft of a room. Waits until the user is known. Empty if there is none, or if another user has signed in meanwhile. */
  async draft(roomId: Id): Promise<string> {
    const waiting = this.#drafts.get(idKey(roomId));
    if (waiting) return waiting.text;
    if (!this.scope && !this.#open.aborted) await new Promise<void>((answer) => this.#asking.add(answer));
    if (this.#heir) return this.#heir.draft(roomId);
    const text = this.scope && (await this.#vault.draft(this.scope, roomId));
    return this.#open.aborted ? '' : text;
  }

  /** Keeps a draft: in memory until the user is known, then on the device. */
  async keepDraft(roomId: Id, text: string): Promise<void> {
    if (this.scope) return this.#vault.putDraft(this.scope, roomId, text);
    this.#drafts.set(idKey(roomId), { roomId, text });
    forgetOldest(this.#drafts);
  }

  /** The device is to be forgotten. @returns when everything that was written is in line, to be discarded. */
  purge(): Promise<void> {
    this.#drafts.clear();
    this.#leftBehind = [];
    this.tell({ kind: 'purged' });
    return this.#adding.catch(NEVER);
  }

  async keep(message: Kept): Promise<void> {
    if (this.scope) await this.#vault.put(this.scope, keptOf(message));
  }

  /** Sends a refused message again. @returns whether there was one. */
  retry(localId: string): boolean {
    return this.#chances?.retry(localId) ?? false;
  }

  /** What another tab says. */
  onTab(message: TabMessage): Promise<void> {
    const open = this.#open;
    return this.secondChances().then(
      (chances) => {
        if (!open.aborted) chances.onTab(message);
      },
      () => void (this.#isBehind = true),
    );
  }

  push(kept: Kept & Pick<Item, 'left'>): void {
    const queue = this.#queueOf(kept.roomId);
    queue.items.push({ ...kept, failures: 0, crashes: 0 });
    void this.#drain(queue);
  }

  find(localId: string): Item | undefined {
    for (const { items } of this.queues.values()) {
      const item = items.find((candidate) => candidate.localId === localId);
      if (item) return item;
    }
    return undefined;
  }

  /** Whether a message is known to be stored: another tab may say only then that it was written. */
  isStored(localId: string): boolean {
    return [...this.#recognised.values()].includes(localId);
  }

  /** Takes a message out of its queue. */
  remove(localId: string): Item | undefined {
    const item = this.find(localId);
    if (item) {
      const { items } = this.#queueOf(item.roomId);
      items.splice(items.indexOf(item), 1);
    }
    return item;
  }

  /** Forgets a message that is not stored yet. One that has left may still arrive. @returns whether there was one. */
  discard(localId: string): boolean {
    const item = this.#drop(localId);
    this.#givenUp.add(localId);
    forgetOldest(this.#givenUp);
    if (!item) return false;
    this.#bury(item);
    this.tell({ kind: 'discard', localId });
    return true;
  }

  /** Keeps, without its words, what nobody may send any more. */
  #bury(message: Kept): void {
    message.discarded = true;
    void this.keep({ ...message, content: '', at: this.session.clock.now() });
  }

  /** Another tab has given it up. */
  discarded(localId: string): void {
    const item = this.#drop(localId);
    if (item) this.report({ type: 'discarded', localId, roomId: item.roomId });
  }

  #drop(localId: string): Item | undefined {
    const item = this.#chances?.takeRefused(localId) ?? this.remove(localId);
    if (!item) return undefined;
    item.discarded = true;
    item.answer?.({ is: 'unknown' });
    return item;
  }

  /** Something works again: whatever waits is tried now. */
  wake(): void {
    if (this.#isBehind) void (this.#mayLead ? this.lead(true) : this.#restore(this.#open));
    for (const queue of this.queues.values()) {
      if (queue.busy) queue.woken = true;
      else void this.#drain(queue);
    }
  }

  /** Pauses: requests under way are given up, timers cleared; the messages stay. `wake` goes on. */
  pause(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.socketEnded();
    for (const queue of this.queues.values()) queue.cancelRetry();
  }

  /** The socket is gone: nobody will confirm what went that way. */
  socketEnded(): void {
    for (const { items } of this.queues.values()) items[0]?.answer?.({ is: 'unknown' });
  }

  /**
   * Looks whether a message from the server, live or from the history, is one of those on their way.
   * @param tempId the id that came with it, inside the message or beside it.
   * @returns the id under which it was sent, if so.
   */
  recognise(roomId: Id, message: Message, tempId = message._tempId): string | undefined {
    const known = this.#recognised.get(idKey(message.id));
    if (known) return known;
    const item = this.queues.get(idKey(roomId))?.items.find((candidate) => {
      if (tempId) return candidate.localId === tempId;
      return candidate.left && (!this.isNamed(candidate) || this.isStale(candidate)) && this.#chances?.isCopy(candidate, message);
    });
    if (!item) return tempId;
    this.settle(item, message);
    return item.localId;
  }

  /** An `error` frame. */
  failed(frame: FrameOf<'error'>): void {
    const { signal } = this.#abort;
    void this.secondChances().then((chances) => signal.aborted || chances.failed(frame), NEVER);
  }

  #queueOf(roomId: Id): Queue {
    const key = idKey(roomId);
    let queue = this.queues.get(key);
    if (!queue) this.queues.set(key, (queue = { items: [], busy: false, woken: false, notBefore: 0, cancelRetry: NEVER }));
    return queue;
  }

  async #drain(queue: Queue): Promise<void> {
    queue.cancelRetry();
    if (queue.busy || !this.leads) return;
    const { clock } = this.session;
    const patienceMs = queue.notBefore - clock.now();
    // More than a server may ask for: the clock was set back.
    if (patienceMs > 0 && patienceMs <= MAX_PATIENCE_MS) {
      queue.cancelRetry = clock.after(patienceMs, () => void this.#drain(queue));
      return;
    }
    queue.busy = true;
    let item: Item | undefined;
    // Another tab may have taken over while this one waited.
    while (this.leads && (item = queue.items[0])) {
      queue.woken = false;
      const { signal } = this.#abort;
      const outcome = await this.#deliver(item, signal);
      if (item.discarded || queue.items[0] !== item) continue;
      if (outcome.is === 'later' || outcome.is === 'unknown') {
        const ms = outcome.is === 'later' ? outcome.ms : 0;
        if (outcome.is === 'later' && outcome.isAsked) queue.notBefore = clock.now() + (ms ?? 0);
        else if (queue.woken) continue;
        if (ms !== null && !signal.aborted) queue.cancelRetry = clock.after(ms, () => void this.#drain(queue));
        break;
      }
      queue.items.shift();
      if (outcome.is === 'stored') this.#stored(item, outcome);
      else this.#chances?.refused(item, outcome.error);
    }
    queue.busy = false;
  }

  #stored(item: Item, { message, method, meanwhile = [] }: Extract<Outcome, { is: 'stored' }>): void {
    if (this.scope) void this.#vault.delete(this.scope, item.localId);
    this.tell({ kind: 'stored', kept: keptOf(item), message, method });
    this.#reportStored(item, { message, method });
    for (const frame of meanwhile) this.report({ type: 'frame', frame });
  }

  #reportStored({ localId, roomId }: Item, { message, method }: { message: Message; method: Method }): void {
    this.report({ type: 'stored', localId, roomId, message, method });
  }

  async #deliver(item: Item, signal: AbortSignal): Promise<Outcome> {
    try {
      const earlier = await ((item.left || item.stored || this.isStale(item)) && (await this.secondChances()).search(item, signal));
      // Discarded while we looked for it: it must not leave any more.
      if (earlier || item.discarded) return earlier || { is: 'unknown' };
      const outcome = await this.#bySocket(item, signal);
      if (outcome.is !== 'unknown' || item.discarded) return outcome;
      return await (await this.secondChances()).withoutSocket(item, signal);
    } catch (thrown) {
      if (signal.aborted) return { is: 'later', ms: null };
      return this.#chances?.setback(item, toChatError(thrown)) ?? { is: 'later', ms: backoff(++item.failures, this.session.random) };
    }
  }

  #bySocket(item: Item, signal: AbortSignal): Promise<Outcome> {
    const { roomId, content, replyTo, localId } = item;
    return new Promise((resolve) => {
      const frame = { type: 'send_message' as const, room_id: roomId, content, ...(replyTo != null && { reply_to: replyTo }), _tempId: localId };
      if (signal.aborted) return resolve({ is: 'later', ms: null });
      if (!this.session.send(frame)) return resolve({ is: 'unknown' });
      item.left = 'websocket';
      const cancel = this.session.clock.after(this.session.timing.confirmMs, () => {
        this.session.doubt();
        item.answer?.({ is: 'unknown' });
      });
      item.answer = (outcome) => {
        cancel();
        item.answer = undefined;
        resolve(outcome);
      };
    });
  }

  /** Whether a message has waited so long that its author decides whether it is still to be sent. */
  isStale(item: Item): boolean {
    return this.session.clock.now() - item.at > STALE_MS;
  }

  /** Whether the backend recognises messages by their names; it may have said so before this page was loaded. */
  isRecognising(item: Item): boolean {
    return item.named || this.session.has('idempotent_send');
  }

  /** Whether it would recognise this one, whichever way it has left. */
  isNamed(item: Item): boolean {
    return !item.unnamed && this.isRecognising(item);
  }

  settle(item: Item, message: Message): void {
    item.stored = message;
    this.#recognised.set(idKey(message.id), item.localId);
    forgetOldest(this.#recognised);
    const outcome = { is: 'stored', message, method: item.left ?? 'websocket' } as const;
    item.onSettled?.();
    item.answer?.(outcome);
    // Another tab sends, and this one may have missed its word.
    if (!this.leads && this.remove(item.localId)) this.#reportStored(item, outcome);
  }
}
