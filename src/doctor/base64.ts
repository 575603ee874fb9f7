export const base64 = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/** In the characters that a subprotocol may have. */
export const base64url = (text: string): string => base64(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
