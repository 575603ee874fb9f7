/** Files that earlier versions have kept in the database move to the storage, and are served meanwhile. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { it } from 'node:test';
import { openDatabase } from '../../demo/server/database/database.js';
import { migrate } from '../../demo/server/database/migrations.js';
import { startServer } from '../../demo/server/server.js';
import { MOVE_RETRY_MS } from '../../demo/server/uploads/move-files.js';
import { FakeClock } from '../support/fake-clock.js';
import { ANA, rest, within } from './support.js';
import { storedFiles } from './upload-client.js';

const FILES = 120;
/** The last migration with files in the database only. */
const BEFORE = 11;
const DAY_MS = 86_400_000;

it('files move to the storage, also after an interruption, and every address works', async () => {
  const path = await mkdtemp(joinPath(tmpdir(), 'chat-move-'));
  const uploads = joinPath(path, 'uploads');
  const clock = new FakeClock();
  clock.sleep(Date.now() - clock.now());
  try {
    const old = await openDatabase({ kind: 'folder', path });
    await migrate(old, BEFORE);
    await old.query(`insert into users (email, username, first_name) values ('a', 'ana', 'Ana'), ('b', 'ben', 'Ben')`);
    await old.query(`insert into rooms (name, room_type) values ('files', 'direct')`);
    await old.query('insert into members (room_id, user_id) values (1, 1), (1, 2)');
    await old.query(
      `with made as (
         insert into attachments (name, media_type, bytes)
         select n || '.txt', 'text/plain', ('file ' || n)::bytea from generate_series(1, ${FILES}) n returning id, name)
       insert into messages (room_id, sender_id, content, attachment_id) select 1, 2, name, id from made`,
    );
    await old.close();
    // The storage does not work: a file where its folder should be.
    await writeFile(uploads, '');
    const lines: Record<string, unknown>[] = [];
    const options = {
      database: { kind: 'folder', path },
      seed: false,
      clock,
      logLevel: 'info',
      logTo: { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
    } as const;
    const server = await startServer(options);
    try {
      const logged = (text: string): Promise<void> =>
        within(
          (async () => {
            while (!lines.some(({ msg }) => String(msg).includes(text))) await new Promise(setImmediate);
          })(),
          text,
        );
      const messages = async () =>
        (await rest(server, ANA, 'rooms/1/messages/?limit=3')).body.messages as {
          content: string;
          attachment: string;
        }[];
      const check = async (address = (url: string): string => url): Promise<void> => {
        for (const { content, attachment } of await messages()) {
          const response = await fetch(new URL(address(attachment), server.url), { headers: { Range: 'bytes=0-50' } });
          assert.equal(await response.text(), `file ${content.replace('.txt', '')}`);
        }
      };
      await logged('moving files to the storage failed; it goes on in a minute');
      await check();
      await rm(uploads);
      await clock.advance(MOVE_RETRY_MS);
      await within(
        (async () => {
          while ((await server.database.query('select 1 from attachments where bytes is not null')).length > 0)
            await check();
        })(),
        'all files to be moved',
        60_000,
      );
      await check();
      assert.equal((await storedFiles(uploads)).length, FILES);
      const progress = () => lines.filter(({ msg }) => String(msg).startsWith('moving files from'));
      await within(
        (async () => {
          while (progress().length < 3) await new Promise(setImmediate);
        })(),
        'the progress in the log',
      );
      assert.deepEqual(
        progress().map(({ moved, left }) => [moved, left]),
        [
          [50, 70],
          [100, 20],
          [120, 0],
        ],
      );
      // Addresses of the earlier version, which had no signature, work for a day.
      const unsigned = (url: string): string => url.replace(/\?.*/, '');
      await check(unsigned);
      clock.sleep(DAY_MS + 60_000);
      const [message] = await messages();
      assert.equal((await fetch(new URL(unsigned(message!.attachment), server.url))).status, 403);
      await check();
    } finally {
      await server.close();
    }
  } finally {
    await rm(path, { recursive: true, force: true });
  }
});
