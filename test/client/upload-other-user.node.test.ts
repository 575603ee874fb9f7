/** User change during an upload: whose token uploads the file? */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, BEN, ROOM } from '../server/support.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { connectAs } from './support.js';

const textFile = (text: string, name = 'notes.txt'): File => new File([text], name, { type: 'text/plain' });
const UPLOAD = 'POST uploads/';
let server: RunningServer;
before(async () => (server = await startServer()));
after(() => server.close());

it('a file of Ana is not uploaded with the token of Ben', async () => {
  const storage = new MemoryStorage();
  const ana = await connectAs(server, ANA, [ROOM], { storage: storage.handle(), tabs: {} });
  let isFirst = true;
  ana.beforeRequest = (method, path) => {
    if (`${method} ${path}` !== UPLOAD || !isFirst) return undefined;
    isFirst = false;
    return new Promise<void>(() => {}); // hangs: a slow upload
  };
  await ana.chat.uploads.add(ROOM, textFile('secret of Ana'));
  for (let i = 0; i < 100 && isFirst; i++) await sleep(50);
  assert.equal(isFirst, false);
  ana.chat.configure({ token: await server.signToken(BEN) } as never);
  await ana.until((data) => data.user?.id === BEN && data.phase.is === 'connected', 'Ben');
  await sleep(3500);
  const rows = await server.database.query<{ owner_id: number }>(
    'select owner_id from attachments where owner_id is not null',
  );
  console.log(
    'rows',
    rows,
    ana.requests.filter((r) => r.includes('upload')),
  );
  ana.end();
  assert.ok(
    rows.every(({ owner_id }) => owner_id !== BEN),
    'uploaded as Ben',
  );
});
