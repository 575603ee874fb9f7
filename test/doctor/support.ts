/** Runs the doctor against the reference backend, with or without an injected fault. */
import { WebSocket } from 'ws';
import type { RunningServer } from '../../demo/server/server.js';
import { diagnose, withWs, type DiagnoseOptions, type Finding, type Report } from '../../src/doctor/index.js';
import { ANA, BEN, ROOM } from '../server/support.js';
import { injectFault } from '../support/backend-fault-proxy.js';
import { backendFaults, type FaultName } from '../support/backend-faults.js';

export const SITE = 'https://my.site';

/** Short limits: a healthy backend never reaches them. */
const TIMING = { greetingMs: 3_000, answerMs: 2_000, watchMs: 300 };

/** Options for the checks that write. */
export const WRITE = { write: true, room: ROOM } as const;

/** Diagnoses a server as the user Ana. */
export async function diagnoseServer(server: RunningServer, options: Partial<DiagnoseOptions> = {}): Promise<Report> {
  const token = await server.signToken(ANA);
  return diagnose({ url: server.url, token, timing: TIMING, ...withWs(WebSocket), ...options });
}

/** Diagnoses a server as the users Ana and Ben, through a proxy that injects a fault. */
export async function diagnoseWithFault(
  fault: FaultName,
  server: RunningServer,
  options: Partial<DiagnoseOptions> = {},
): Promise<Report & { token: string }> {
  const token = await server.signToken(ANA);
  const userToken2 = await server.signToken(BEN);
  const backend = await injectFault(server.url, backendFaults(token)[fault]);
  try {
    const report = await diagnose({
      url: backend.url,
      token,
      userToken2,
      timing: TIMING,
      ...withWs(WebSocket),
      ...options,
    });
    return { ...report, token };
  } finally {
    await backend.close();
  }
}

export const failedIds = ({ findings }: Pick<Report, 'findings'>): string[] =>
  findings.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id);

/** The finding of a check. @throws if there is none. */
export function findingOf({ findings }: Pick<Report, 'findings'>, id: string): Finding {
  const found = findings.find((each) => each.id === id);
  if (!found) throw new Error(`There is no finding ${id}; there are ${findings.map((each) => each.id).join(', ')}.`);
  return found;
}
