/**
 * Has every file scanned by a service (`SCAN_URL`): POST of its bytes, answered with `{"verdict": "clean"}` or
 * `"infected"`. Until then the file is `checking`, also while the service does not answer.
 */
import { Readable } from 'node:stream';
import type { Context } from '../context.js';
import { newChange, recordChange } from '../messages/changes.js';
import { broadcastChange } from '../rooms/chat-actions.js';
import { deleteDueFilesSoon, releaseFile } from './stored-files.js';

/** How often waiting files are looked for. An upload to this process is scanned at once. */
export const SCAN_INTERVAL_MS = 30_000;
const SCAN_TIMEOUT_MS = 60_000;
/** After this time another process tries: this one may have ended. */
const LEASE_MS = 2 * SCAN_TIMEOUT_MS;
const MAX_RETRY_MS = 3_600_000;

interface Waiting {
  id: string;
  storageKey: string;
  size: number;
  failures: number;
}

export interface Scanner {
  /** Scans what is due, in the background. */
  wake(): void;
  stop(): Promise<void>;
}

export function startScanner(context: Omit<Context, 'wakeScanner'>): Scanner {
  const { options, log } = context;
  const { scanUrl, clock } = options;
  if (scanUrl === undefined) return { wake: () => {}, stop: () => Promise.resolve() };
  let running: Promise<void> | undefined;
  let isStopped = false;
  let wasWoken = false;
  let cancel = (): void => {};

  async function run(): Promise<void> {
    do {
      wasWoken = false;
      for (let file = await claim(context); file && !isStopped; file = await claim(context))
        await scan(context, scanUrl!, file);
    } while (wasWoken && !isStopped);
  }
  function wake(): void {
    wasWoken = true;
    if (isStopped) return;
    running ??= run()
      .catch((error: unknown) => log.error({ err: error }, 'scanning failed'))
      .finally(() => (running = undefined));
  }
  function schedule(): void {
    cancel = clock.after(SCAN_INTERVAL_MS, () => {
      schedule();
      wake();
    });
  }
  schedule();
  wake();
  return {
    wake,
    async stop() {
      isStopped = true;
      cancel();
      await running;
    },
  };
}

type Source = Omit<Context, 'wakeScanner'>;

/** Takes the next file that is due. Only one process gets it. */
async function claim({ database, options }: Source): Promise<Waiting | undefined> {
  const now = options.clock.now();
  const [file] = await database.query<Waiting>(
    `update attachments f set scan_at = $2 where id = (
       select id from attachments where scan_at <= $1 order by scan_at limit 1 for update skip locked)
     returning id, storage_key as "storageKey", size, scan_failures as failures`,
    [new Date(now), new Date(now + LEASE_MS)],
  );
  return file;
}

async function scan(context: Source, scanUrl: string, file: Waiting): Promise<void> {
  const { database, options, log } = context;
  try {
    const verdict = await ask(context, scanUrl, file);
    await settle(context, file, verdict === 'clean' ? 'ready' : 'blocked');
    log.info({ upload: file.id, verdict }, 'file scanned');
  } catch (error) {
    log.warn({ err: error, upload: file.id }, 'a file cannot be scanned now; it stays hidden, and is tried again');
    const retryMs = Math.min(MAX_RETRY_MS, SCAN_INTERVAL_MS * 2 ** Math.min(file.failures, 10));
    await database.query('update attachments set scan_at = $2, scan_failures = scan_failures + 1 where id = $1', [
      file.id,
      new Date(options.clock.now() + retryMs),
    ]);
  }
}

async function ask({ storage }: Source, scanUrl: string, file: Waiting): Promise<'clean' | 'infected'> {
  const stream = await storage.get(file.storageKey);
  if (!stream) throw new Error('The file is not in the storage.');
  const init = {
    method: 'POST',
    body: Readable.toWeb(stream) as BodyInit,
    duplex: 'half',
    headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': String(file.size) },
    redirect: 'error',
    signal: AbortSignal.timeout(SCAN_TIMEOUT_MS),
  } satisfies RequestInit & { duplex: string };
  const response = await fetch(scanUrl, init);
  const { verdict } = response.ok ? ((await response.json()) as { verdict?: unknown }) : {};
  if (verdict === 'clean' || verdict === 'infected') return verdict;
  if (!response.ok) await response.body?.cancel();
  throw new Error(`The scanner answered ${response.status} without a verdict.`);
}

/** Stores the verdict, and announces it if the file has been sent. */
async function settle(context: Source, { id, storageKey }: Waiting, state: 'ready' | 'blocked'): Promise<void> {
  const { database, options } = context;
  const change = await database.transaction(async (inside) => {
    for (;;) {
      const [file] = await inside.query<{ messageId: number | null; roomId: number | null }>(
        `select f.message_id as "messageId", m.room_id as "roomId"
         from attachments f left join messages m on m.id = f.message_id where f.id = $1`,
        [id],
      );
      // Discarded, or deleted with its message.
      if (!file) return undefined;
      const { messageId, roomId } = file;
      // The room first, as everything that changes a message.
      if (roomId !== null) await inside.query('select 1 from rooms where id = $1 for update', [roomId]);
      const changed = await inside.query(
        `update attachments set state = $2, scan_at = null, storage_key = case when $2 = 'ready' then storage_key end
         where id = $1 and state = 'checking' and message_id is not distinct from $3 returning 1`,
        [id, state, messageId],
      );
      // Sent, discarded or deleted meanwhile.
      if (changed.length === 0) {
        const [left] = await inside.query(`select 1 from attachments where id = $1 and state = 'checking'`, [id]);
        if (!left) return undefined;
        continue;
      }
      if (state === 'blocked') await releaseFile(inside, storageKey, new Date(options.clock.now()));
      if (messageId === null || roomId === null) return undefined;
      const seq = await recordChange(inside, 'message_updated', roomId, messageId);
      return newChange('message_updated', { roomId, seq, messageId });
    }
  });
  // A baseline client does not know this frame.
  if (change && !options.baseline) await broadcastChange(context, change);
  if (state === 'blocked') deleteDueFilesSoon(context);
}
