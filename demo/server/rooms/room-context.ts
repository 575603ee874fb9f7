/** Capability `create_room`: what a room is about. Title, address and picture are shown to others, so they come from the host. */
import { errors, jwtVerify } from 'jose';
import { isPlausible, keyOf, type Viewer } from '../auth.js';
import type { Context } from '../context.js';
import { RequestError } from '../errors.js';
import { askHost } from './context-host.js';

export interface RoomContext {
  type: string;
  id: string;
  /** From the host only: signed, or asked for. */
  title: string | null;
  url: string | null;
  picture: string | null;
  isSigned: boolean;
}

const MAX_TYPE = 50;
const MAX_ID = 200;
const MAX_TITLE = 200;
const MAX_URL = 2_000;

const invalid = (field: string, message: string): RequestError => new RequestError('invalid', message, { field });

const isText = (value: unknown, maxLength: number): value is string =>
  typeof value === 'string' && value.trim() !== '' && value.length <= maxLength && !value.includes('\0');

/** @throws {RequestError} `invalid` if there is no valid `type` and `id`. */
function readIdentity(context: unknown, field: string): Pick<RoomContext, 'type' | 'id'> {
  const { type, id: given } = (typeof context === 'object' && context !== null ? context : {}) as Record<
    string,
    unknown
  >;
  const id = Number.isSafeInteger(given) ? String(given) : given;
  if (!isText(type, MAX_TYPE) || !isText(id, MAX_ID))
    throw invalid(field, `A context needs a type of 1 to ${MAX_TYPE} characters, and an id of 1 to ${MAX_ID}.`);
  return { type, id };
}

/** @throws {RequestError} `invalid` for anything but an address that is safe in a link. */
function readUrl(field: string, name: string, value: unknown): string | null {
  if (value == null) return null;
  const isWeb = isText(value, MAX_URL) && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
  if (!isWeb) throw invalid(field, `Its ${name} must be an http(s) address of at most ${MAX_URL} characters.`);
  return value;
}

/**
 * The context of a request; undefined if it names none.
 * @param token a JWT of the host with `{context: {type, id, title, url?, picture?}, sub, exp}`, signed like user tokens.
 *   Without one, the host is asked, if the server knows its address.
 * @throws {RequestError} `invalid`.
 */
export async function readRoomContext(
  source: Pick<Context, 'options' | 'log'>,
  viewer: Viewer,
  given: unknown,
  token: unknown,
): Promise<RoomContext | undefined> {
  const asked = given == null ? undefined : readIdentity(given, 'context');
  if (token == null) return asked && describedByHost(source, viewer, asked);
  const claims = await readClaims(source.options.secret, token);
  if (String(claims.sub) !== String(viewer.id)) throw invalid('context_token', 'It was signed for another user.');
  const { context } = claims;
  const signed = readIdentity(context, 'context_token');
  if (asked && (asked.type !== signed.type || asked.id !== signed.id))
    throw invalid('context_token', 'It was signed for another type or id than those of the context.');
  return { ...signed, ...readDescription('context_token', context), isSigned: true };
}

/** @throws {RequestError} `invalid`. */
function readDescription(field: string, context: unknown): Pick<RoomContext, 'title' | 'url' | 'picture'> {
  const { title, url, picture } = (context ?? {}) as Record<string, unknown>;
  if (!isText(title, MAX_TITLE)) throw invalid(field, `Its context needs a title of 1 to ${MAX_TITLE} characters.`);
  return { title, url: readUrl(field, 'url', url), picture: readUrl(field, 'picture', picture) };
}

async function describedByHost(
  source: Pick<Context, 'options' | 'log'>,
  viewer: Viewer,
  asked: Pick<RoomContext, 'type' | 'id'>,
): Promise<RoomContext> {
  const answer = await askHost(source, viewer, asked);
  try {
    if (answer !== undefined) return { ...asked, ...readDescription('context', answer), isSigned: true };
  } catch (error) {
    source.log.warn({ err: error, type: asked.type }, 'the host described a context wrongly; its title stays unknown');
  }
  return { ...asked, title: null, url: null, picture: null, isSigned: false };
}

async function readClaims(secret: string, token: unknown): Promise<{ context: unknown; sub: unknown }> {
  if (typeof token !== 'string') throw invalid('context_token', 'Must be a text.');
  try {
    const { payload } = await jwtVerify(token, keyOf(secret), {
      algorithms: ['HS256'],
      requiredClaims: ['exp', 'sub'],
    });
    if (!isPlausible(payload.exp, payload.iat)) throw invalid('context_token', 'Its lifetime is not plausible.');
    return { context: payload['context'], sub: payload.sub };
  } catch (error) {
    if (error instanceof RequestError) throw error;
    const reason =
      error instanceof errors.JWTExpired ? 'It has expired.' : 'Its signature or its claims are not valid.';
    throw invalid('context_token', `${reason} Sign {context, sub, exp} with HS256 and the key of the user tokens.`);
  }
}
