/**
 * Finds ids that lose digits: a JSON number beyond 2^53 − 1 is rounded when it is parsed, and two ids may become one.
 * So this examines the raw text, which still has all digits.
 */

/** A string, with the colon if it is the name of a field; or a number. */
const TOKEN = /"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const ID_NAME = /(?:^|_)ids?$|^(?:room|job|recipient|up_to)$/;

/** @param text valid JSON. @returns each rounded id: `room_id 9007199254740993 becomes 9007199254740992`. */
export function roundedIds(text: string): string[] {
  // No shorter number is beyond 2^53 - 1.
  if (!/\d{16}/.test(text)) return [];
  let name = '';
  return [...text.matchAll(TOKEN)].flatMap(([token, string, colon]) => {
    if (string !== undefined) {
      if (colon) name = string;
      return [];
    }
    const isRounded = /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token));
    return isRounded && ID_NAME.test(name) ? [`${name} ${token} becomes ${Number(token)}`] : [];
  });
}
