import type { Finding, Report } from '../doctor/findings.js';
import type { ConnectionConfig } from './config.js';

/**
 * Checks the backend of a connection: see `ChatConnection.diagnose`.
 * @param ask gets a token from the page, because the doctor does not support `tokenUrl`.
 */
export async function diagnose(
  config: ConnectionConfig,
  ask: (signal: AbortSignal) => Promise<string | undefined>,
  onFinding?: (finding: Finding) => void,
  signal?: AbortSignal,
): Promise<Report> {
  const doctor = await import('../doctor/diagnose.js');
  const tokenProvider = config.tokenUrl ? async () => (await ask(signal ?? new AbortController().signal)) ?? '' : config.tokenProvider;
  return doctor.diagnose({ ...config, tokenProvider, onFinding, signal });
}
