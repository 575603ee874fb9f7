/** Creates an id for an unsent message: 128 random bits. `crypto.randomUUID` requires a secure context. */
export function newLocalId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `temp_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
