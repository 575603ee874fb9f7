import { idKey, type Id } from '../protocol/index.js';

/**
 * Names one backend and one person there: the key of what is kept, of locks and of channels. Two backends may have one origin and
 * differ by their paths alone (one tenant each).
 * @param api base of its REST routes.
 * @param socket address of its chat socket, without a token.
 * @returns the three parts with a space between them; an address holds none.
 */
export const scopeOf = (api: string, socket: string, person: Id): string => `${api} ${socket} ${idKey(person)}`;
