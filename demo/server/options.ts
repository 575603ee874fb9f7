/** What a server can be told, and what it does when told nothing. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Difference } from './quirks.js';

export type DatabaseKind =
  | { kind: 'memory' }
  /** An embedded Postgres (PGlite) that keeps its data in a folder. */
  | { kind: 'folder'; path: string }
  /** A Postgres server. */
  | { kind: 'url'; url: string };

export interface Limits {
  /** Longest message, in characters. */
  content: number;
  /** Largest file, in bytes. */
  attachmentBytes: number;
  /** Messages a minute and user. */
  rate: number;
  /** Largest frame, in bytes; a longer one closes the socket with 1009. */
  frameBytes: number;
  /** Largest JSON body, in bytes. */
  bodyBytes: number;
}

/** How much is remembered at least: so many changes of each room, and everything of so many hours. */
export interface SyncWindow {
  changes: number;
  hours: number;
}

export interface Options {
  /** 0: any free port. */
  port: number;
  host: string;
  /** Key of the tokens (HS256), at least 32 bytes. Default: a random one. */
  secret: string;
  database: DatabaseKind;
  /** Where processes that share one database meet: `redis://…`. Without it each hears of the others late. */
  redis?: string | undefined;
  /** Which pages may use this server. The server's own origin always may; so may programs, which send no `Origin`. */
  allowedOrigins: readonly string[] | '*';
  /** Speak section 2 of the protocol and nothing more: no capability, no error codes. */
  baseline: boolean;
  /** Ways in which real baseline backends differ. See quirks.ts. */
  differences: readonly Difference[];
  /** `demo`: a lively marketplace. `transcript`: what the recorded sessions began with. `false`: nothing. */
  seed: boolean | 'demo' | 'transcript';
  logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug';
  /** Where log lines go. Default: standard output. */
  logTo?: { write(line: string): void };
  limits: Partial<Limits>;
  /** Seconds of silence after which a client should `ping`. */
  heartbeatSeconds: number;
  /** Seconds between two pings. A socket that has not answered by the next one is ended. */
  livenessSeconds: number;
  /** How long before its token runs out a socket is told so, in seconds. */
  expiryWarningSeconds: number;
  /** How many changes of rooms are remembered at least, for `sync`. */
  syncWindow: SyncWindow;
  /** Answers GET requests outside the API, so that one server can serve pages too. */
  fetch?: (request: Request, incoming: IncomingMessage) => Response | Promise<Response>;
  /** Sees every plain request first; true when it has taken it. */
  onRequest?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Sees every upgrade first; true when it has taken it. */
  onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
}

export type ResolvedOptions = Omit<Options, 'limits'> & { limits: Limits };

const DEFAULT_LIMITS: Limits = {
  content: 4000,
  attachmentBytes: 5_000_000,
  rate: 120,
  frameBytes: 65_536,
  bodyBytes: 262_144,
};

/** HS256 is as strong as its key: a shorter one can be guessed from any token. */
const SHORTEST_SECRET = 32;

/** @throws {Error} for a secret that is too short. */
export function resolveOptions(options: Partial<Options>): ResolvedOptions {
  if (options.secret !== undefined && Buffer.byteLength(options.secret) < SHORTEST_SECRET) {
    throw new Error(`The secret (JWT_SECRET) needs at least ${SHORTEST_SECRET} bytes. Make one: openssl rand -base64 48`);
  }
  return {
    port: 0,
    host: '127.0.0.1',
    secret: crypto.randomUUID() + crypto.randomUUID(),
    database: { kind: 'memory' },
    allowedOrigins: [],
    baseline: false,
    differences: [],
    seed: true,
    logLevel: 'silent',
    heartbeatSeconds: 25,
    livenessSeconds: 30,
    expiryWarningSeconds: 60,
    syncWindow: { changes: 1_000, hours: 24 },
    ...options,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
  };
}
