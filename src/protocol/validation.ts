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

/** Validates a list item by item. An invalid item is reported and left out, and the others are kept. */
export function checkEach<T extends z.ZodMiniType>(
  schema: () => T,
  items: readonly unknown[],
  where: string,
): CheckedList<z.output<T>> {
  const checked: CheckedList<z.output<T>> = { items: [], problems: [] };
  items.forEach((item, index) => checkItem(checked, schema, item, `${where}[${index}]`));
  return checked;
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
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % SLICE === 0) await pause();
    checkItem(checked, schema, item, `${where}[${index}]`);
  }
  await pause();
  return checked;
}

function checkItem<T extends z.ZodMiniType>(
  { items, problems }: CheckedList<z.output<T>>,
  schema: () => T,
  item: unknown,
  where: string,
): void {
  const result = check(schema, item, where, 'invalid_item');
  if (result.ok) items.push(result.value);
  else problems.push(result.problem);
}
