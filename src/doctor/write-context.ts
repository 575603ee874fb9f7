/** What the checks share that send messages: a room, a socket that is subscribed to it, and the test messages. */
import type { Id } from '../protocol/index.js';
import type { CheckContext } from './check-context.js';
import { isResponse, type RequestResult } from './raw-request.js';
import {
  errorText,
  hasType,
  isFrame,
  type ReceivedFrame,
  type RecordingSocket,
  type Reply,
} from './recording-socket.js';

export interface TestMessage {
  readonly content: string;
  readonly tempId: string;
  /** Set once the server has stored the message. */
  id?: Id;
}

interface HistoryPage {
  messages: Record<string, unknown>[];
  body: Record<string, unknown>;
}

export class WriteContext {
  readonly testMessages: TestMessage[] = [];
  readonly #runId = crypto.randomUUID().slice(0, 8);

  constructor(
    readonly context: CheckContext,
    readonly socket: RecordingSocket,
    readonly room: Id,
  ) {}

  get roomPath(): string {
    return `rooms/${encodeURIComponent(this.room)}/`;
  }

  /** The beginning of the Idempotency-Key of an upload. */
  get uploadKey(): string {
    return `doctor-${this.#runId}-upload`;
  }

  /** Creates a message with unique content. */
  createMessage(): TestMessage {
    const number = this.testMessages.length + 1;
    const message = {
      content: `unified-chat doctor: a test message, please ignore (${this.#runId} ${number})`,
      tempId: `doctor-${this.#runId}-${number}`,
    };
    this.testMessages.push(message);
    return message;
  }

  /** Sends a message over the WebSocket. @returns the first reply: echo, acknowledgement or error. */
  async sendBySocket(message: TestMessage): Promise<Reply> {
    const { content, tempId } = message;
    const reply = await this.socket.request(
      { type: 'send_message', room_id: this.room, content, _tempId: tempId },
      (frame) => confirms(frame, message) || hasType('error')(frame),
      this.context.timing.answerMs,
    );
    if (isFrame(reply)) message.id ??= messageOf(reply)?.['id'] as Id | undefined;
    return reply;
  }

  /** Sends a message over REST, with an Idempotency-Key if the backend supports it. */
  async sendByRest(message: TestMessage): Promise<RequestResult> {
    const { content, tempId } = message;
    const headers: Record<string, string> = this.context.hasCapability('idempotent_send')
      ? { 'Idempotency-Key': tempId }
      : {};
    const body = { room: this.room, content, message_type: 'text' };
    const result = await this.context.request(`${this.roomPath}send_message/`, { method: 'POST', body, headers });
    if (isResponse(result)) message.id ??= (result.json as { id?: Id } | undefined)?.id;
    return result;
  }

  /** Reads the newest page of the room's history. */
  async readHistory(query = ''): Promise<HistoryPage | { reason: string }> {
    const path = `${this.roomPath}messages/`;
    const result = await this.context.request(`${path}?limit=50${query}`);
    if (!isResponse(result)) return { reason: result.reason };
    const body = result.json as Record<string, unknown> | null | undefined;
    if (result.status !== 200 || !Array.isArray(body?.['messages'])) {
      const noList = result.status === 200 ? ' without a list of messages' : '';
      return { reason: `GET ${this.context.routePath(path)} returned ${result.status}${noList}.` };
    }
    this.context.restBodies.push(['history', body]);
    return { messages: body['messages'] as Record<string, unknown>[], body };
  }
}

/** Whether a frame is the echo or the acknowledgement of a message. */
const confirms = (frame: ReceivedFrame, message: TestMessage): boolean =>
  isEcho(frame, message) || isAck(frame, message);

export const isEcho = (frame: ReceivedFrame, { content }: TestMessage): boolean =>
  hasType('new_message')(frame) && messageOf(frame)?.['content'] === content;

export const isAck = (frame: ReceivedFrame, { tempId }: TestMessage): boolean =>
  hasType('message_ack')(frame) && frame['_tempId'] === tempId;

export const messageOf = (frame: ReceivedFrame): Record<string, unknown> | undefined =>
  frame['message'] as Record<string, unknown> | undefined;

/** Why a message sent over the WebSocket failed, as the predicate of a sentence; '' on success. */
export function socketFailure(reply: Reply): string {
  if (reply === 'timeout') return 'was not answered';
  if (reply === 'closed') return 'closed the connection';
  return hasType('error')(reply) ? `was answered with an error: ${errorText(reply)}` : '';
}

/** As {@link socketFailure}, for a message sent over REST. */
export function restFailure(result: RequestResult): string {
  if (!isResponse(result)) return `was not answered (${result.reason})`;
  const isStored = result.status === 200 || result.status === 201;
  return isStored ? '' : `returned ${result.status}: ${result.text.slice(0, 300)}`;
}
