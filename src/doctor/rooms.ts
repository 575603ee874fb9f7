/** Reads room lists, which have the same form over WebSocket and REST. */
import type { Id } from '../protocol/index.js';
import { isId } from '../internal/is-id.js';
import { isRecord } from './shapes.js';

export interface ListedRoom {
  readonly id: Id;
  readonly name: string;
  readonly unread: number;
}

/** The body of `GET rooms/`: an array, or one page of a paginated list; undefined for anything else. */
export function readRoomPage(json: unknown): { results: unknown[]; next: string | null } | undefined {
  if (Array.isArray(json)) return { results: json, next: null };
  if (!isRecord(json) || !Array.isArray(json['results'])) return undefined;
  return { results: json['results'], next: typeof json['next'] === 'string' ? json['next'] : null };
}

/** The rooms that the widget can display. As in the widget, a count that is not a number is 0. */
export const usableRooms = (rooms: readonly unknown[]): ListedRoom[] =>
  rooms.flatMap((room) => {
    if (!isRecord(room) || !isId(room['id'])) return [];
    const { id, name, unread_count: unread } = room;
    return [{ id, name: typeof name === 'string' ? name : '', unread: typeof unread === 'number' ? unread : 0 }];
  });
