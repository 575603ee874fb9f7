import type { Localize } from '../locale/index.js';
import type { User } from '../protocol/index.js';

/** In place of the name of a user who has none, or whose account no longer exists (null). */
export const unnamedUser = (user: User | null, term: Localize['term']): string =>
  term(user ? 'unnamedUser' : 'deletedUser');
