/** A list of rooms, with as much of each as the doctor talks about: by socket and by REST the same. */
import type { Id } from '../protocol/index.js';
import { isId, isRecord } from './shapes.js';

export interface Listed {
  readonly id: Id;
  readonly name: string;
  readonly unread: number;
}

/** `GET rooms/`: a bare array, or a page of one; nothing for anything else. */
export function pageOf(json: unknown): { results: unknown[]; next: string | null } | undefined {
  if (Array.isArray(json)) return { results: json, next: null };
  if (!isRecord(json) || !Array.isArray(json['results'])) return undefined;
  return { results: json['results'], next: typeof json['next'] === 'string' ? json['next'] : null };
}

/** The rooms that the widget can show; as it does, anything that is no number counts as 0. */
export const listed = (rooms: readonly unknown[]): Listed[] =>
  rooms.flatMap((room) =>
    isRecord(room) && isId(room['id']) ? [{ id: room['id'], name: typeof room['name'] === 'string' ? room['name'] : '', unread: typeof room['unread_count'] === 'number' ? room['unread_count'] : 0 }] : [],
  );
