/** The users and rooms of the model server. */
export const ME = 1;
export const OTHER = 2;
export const ROOMS = [1, 2] as const;
/** Another user on the same machine, with separate rooms. */
export const CAT = 3;
export const ROOMS_OF: Record<number, readonly number[]> = { [ME]: ROOMS, [CAT]: [3, 4] };
export const ALL_ROOMS = Object.values(ROOMS_OF).flat();
/** Users without a client, who write nothing. */
export const DAN = 4;
export const EVE = 5;
export const NAMES: Record<number, string> = { [ME]: 'ana', [OTHER]: 'ben', [CAT]: 'cat', [DAN]: 'dan', [EVE]: 'eve' };
export const KNOWN_PEOPLE = Object.keys(NAMES).map(Number);
/** The rooms that a user has from the beginning. */
export const roomsAtFirst = (user: number): readonly number[] => ROOMS_OF[user] ?? [];
/** The user of this client: each room has one. OTHER is always its second member. The id of a new room names its owner. */
export const ownerOf = (room: number): number => (room >= 100 ? Math.floor(room / 100) : room <= 2 ? ME : CAT);

/** A marker in message texts that names their tenant and author. */
export const mark = (tenant: string, person: number): string => `[${tenant}${person}]`;
/** The owners (`<tenant><user>`) of the texts in it. */
export const marksIn = (text: string): string[] => [
  ...new Set([...text.matchAll(/\[([ab]\d)\]/g)].map(([, owner]) => owner!)),
];
