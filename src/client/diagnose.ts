import type { Finding, Report } from '../doctor/findings.js';
import type { ConnectionConfig } from './config.js';

/** Examines the backend of a connection: see `ChatConnection.diagnose`. @param ask asks the page for a token: the doctor knows no `tokenUrl`. */
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
