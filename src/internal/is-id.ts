/** Whether a value is an id: a non-empty string, or an integer that a double represents exactly. */
export const isId = (value: unknown): value is string | number =>
  typeof value === 'string' ? value !== '' : Number.isSafeInteger(value);
