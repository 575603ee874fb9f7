/** A message that the doctor has sent, to be edited, reacted to and deleted. */
import { isId } from '../internal/is-id.js';
import type { Id } from '../protocol/index.js';
import type { CheckId } from './checks.js';
import { isResponse, type RequestOptions, type RequestResult } from './raw-request.js';
import { isFrame, type ReceivedFrame, type RecordingSocket } from './recording-socket.js';
import { isRecord } from './shapes.js';
import { restFailure, type WriteContext } from './write-context.js';

export class SentMessage {
  private constructor(
    readonly write: WriteContext,
    readonly id: Id,
    readonly content: string,
  ) {}

  /** Sends a message over REST. @returns undefined if it is not stored. */
  static async send(write: WriteContext): Promise<SentMessage | undefined> {
    const message = write.createMessage();
    const failure = restFailure(await write.sendByRest(message));
    return failure || !isId(message.id) ? undefined : new SentMessage(write, message.id, message.content);
  }

  /** @param editedAt that of the version that is edited; undefined: whichever it is. */
  edit(content: string, editedAt: unknown, options: RequestOptions = {}): Promise<RequestResult> {
    return this.#request('', { ...options, method: 'PATCH', body: { content, edited_at: editedAt } });
  }

  react(emoji: string, on: boolean): Promise<RequestResult> {
    return this.#request('reactions/', { method: 'POST', body: { emoji, on } });
  }

  markUnread(): Promise<RequestResult> {
    return this.#request('mark_unread/', { method: 'POST', body: {} });
  }

  delete(): Promise<RequestResult> {
    return this.#request('', { method: 'DELETE' });
  }

  /** The route of the message, for messages of findings. */
  get route(): string {
    return this.write.context.routePath(this.#path);
  }

  get #path(): string {
    return `messages/${encodeURIComponent(this.id)}/`;
  }

  #request(path: string, options: RequestOptions): Promise<RequestResult> {
    return this.write.context.request(this.#path + path, options);
  }

  /**
   * Checks that a frame about this message arrives.
   * @param from the number of frames that had been received before the change.
   * @returns the frame.
   */
  async checkAnnounced(
    id: CheckId,
    matches: (frame: ReceivedFrame) => boolean,
    from: number,
    fix: string,
  ): Promise<ReceivedFrame | undefined> {
    const { context, socket } = this.write;
    context.startCheck(id);
    const frame = await this.#waitFor(socket, matches, from);
    if (frame) context.findings.pass(id);
    else if (!socket.isOpen) context.findings.skip('the server has closed the WebSocket', id);
    else context.findings.fail(id, 'The WebSocket, subscribed to the room, received no frame about the change.', fix);
    return frame;
  }

  async #waitFor(
    socket: RecordingSocket,
    matches: (frame: ReceivedFrame) => boolean,
    from: number,
  ): Promise<ReceivedFrame | undefined> {
    const isAboutThis = ({ message, message_id: id = isRecord(message) ? message['id'] : undefined }: ReceivedFrame) =>
      String(id) === String(this.id);
    const reply = await socket.waitFor(
      (frame) => matches(frame) && isAboutThis(frame),
      this.write.context.timing.answerMs,
      from,
    );
    return isFrame(reply) ? reply : undefined;
  }
}

/** Why a change over REST failed, as the predicate of a sentence; '' on success. */
export function changeFailure(result: RequestResult, expected = 200): string {
  if (!isResponse(result)) return `was not answered (${result.reason})`;
  if (result.status === expected) return '';
  const text = result.text.slice(0, 300);
  return `returned ${result.status} instead of ${expected}${text && `: ${text}`}`;
}

/** The body of a response as an object; empty if it is none. */
export const bodyOf = (result: RequestResult): Record<string, unknown> =>
  isResponse(result) && isRecord(result.json) ? result.json : {};
