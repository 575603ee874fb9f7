/** Server options and their defaults. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Removable } from './capabilities.js';
import { systemClock, type Clock } from './clock.js';
import type { Difference } from './quirks.js';

export type DatabaseKind =
  | { kind: 'memory' }
  /** An embedded Postgres (PGlite) with its data in a folder. */
  | { kind: 'folder'; path: string }
  /** A Postgres server. */
  | { kind: 'url'; url: string };

export type UploadsKind =
  /** A folder of this machine. */
  | { kind: 'folder'; path: string }
  /** A bucket: `https://<access key>:<secret key>@<host>/<bucket>?region=<region>`. */
  | { kind: 's3'; url: string };

export interface Limits {
  /** Maximum message length, in characters. */
  content: number;
  /** Maximum file size, in bytes. */
  attachmentBytes: number;
  /** Maximum files of a message. */
  attachments: number;
  /** Maximum pixels of an image, of all its frames together. */
  imagePixels: number;
  /** Uploads per minute and user. */
  uploadsPerUser: number;
  /** Maximum bytes of the files that a user has uploaded and not sent. */
  unsentBytesPerUser: number;
  /** Messages, edits and reactions per minute and user. */
  rate: number;
  /** Seconds for which a message can be edited; 0: no limit. */
  editSeconds: number;
  /** Deletions per minute and user. */
  deletesPerUser: number;
  /** `typing` and `stop_typing` per minute and user; further ones are not forwarded. */
  typingPerUser: number;
  /** `mark_delivered` per minute and user. */
  deliveredPerUser: number;
  /** Changes of one's own settings (`PATCH me/`) per minute and user. */
  settingsPerUser: number;
  /** Requests of lists (rooms, messages, receipts, changes, unread notifications) per minute and user. */
  listsPerUser: number;
  /** Requests of `start_dm` and of `POST rooms/` per minute and user. */
  directRoomsPerUser: number;
  /** Changes of rooms, their members and their settings per minute and user. */
  roomChangesPerUser: number;
  /** Members of a room that is created, or to which users are invited. */
  roomMembers: number;
  /** Requests of tickets per minute and user. */
  ticketsPerUser: number;
  /** Handshakes per minute and user; further ones are answered with 429. */
  handshakesPerUser: number;
  /** Handshakes per minute and client address, also refused ones; further ones are answered with 429. */
  handshakesPerAddress: number;
  /** Refused tokens and tickets per minute and client address; further ones are answered with 429. */
  failedSignInsPerAddress: number;
  /** Invalid frames per minute and socket; one more closes the socket with 1008. */
  invalidFramesPerSocket: number;
  /** Maximum frame size, in bytes; a longer frame closes the socket with 1009. */
  frameBytes: number;
  /** Maximum JSON body size, in bytes. */
  bodyBytes: number;
  /** Open sockets per user and process; one more closes the oldest. */
  socketsPerUser: number;
  /** Open sockets per client address and process; further handshakes are answered with 429. */
  socketsPerAddress: number;
}

/** Minimum retention of the change log: the last `changes` of each room, and everything of the last `hours`. */
export interface SyncWindow {
  changes: number;
  hours: number;
}

/** Retention of notifications: the last `days`, and of each user the newest `perUser` that are stored or marked as read. */
export interface NotificationWindow {
  days: number;
  perUser: number;
}

export interface Options {
  /** 0: any free port. */
  port: number;
  host: string;
  /** Token signing key (HS256), at least 32 bytes. Default: random. */
  secret: string;
  database: DatabaseKind;
  /** Where files are. Default: `uploads` in the folder of the database; for a memory database, a temporary folder. */
  uploads?: UploadsKind | undefined;
  /** Scans every file: see docs/SCALING.md. Without it, every file is ready at once. */
  scanUrl?: string | undefined;
  /** Asked for title, address and picture of the contexts of rooms: see docs/SCALING.md. */
  contextUrl?: string | undefined;
  /** Media types of files, as in the attribute `accept` of HTML: `image/png`, `audio/*`. Decided by the bytes. */
  accept: readonly string[];
  /** Redis of processes that share one database: `redis://…`. Without it, updates between processes are delayed. */
  redis?: string | undefined;
  /**
   * Origins that may use this server. The server's own origin is always allowed, as are clients that send no `Origin`.
   */
  allowedOrigins: readonly string[] | '*';
  /** Whether the last entry of `X-Forwarded-For` is the client's address: a proxy in front of this server adds it. */
  trustProxy: boolean;
  /** Only the protocol's baseline: no capabilities, no error codes. */
  baseline: boolean;
  /** Capabilities that this server does not have. */
  without: readonly Removable[];
  /** Whether users find all users, not only those with whom they share a room. */
  allPeople: boolean;
  /** Deviations of real baseline backends to imitate. See quirks.ts. */
  differences: readonly Difference[];
  /** `demo`: a lively marketplace. `transcript`: the state at the start of the recordings. `false`: empty. */
  seed: boolean | 'demo' | 'transcript';
  logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug';
  /** Destination of log records. Default: standard output. */
  logTo?: { write(line: string): void };
  limits: Partial<Limits>;
  clock: Clock;
  /** Seconds of silence after which a client should `ping`. */
  heartbeatSeconds: number;
  /** Seconds between pings. A socket that has not answered by the next ping is terminated. */
  livenessSeconds: number;
  /** Seconds before the token's expiry at which a socket gets `token_expiring`. */
  expiryWarningSeconds: number;
  /** Minimum retention of changes, for `sync`. */
  syncWindow: SyncWindow;
  notificationWindow: NotificationWindow;
  /** Days for which the previous texts of edited and deleted messages, and the files of deleted ones, are kept. */
  versionDays: number;
  /** Answers GET requests outside the API, so that one server can serve pages too. */
  fetch?: (request: Request, incoming: IncomingMessage) => Response | Promise<Response>;
  /** Called first with every HTTP request; returns true if it has handled it. */
  onRequest?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Called first with every upgrade; returns true if it has handled it. */
  onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
}

export type ResolvedOptions = Omit<Options, 'limits'> & { limits: Limits };

export const DEFAULT_LIMITS: Limits = {
  content: 4000,
  attachmentBytes: 5_000_000,
  attachments: 10,
  imagePixels: 50_000_000,
  uploadsPerUser: 60,
  unsentBytesPerUser: 200_000_000,
  rate: 120,
  editSeconds: 0,
  deletesPerUser: 120,
  typingPerUser: 300,
  deliveredPerUser: 1_800,
  settingsPerUser: 60,
  listsPerUser: 1_800,
  directRoomsPerUser: 60,
  roomChangesPerUser: 120,
  roomMembers: 1_000,
  ticketsPerUser: 300,
  handshakesPerUser: 300,
  handshakesPerAddress: 6_000,
  failedSignInsPerAddress: 600,
  invalidFramesPerSocket: 60,
  frameBytes: 65_536,
  bodyBytes: 262_144,
  socketsPerUser: 10,
  socketsPerAddress: 2_000,
};

/** Images that browsers show, and files that people send to each other. No programs, and no images with markup (SVG). */
const DEFAULT_ACCEPT: readonly string[] = [
  'image/jpeg',
  'image/png',
  'image/gif',
  'image/webp',
  'image/avif',
  'audio/*',
  'video/*',
  'text/plain',
  'application/pdf',
  'application/zip',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  'application/vnd.oasis.opendocument.text',
  'application/vnd.oasis.opendocument.spreadsheet',
  'application/vnd.oasis.opendocument.presentation',
];

/** HS256 is only as strong as its key: a shorter one can be brute-forced from any token. */
const MIN_SECRET_BYTES = 32;

/** @throws {Error} if the secret is too short. */
export function resolveOptions(options: Partial<Options>): ResolvedOptions {
  if (options.secret !== undefined && Buffer.byteLength(options.secret) < MIN_SECRET_BYTES) {
    throw new Error(
      `The secret (JWT_SECRET) needs at least ${MIN_SECRET_BYTES} bytes. Generate one: openssl rand -base64 48`,
    );
  }
  return {
    port: 0,
    host: '127.0.0.1',
    secret: crypto.randomUUID() + crypto.randomUUID(),
    database: { kind: 'memory' },
    accept: DEFAULT_ACCEPT,
    allowedOrigins: [],
    trustProxy: false,
    baseline: false,
    without: [],
    allPeople: false,
    differences: [],
    seed: true,
    logLevel: 'silent',
    clock: systemClock,
    heartbeatSeconds: 25,
    livenessSeconds: 30,
    expiryWarningSeconds: 60,
    syncWindow: { changes: 1_000, hours: 24 },
    notificationWindow: { days: 90, perUser: 1_000 },
    versionDays: 30,
    ...options,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
  };
}
