import { idKey, type Id } from '../protocol/index.js';

/**
 * Identifies one user on one backend: the key of storage, locks and channels. Two backends may share an origin and
 * differ only in their paths (one tenant each).
 * @param api base of the REST routes.
 * @param socket address of the chat socket, without a token.
 * @returns the three parts, separated by spaces. An address contains no space.
 */
export const scopeOf = (api: string, socket: string, person: Id): string => `${api} ${socket} ${idKey(person)}`;
