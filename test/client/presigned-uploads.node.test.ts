/** Presigned: the answer to `complete/` is lost; and a file without a media type. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, ROOM } from '../server/support.js';
import { removeS3, startS3 } from '../server/s3-service.js';
import { connectAs } from './support.js';

let server: RunningServer;
let service: Awaited<ReturnType<typeof startS3>>;
before(async () => {
  service = await startS3();
  server = await startServer({ uploads: { kind: 's3', url: service.url } });
});
after(async () => {
  await server.close();
  await service.stop();
  await removeS3(service);
});

it('a lost answer to complete/ does not block the room for ever', async () => {
  const ana = await connectAs(server, ANA, [ROOM]);
  let lost = 0;
  ana.afterRequest = (_method, path) => {
    if (/complete/.test(path) && lost++ < 1) throw new TypeError('connection lost');
  };
  const upload = await ana.chat.uploads.add(ROOM, new File(['x'], 'a.txt', { type: 'text/plain' }));
  const sent = ana.chat.sendChatMessage(ROOM, 'm', { attachments: [upload.uploadId] });
  sent.catch(() => {});
  await sleep(12_000);
  const now = ana.chat.data.uploads.get(upload.uploadId);
  console.log(
    now?.state,
    now?.error?.code,
    now?.error?.message,
    ana.requests.filter((r) => /upload/.test(r)),
  );
  ana.end();
  assert.equal(ana.chat.messages(ROOM).at(-1)!.delivery, 'sent');
});

it('a recording (media type with a parameter) and a file of unknown type can be sent', async () => {
  const ana = await connectAs(server, ANA, [ROOM]);
  console.log(ana.chat.data.limits);
  const states = [];
  for (const type of ['text/plain;charset=utf-8', '']) {
    const upload = await ana.chat.uploads.add(ROOM, new File(['x'], 'a.txt', { type }));
    await sleep(700);
    const now = ana.chat.data.uploads.get(upload.uploadId)!;
    states.push([type, now.state, now.error?.message]);
  }
  console.log(states);
  ana.end();
  assert.ok(states.every(([, state]) => state === 'finished'));
});
