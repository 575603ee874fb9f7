/** The UTF-8 bytes of a text in base64. */
export const base64 = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/** As {@link base64}, in the alphabet that a subprotocol name allows. */
export const base64url = (text: string): string =>
  base64(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
