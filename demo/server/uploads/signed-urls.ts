/**
 * Addresses of files. Browsers load them without a token, so an address contains its own permission: a signature over
 * the file, who may load it, and until when.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { has } from '../capabilities.js';
import type { ResolvedOptions } from '../options.js';

/** Who may load a file: the members of a room, as long as none of them is removed; or the owner of an unsent upload. */
export type Audience = { roomId: number; epoch: number } | { ownerId: number };

type Options = Pick<ResolvedOptions, 'baseline' | 'without' | 'secret' | 'clock'>;

const HOUR_S = 3_600;
/** With `uploads`, a client fetches a new address when one has expired. Others keep what they have, until a reload. */
const HOURS = { renewable: 2, kept: 7 * 24 };

const nowSeconds = ({ clock }: Options): number => Math.floor(clock.now() / 1_000);

function signatureOf({ secret }: Options, id: string, audience: Audience, expiresAt: number): string {
  const who = 'roomId' in audience ? ['room', audience.roomId, audience.epoch] : ['user', audience.ownerId];
  // Tokens are signed with the same key. None of them contains a line feed.
  const signed = ['attachment', id, ...who, expiresAt].join('\n');
  return createHmac('sha256', secret).update(signed).digest('base64url');
}

/** The same for everyone within an hour, so that browsers and caches load a file once. */
export function signedUrl(options: Options, file: { id: string; name: string }, audience: Audience): string {
  const hours = has(options, 'uploads') ? HOURS.renewable : HOURS.kept;
  const expiresAt = (Math.floor(nowSeconds(options) / HOUR_S) + hours) * HOUR_S;
  const query = new URLSearchParams({ e: String(expiresAt), s: signatureOf(options, file.id, audience, expiresAt) });
  return `/api/chat/attachments/${file.id}/${encodeURIComponent(file.name)}?${query}`;
}

/** The seconds for which an address is still valid; 0 if it is not. */
export function secondsLeft(
  options: Options,
  id: string,
  audience: Audience,
  { expires, signature }: { expires: string | undefined; signature: string | undefined },
): number {
  if (signature === undefined || !/^\d{1,12}$/.test(expires ?? '')) return 0;
  const expiresAt = Number(expires);
  const [given, right] = [Buffer.from(signature), Buffer.from(signatureOf(options, id, audience, expiresAt))];
  if (given.length !== right.length || !timingSafeEqual(given, right)) return 0;
  return Math.max(0, expiresAt - nowSeconds(options));
}
