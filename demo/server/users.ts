/** The public part of a user: only the columns named in PROTOCOL.md. */
import type { Context } from './context.js';

/** A user on the wire. */
export interface WireUser {
  id: number;
  username: string;
  first_name: string;
  last_name: string;
  role: string;
  profile_picture: string | null;
}

const COLUMNS = [
  'id',
  'username',
  'first_name',
  'last_name',
  'role',
  'profile_picture',
] as const satisfies readonly (keyof WireUser)[];

/**
 * SQL expression for one user as JSON; null for the empty row of an outer join.
 * @param alias The table alias of `users`.
 */
export function userJson({ options }: Pick<Context, 'options'>, alias: string): string {
  // As those backends: without the columns that only this one has.
  if (options.differences.includes('user-rows'))
    return `(row_to_json(${alias})::jsonb - 'hides_receipts' - 'search_name')`;
  const fields = COLUMNS.map((column) => `'${column}', ${alias}.${column}`).join(', ');
  return `case when ${alias}.id is not null then json_build_object(${fields}) end`;
}
