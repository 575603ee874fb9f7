/** Base64 of a text in UTF-8. */
export const base64 = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/** Base64 in the characters that a URL, a JWT or a subprotocol may have (RFC 4648, section 5). */
export const base64url = (text: string): string => base64(text).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');

/** @throws if it is not valid Base64. */
export const decodeBase64url = (coded: string): string =>
  new TextDecoder().decode(Uint8Array.from(atob(coded.replace(/-/g, '+').replace(/_/g, '/')), (char) => char.charCodeAt(0)));
