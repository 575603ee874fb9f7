/**
 * Converts the frames of our protocol (docs/PROTOCOL.md) to events, and commands to frames. Events and commands have
 * the names of their frames, written as usual in TypeScript: the frame `new_message` with its `room_id` is the event
 * `new-message` with its `roomId`.
 */
import {
  ChatFrames,
  decodeChatFrame,
  type ChangeFrame,
  type ChatFrame,
  type ClientFrame,
  type Decode,
  type FrameOf,
} from '../protocol/index.js';
import type { TransportCommand } from './transport-commands.js';
import type { ChangeEvent, ConnectedEvent, TransportEvent } from './transport-events.js';

const toCamelCase = (name: string): string =>
  name === '_tempId' ? 'localId' : name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

const toSnakeCase = (name: string): string =>
  name === 'localId' ? '_tempId' : name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Converts a valid frame. Only the fields of its schema: further fields of a frame are not validated. */
export function toEvent(frame: ChangeFrame): ChangeEvent;
export function toEvent(frame: FrameOf<'connection_established'>): ConnectedEvent;
export function toEvent(frame: ChatFrame): TransportEvent;
export function toEvent(frame: ChatFrame): TransportEvent {
  const event: Record<string, unknown> = { type: frame.type.replaceAll('_', '-') };
  for (const name in ChatFrames[frame.type]()._zod.def.shape) event[toCamelCase(name)] = frame[name as keyof ChatFrame];
  return (frame.type === 'room_list' ? { ...event, leftOut: frame.left_out } : event) as TransportEvent;
}

export const decodeEvent: Decode<TransportEvent> = (data) => {
  const { frame, problems } = decodeChatFrame(data);
  return { ...(frame && { frame: toEvent(frame) }), problems };
};

export function toFrame(command: TransportCommand): ClientFrame {
  const entries = Object.entries(command).map(([name, value]: [string, unknown]) => [toSnakeCase(name), value]);
  return { ...Object.fromEntries(entries), type: command.type.replaceAll('-', '_') } as ClientFrame;
}
