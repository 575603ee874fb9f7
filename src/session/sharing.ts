/**
 * One socket for all tabs: whoever holds it passes on every text that comes in, and sends what the others ask to be sent.
 * Loaded only where there is a second tab.
 */
import { CloseCode, type ClientFrame } from '../protocol/index.js';
import type { AuthenticatedSocket } from '../transport/index.js';
import type { Line, OpenSocket } from './line.js';
import type { TabLink, TabMessage } from './tabs.js';

/** The side of the tab that has the socket. */
export class Leader {
  readonly #link: TabLink;
  readonly #line: () => Line | undefined;

  /** @param line the present socket, if there is one. */
  constructor(link: TabLink, line: () => Line | undefined) {
    this.#link = link;
    this.#line = line;
    this.greet();
  }

  /** What another tab says. */
  onTab(message: TabMessage): void {
    if (message.kind === 'join') this.greet();
    if (message.kind === 'send') this.#line()?.send(message.frame);
  }

  /** Something came in on the socket. */
  text(text: unknown): void {
    this.#link.tell({ kind: 'text', text });
  }

  ended(): void {
    this.#link.tell({ kind: 'ended' });
  }

  /** Says whether there is a socket, and what the server said at first. */
  greet(): void {
    const line = this.#line();
    this.#link.tell({ kind: 'greeting', text: line?.isUp ? line.greeting : null });
  }
}

/** How long the tab that has the socket may say nothing at all, in milliseconds. */
const SILENCE_MS = 3_000;

export interface FollowerParts {
  link: TabLink;
  /** Hands the socket the messages of the other tabs. @returns how to stop. */
  listen(onTab: (message: TabMessage) => void): () => void;
  after(ms: number, run: () => void): () => void;
  /** The tab that has the socket does not answer. */
  onSilence(): void;
}

/** The side of a tab that has no socket: to its session it looks like one. */
export const follow =
  ({ link, listen, after, onSilence }: FollowerParts): OpenSocket =>
  ({ decode, onAlive, onFrame, onProblem, onEnd }): AuthenticatedSocket<ClientFrame> => {
    let isUp = false;
    let ended = false;
    const finish = (code: number, reason: string): void => {
      if (ended) return;
      ended = true;
      stop();
      cancel();
      onEnd({ code, reason });
    };
    const read = (text: unknown): void => {
      onAlive?.(text);
      const { frame, problems } = decode(text);
      for (const problem of problems) onProblem?.(problem);
      if (frame) onFrame(frame);
    };
    const stop = listen((message) => {
      cancel();
      if (message.kind === 'greeting' && message.text !== null && !isUp) {
        isUp = true;
        read(message.text);
      } else if (message.kind === 'text' && isUp) read(message.text);
      else if (message.kind === 'ended' && isUp) finish(CloseCode.abnormal, '');
    });
    const cancel = after(SILENCE_MS, onSilence);
    link.tell({ kind: 'join' });
    return {
      send(frame) {
        // A token never leaves the tab that it was given to. And the answer to `sync` does not say to whom it is given: another
        // tab, which knows more or less, would take it for its own. Its own REST tells each the same.
        if (ended || !isUp || frame.type === 'authenticate' || frame.type === 'sync') return false;
        // The room may be open in another tab.
        if (frame.type !== 'unsubscribe_room') link.tell({ kind: 'send', frame });
        return true;
      },
      end: finish,
    };
  };
