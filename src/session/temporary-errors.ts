import type { ErrorCode } from '../transport/index.js';

/** Errors that say only that the server cannot answer now: the same request may succeed later. */
export const TEMPORARY: readonly ErrorCode[] = ['unreachable', 'timeout', 'server_error', 'rate_limited'];
