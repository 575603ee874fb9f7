/** The doctor in front of the reference backend, with or without a fault in between. */
import { WebSocket } from 'ws';
import type { RunningServer } from '../../demo/server/server.js';
import { diagnose, withWs, type DiagnoseOptions, type Finding, type Report } from '../../src/doctor/index.js';
import { plantFault, type PlantedProxy } from '../support/planted-faults.js';
import { plants, type PlantName } from '../support/backend-faults.js';
import { ANA, BEN, ROOM } from '../server/support.js';

export const SITE = 'https://my.site';

/** Waits that are never waited out where nothing is wrong, and not for long where something is. */
const TIMING = { greetingMs: 3_000, answerMs: 2_000, watchMs: 300 };

/** Examines a server, as Ana. */
export async function examine(server: RunningServer, options: Partial<DiagnoseOptions> = {}): Promise<Report> {
  return diagnose({ url: server.url, token: await server.signToken(ANA), timing: TIMING, ...withWs(WebSocket), ...options });
}

export const WRITE = { write: true, room: ROOM } as const;

/** Examines a server with a fault planted in front of it. */
export async function examineWith(fault: PlantName, server: RunningServer, options: Partial<DiagnoseOptions> = {}): Promise<Report & { proxy: PlantedProxy; token: string }> {
  const token = await server.signToken(ANA);
  const proxy = await plantFault(server.url, plants(token)[fault]);
  try {
    const report = await diagnose({ url: proxy.url, token, timing: TIMING, userToken2: await server.signToken(BEN), ...withWs(WebSocket), ...options });
    return { ...report, proxy, token };
  } finally {
    await proxy.close();
  }
}

export const wrongIds = ({ findings }: Pick<Report, 'findings'>): string[] => findings.filter(({ verdict }) => verdict === 'wrong').map(({ id }) => id);

export function finding({ findings }: Pick<Report, 'findings'>, id: string): Finding {
  const found = findings.find((each) => each.id === id);
  if (!found) throw new Error(`There is no finding ${id}; there are ${findings.map((each) => each.id).join(', ')}.`);
  return found;
}
