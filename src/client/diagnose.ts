import type { Finding, Report } from '../doctor/findings.js';
import type { ConnectionConfig } from './config.js';

/**
 * Checks the backend of a connection: see `ChatConnection.diagnose`.
 * @param askForToken asks the page for a token. The doctor itself does not support `tokenUrl`.
 */
export async function diagnose(
  config: ConnectionConfig,
  askForToken: (signal: AbortSignal) => Promise<string | undefined>,
  onFinding?: (finding: Finding) => void,
  signal?: AbortSignal,
): Promise<Report> {
  const doctor = await import('../doctor/diagnose.js');
  const fetchToken = async (): Promise<string> => (await askForToken(signal ?? new AbortController().signal)) ?? '';
  const tokenProvider = config.tokenUrl ? fetchToken : config.tokenProvider;
  return doctor.diagnose({ ...config, tokenProvider, onFinding, signal });
}
