import { z } from './schema.js';

/** Something on the wire that was not as agreed. It is reported and left out; nothing else is lost for it. */
export interface Problem {
  code: 'invalid_json' | 'invalid_frame' | 'invalid_item' | 'unknown_frame';
  /** Where and what, for a developer: `room_list.rooms[3].id: invalid_union`. Never holds content. */
  detail: string;
}

/** See `lazy`. */
export type Schema = () => z.ZodMiniType;
/** What it lets through. */
export type Output<T extends Schema> = z.output<ReturnType<T>>;

export type Result<T> = { ok: true; value: T } | { ok: false; problem: Problem };

/**
 * Checks one value against its schema.
 * @param where the name of the place it came from, for the report: `new_message`, `GET rooms/`.
 */
export function check<T extends z.ZodMiniType>(
  schema: () => T,
  input: unknown,
  where: string,
  code: Problem['code'] = 'invalid_frame',
): Result<z.output<T>> {
  const result = z.safeParse(schema(), input);
  if (result.success) return { ok: true, value: result.data };
  const [issue] = result.error.issues;
  return {
    ok: false,
    problem: { code, detail: `${[where, ...(issue?.path ?? [])].join('.')}: ${issue?.code ?? 'invalid'}` },
  };
}

/** What was good in a list, and what was wrong. */
export interface CheckedList<T> {
  items: T[];
  problems: Problem[];
}

/** Checks a list item by item: one bad item is reported and dropped, the others live. */
export function checkEach<T extends z.ZodMiniType>(
  schema: () => T,
  items: readonly unknown[],
  where: string,
): CheckedList<z.output<T>> {
  const good: z.output<T>[] = [];
  const problems: Problem[] = [];
  items.forEach((item, index) => {
    const result = check(schema, item, `${where}[${index}]`, 'invalid_item');
    if (result.ok) good.push(result.value);
    else problems.push(result.problem);
  });
  return { items: good, problems };
}
