import type { Id } from '../protocol/index.js';
import type { Method } from '../session/index.js';
import type { ChatData, ChatMessage } from '../store/state.js';
import { ChatError } from '../transport/index.js';

export interface SendResult {
  method: Method;
  message: ChatMessage;
}

interface PendingSend {
  readonly sent: Promise<SendResult>;
  resolve(result: SendResult): void;
  reject(error: ChatError): void;
}

/** The promises of messages that are not stored yet, by local id. */
export class PendingSends {
  readonly #pending = new Map<string, PendingSend>();

  get(localId: string): Promise<SendResult> | undefined {
    return this.#pending.get(localId)?.sent;
  }

  add(localId: string): Promise<SendResult> {
    let pending!: Omit<PendingSend, 'sent'>;
    const sent = new Promise<SendResult>((resolve, reject) => (pending = { resolve, reject }));
    this.#pending.set(localId, { sent, ...pending });
    // Most callers watch the thread instead: for them a refusal is no unhandled rejection.
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
    this.reject(localId, new ChatError('discarded', 'The message was discarded before it was stored.'));
  }

  /** The user has signed out. @param isGone whether a message belongs to that user. Default: all do. */
  rejectOfFormerUser(isGone: (localId: string) => boolean = () => true): void {
    for (const localId of this.#pending.keys()) if (isGone(localId)) this.reject(localId, new ChatError('disconnected', 'Not sent: its author has signed out.'));
  }
}

/** The room that shows a message which is not stored. */
export function roomOfPending({ threads }: ChatData, localId: string): Id | undefined {
  for (const { timeline } of threads.values()) {
    const entry = timeline.findLast((candidate) => candidate.localId === localId && candidate.delivery !== 'sent');
    if (entry?.room !== undefined) return entry.room;
  }
  return undefined;
}
