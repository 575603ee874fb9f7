/** Integer or string; never a float that has lost digits, never empty. */
export const isId = (value: unknown): value is string | number => (typeof value === 'string' ? value !== '' : Number.isSafeInteger(value));
