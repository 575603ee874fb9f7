import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, ROOM } from '../server/support.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { connectAs } from './support.js';

const textFile = (text: string, name = 'notes.txt'): File => new File([text], name, { type: 'text/plain' });
let server: RunningServer;
before(async () => (server = await startServer()));
after(() => server.close());

it('a: an upload that fails permanently ends', async () => {
  const ana = await connectAs(server, ANA, [ROOM]);
  let attempts = 0;
  ana.chat.on('chat-before-attach', ({ uploadWith }) =>
    uploadWith(async () => {
      attempts++;
      throw new Error('A virus was found.');
    }),
  );
  const upload = await ana.chat.uploads.add(ROOM, textFile('x'));
  void ana.chat.sendChatMessage(ROOM, 'with', { attachments: [upload.uploadId] }).catch(() => {});
  void ana.chat.sendChatMessage(ROOM, 'later').catch(() => {});
  await sleep(15_000);
  console.log(
    'a',
    attempts,
    ana.chat.data.uploads.get(upload.uploadId)?.state,
    ana.chat
      .messages(ROOM)
      .slice(-2)
      .map(({ delivery }) => delivery),
  );
  ana.end();
  assert.ok(ana.chat.messages(ROOM).at(-1)!.delivery !== 'sending');
});

it('b: a discarded message leaves nothing of its content on the device', async () => {
  const storage = new MemoryStorage();
  const ana = await connectAs(server, ANA, [ROOM], { storage: storage.handle(), tabs: {} });
  await ana.chat.uploads.pause();
  const localId = await ana.chat.openConversation({
    with: 3,
    context: { type: 'job', id: 'x' },
    contextToken: 'host.signed.token',
  });
  ana.beforeRequest = () => {
    throw new TypeError('offline');
  };
  const upload = await ana.chat.uploads.add(localId, textFile('x', 'secret diagnosis.txt'));
  void ana.chat.sendChatMessage(localId, 'private', { attachments: [upload.uploadId] }).catch(() => {});
  await ana.until(() => ana.chat.messages(localId).length === 1, 'message');
  ana.chat.discard(ana.chat.messages(localId).at(-1)!.localId!);
  await sleep(300);
  const left = JSON.stringify([...storage.messages.values()]);
  console.log('b', left);
  ana.end();
  assert.ok(!/diagnosis|host\.signed/.test(left));
});

it('c: one upload in two messages', async () => {
  const ana = await connectAs(server, ANA, [ROOM]);
  const upload = await ana.chat.uploads.add(ROOM, textFile('x'));
  await ana.until((data) => data.uploads.get(upload.uploadId)!.state === 'finished', 'upload');
  const results = await Promise.all(
    ['1', '2'].map((text) =>
      ana.chat.sendChatMessage(ROOM, text, { attachments: [upload.uploadId] }).then(
        () => 'sent',
        (e: { code: string }) => e.code,
      ),
    ),
  );
  console.log('c', results);
  ana.end();
});

it('d: clearLocalData while the files of another user wait in memory', async () => {
  const ana = await connectAs(server, ANA, [ROOM], { storage: new MemoryStorage().handle(), tabs: {} });
  ana.answer = (method, path) =>
    method === 'POST' && path === 'uploads/' ? Response.json({ detail: 'down' }, { status: 503 }) : undefined;
  await ana.chat.uploads.add(ROOM, textFile('of Ana'));
  await sleep(200);
  ana.chat.configure({ token: await server.signToken(2) } as never);
  await ana.until((data) => data.user?.id === 2 && data.phase.is === 'connected', 'Ben');
  await ana.chat.clearLocalData();
  const before = ana.requests.filter((r) => r === 'POST uploads/').length;
  await sleep(8000);
  const afterwards = ana.requests.filter((r) => r === 'POST uploads/').length;
  console.log('d', before, afterwards);
  ana.end();
  assert.equal(afterwards, before);
});
