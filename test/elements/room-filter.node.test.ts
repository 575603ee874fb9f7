/** The search field of the room list finds rooms regardless of case, accents, composition and locale. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { filterRooms } from '../../src/elements/chat-rooms/room-filter.js';
import type { Room } from '../../src/protocol/index.js';

const named = (name: string): Room => ({ name, participants: [], last_message: null }) as unknown as Room;
const isFound = (name: string, query: string): boolean => filterRooms([named(name)], query).length === 1;

for (const [name, queries] of Object.entries({
  İstanbul: ['istanbul', 'ISTANBUL', 'İSTANBUL', 'ıstanbul'],
  Straße: ['STRASSE', 'strasse', 'straße', 'STRAẞE'],
  'GROẞE RUNDE': ['große runde', 'GROSSE'],
  'Zoë and Renée': ['zoe', 'RENEE', 'Zoe\u0308'],
  'Zoe\u0308': ['Zoë', 'zoe'],
  Ελλάδα: ['ελλαδα', 'ΕΛΛΑΔΑ'],
  Ёлка: ['елка'],
  'ﬁle ４２': ['FILE 42'],
  שָׁלוֹם: ['שלום'],
  السَّلام: ['السلام'],
  한국어: ['한국'],
})) {
  for (const query of [...queries, ` ${name} `])
    it(`12.14: "${query}" finds ${name}`, () => assert.ok(isFound(name, query)));
}

for (const [name, query] of [
  ['Garden', 'graden'],
  ['Straße', 'strase'],
  ['हिन्दी', 'हनद'],
] as const)
  it(`12.14: "${query}" does not find ${name}`, () => assert.ok(!isFound(name, query)));
