import type { Id } from '../protocol/index.js';
import type { Method } from '../model/index.js';
import type { ChatData, ChatMessage } from '../store/state.js';
import { ChatError } from '../transport/index.js';

export interface SendOptions {
  /** Id of the message that is replied to. */
  replyTo?: Id | undefined;
  /** Files, by `uploadId`: see `connection.uploads`. */
  attachments?: readonly string[] | undefined;
}

export interface SendResult {
  /** How the message was sent. */
  method: Method;
  /** The stored message. */
  message: ChatMessage;
}

interface PendingSend {
  readonly sent: Promise<SendResult>;
  resolve(result: SendResult): void;
  reject(error: ChatError): void;
}

/** The promises returned for unsent messages, by local id. */
export class PendingSends {
  readonly #pending = new Map<string, PendingSend>();

  get(localId: string): Promise<SendResult> | undefined {
    return this.#pending.get(localId)?.sent;
  }

  add(localId: string): Promise<SendResult> {
    let pending!: Omit<PendingSend, 'sent'>;
    const sent = new Promise<SendResult>((resolve, reject) => (pending = { resolve, reject }));
    this.#pending.set(localId, { sent, ...pending });
    // Callers may ignore the promise and watch the thread instead, so an error must not be an unhandled rejection.
    sent.catch(() => {});
    return sent;
  }

  resolve(localId: string, result: SendResult): void {
    this.#pending.get(localId)?.resolve(result);
    this.#pending.delete(localId);
  }

  reject(localId: string, error: ChatError): void {
    this.#pending.get(localId)?.reject(error);
    this.#pending.delete(localId);
  }

  rejectDiscarded(localId: string): void {
    this.reject(localId, new ChatError('discarded', 'The message was discarded.'));
  }

  /**
   * Rejects after a sign-out.
   * @param isFormer whether a message belongs to the former user. Default: all do.
   */
  rejectOfFormerUser(isFormer: (localId: string) => boolean = () => true): void {
    for (const localId of this.#pending.keys()) {
      if (isFormer(localId)) this.reject(localId, new ChatError('disconnected', 'The author has signed out.'));
    }
  }
}

/** The room of an unsent message. */
export function roomOfPending({ threads }: ChatData, localId: string): Id | undefined {
  for (const { timeline } of threads.values()) {
    const entry = timeline.findLast((candidate) => candidate.localId === localId && candidate.delivery !== 'sent');
    if (entry?.room !== undefined) return entry.room;
  }
  return undefined;
}
