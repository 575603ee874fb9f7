import { z } from './schema.js';

/** A violation of the protocol. Only the part that violates it is left out, and the violation is reported. */
export interface Problem {
  code: 'invalid_json' | 'invalid_frame' | 'invalid_item' | 'unknown_frame';
  /** Location and cause, for a developer: `room_list.rooms[3].id: invalid_union`. Never contains content. */
  detail: string;
}

/** A schema that is created on first use: see `object`. */
export type Schema = () => z.ZodMiniType;
/** The type of a validated value. */
export type Output<T extends Schema> = z.output<ReturnType<T>>;

export type Result<T> = { ok: true; value: T } | { ok: false; problem: Problem };

/**
 * Validates one value.
 * @param where the origin of the value, for the report: `new_message`, `GET rooms/`.
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

/** The valid items of a list, and the violations of the others. */
export interface CheckedList<T> {
  items: T[];
  problems: Problem[];
}

/**
 * Validates a list item by item. An invalid item is reported and left out, and the others are kept.
 * @param from index of the first item in the whole list, for the report.
 */
export function checkEach<T extends z.ZodMiniType>(
  schema: () => T,
  items: readonly unknown[],
  where: string,
  from = 0,
): CheckedList<z.output<T>> {
  const good: z.output<T>[] = [];
  const problems: Problem[] = [];
  items.forEach((item, index) => {
    const result = check(schema, item, `${where}[${from + index}]`, 'invalid_item');
    if (result.ok) good.push(result.value);
    else problems.push(result.problem);
  });
  return { items: good, problems };
}

/** Items that `checkInSlices` validates at a time. */
const SLICE = 100;

/**
 * Like `checkEach`, for long lists.
 * @param pause called after every 100 items, and at the end, so that validation does not block the page.
 */
export async function checkInSlices<T extends z.ZodMiniType>(
  schema: () => T,
  items: readonly unknown[],
  where: string,
  pause: () => Promise<void> | undefined,
): Promise<CheckedList<z.output<T>>> {
  const checked: CheckedList<z.output<T>> = { items: [], problems: [] };
  let from = 0;
  do {
    const slice = checkEach(schema, items.slice(from, from + SLICE), where, from);
    checked.items.push(...slice.items);
    checked.problems.push(...slice.problems);
    await pause();
  } while ((from += SLICE) < items.length);
  return checked;
}
