/** A name for a message before the server has one: 128 random bits. `randomUUID` would ask for a secure context. */
export function newLocalId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `temp_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
