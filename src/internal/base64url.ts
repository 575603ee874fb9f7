/** Encodes a text as Base64 of its UTF-8 bytes. */
export const base64 = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/** Encodes a text as Base64url (RFC 4648, section 5), for URLs, JWTs and WebSocket subprotocols. */
export const base64url = (text: string): string =>
  base64(text).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');

/** @throws {DOMException} if the text is not valid Base64url. */
export function decodeBase64url(encoded: string): string {
  const bytes = atob(encoded.replace(/-/g, '+').replace(/_/g, '/'));
  return new TextDecoder().decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
}
