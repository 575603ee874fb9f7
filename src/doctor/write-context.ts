/** Where messages are written: a room, a socket that hears of it, and a way to say something new each time. */
import type { Id } from '../protocol/index.js';
import { isAnswer, type Asked } from './raw-request.js';
import type { Exam } from './check-context.js';
import { errorText, isHeard, typed, type Heard, type Reply, type Talk } from './recording-socket.js';

/** A message that was sent. */
export interface Sample {
  readonly content: string;
  readonly tempId: string;
  id?: Id;
}

export class Desk {
  readonly samples: Sample[] = [];
  readonly #mark = crypto.randomUUID().slice(0, 8);

  constructor(
    readonly exam: Exam,
    readonly talk: Talk,
    readonly room: Id,
  ) {}

  get path(): string {
    return `rooms/${encodeURIComponent(this.room)}/`;
  }

  /** Words that are in no other message. */
  sample(): Sample {
    const number = this.samples.length + 1;
    const sample = { content: `unified-chat doctor: a test message, please ignore (${this.#mark} ${number})`, tempId: `doctor-${this.#mark}-${number}` };
    this.samples.push(sample);
    return sample;
  }

  /** Sends by socket. @returns the first answer: echo, acknowledgement, or error. */
  async bySocket(sample: Sample): Promise<Reply> {
    const { content, tempId } = sample;
    const reply = await this.talk.ask({ type: 'send_message', room_id: this.room, content, _tempId: tempId }, (heard) => isOf(heard, sample) || typed('error')(heard), this.exam.timing.answerMs);
    if (isHeard(reply)) sample.id ??= idOf(reply);
    return reply;
  }

  /** Sends by REST; under its id only where the backend knows what that is for. */
  async byRest(sample: Sample): Promise<Asked> {
    const { content, tempId } = sample;
    const headers: Record<string, string> = this.exam.has('idempotent_send') ? { 'Idempotency-Key': tempId } : {};
    const asked = await this.exam.ask(`${this.path}send_message/`, { method: 'POST', body: { room: this.room, content, message_type: 'text' }, headers });
    if (isAnswer(asked)) sample.id ??= (asked.json as { id?: Id } | undefined)?.id;
    return asked;
  }

  /** The newest messages of the room, as they came. */
  async history(query = ''): Promise<{ messages: Record<string, unknown>[]; body: Record<string, unknown> } | { because: string }> {
    const asked = await this.exam.ask(`${this.path}messages/?limit=50${query}`);
    if (!isAnswer(asked)) return { because: asked.because };
    const body = asked.json as Record<string, unknown> | null | undefined;
    if (asked.status !== 200 || !Array.isArray(body?.['messages'])) return { because: `GET ${this.exam.route(`${this.path}messages/`)} is answered with ${asked.status}${asked.status === 200 ? ' and no list of messages' : ''}.` };
    this.exam.saidByRest.push(['history', body]);
    return { messages: body['messages'] as Record<string, unknown>[], body };
  }
}

/** Whether a frame tells of a message, or acknowledges it. */
export const isOf = (heard: Heard, { content, tempId }: Sample): boolean =>
  (typed('new_message')(heard) && messageIn(heard)?.['content'] === content) || (typed('message_ack')(heard) && heard['_tempId'] === tempId);

export const isEcho = (heard: Heard, sample: Sample): boolean => typed('new_message')(heard) && isOf(heard, sample);

export const messageIn = (heard: Heard): Record<string, unknown> | undefined => heard['message'] as Record<string, unknown> | undefined;

const idOf = (heard: Heard): Id | undefined => messageIn(heard)?.['id'] as Id | undefined;

/** What became of a message sent by socket, in words, where it did not go well; '' where it did. */
export function socketFailure(reply: Reply): string {
  if (!isHeard(reply)) return reply === 'late' ? 'is not answered' : 'ends the connection';
  return typed('error')(reply) ? `is answered with an error: ${errorText(reply)}` : '';
}

/** The same by REST. */
export function restFailure(asked: Asked): string {
  if (!isAnswer(asked)) return `is not answered (${asked.because})`;
  return asked.status === 200 || asked.status === 201 ? '' : `is answered with ${asked.status}: ${asked.text.slice(0, 300)}`;
}
