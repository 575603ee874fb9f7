import assert from 'node:assert/strict';
import { after, afterEach, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, BEN, CLEO, ROOM } from '../server/support.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { connectAs, type TestConnection } from './support.js';

const textFile = (text: string, name = 'notes.txt'): File => new File([text], name, { type: 'text/plain' });
const UPLOAD = 'POST uploads/';
let server: RunningServer;
let all: TestConnection[] = [];
before(async () => (server = await startServer()));
afterEach(() => {
  all.forEach((each) => each.end());
  all = [];
});
after(() => server.close());
const connect = async (...given: Parameters<typeof connectAs> extends [unknown, ...infer R] ? R : never) => {
  const made = await connectAs(server, ...given);
  all.push(made);
  return made;
};

it('a: full device, two tabs: a file of the tab that does not send is sent', async () => {
  const browser = new FakeBrowser();
  const storage = new MemoryStorage();
  storage.files.capacity = 2;
  const first = await connect(ANA, [ROOM], { storage: storage.handle(), tabs: browser.tab() });
  const second = await connect(ANA, [ROOM], { storage: storage.handle(), tabs: browser.tab() });
  for (const tab of [first, second]) {
    const upload = await tab.chat.uploads.add(ROOM, textFile('not stored'));
    await tab.until((data) => data.uploads.get(upload.uploadId)!.state === 'finished', 'upload');
    const result = await tab.chat.sendChatMessage(ROOM, 'm', { attachments: [upload.uploadId] }).then(
      () => 'sent',
      (error: { code: string }) => error.code,
    );
    console.log('tab', tab === first ? 1 : 2, result);
    assert.equal(result, 'sent');
  }
});

it('b: retry does not upload a file that the page has prevented', async () => {
  const ana = await connect(ANA, [ROOM]);
  ana.chat.on('chat-before-attach', ({ prevent }) => prevent('No.'));
  const upload = await ana.chat.uploads.add(ROOM, textFile('prevented'));
  assert.equal(upload.state, 'blocked');
  await ana.chat.uploads.retry(upload.uploadId).catch(() => {});
  await sleep(800);
  console.log('b', ana.chat.data.uploads.get(upload.uploadId)?.state);
  assert.equal(ana.requests.filter((r) => r === UPLOAD).length, 0);
});

it('c: too many files are not kept', async () => {
  const ana = await connect(ANA, [ROOM]);
  await ana.chat.uploads.pause();
  for (let i = 0; i < 130; i++) await ana.chat.uploads.add(ROOM, textFile('x'));
  console.log('c', ana.chat.data.uploads.size);
  assert.ok(ana.chat.data.uploads.size <= 100);
});

it('d: a renewed context token replaces the expired one', async () => {
  const ana = await connect(ANA, []);
  const context = { type: 'job', id: 'renewed' };
  const localId = await ana.chat.openConversation({ with: CLEO, context, contextToken: 'old' });
  const again = await ana.chat.openConversation({ with: CLEO, context, contextToken: 'new' });
  assert.equal(again, localId);
  assert.equal(ana.chat.data.newRooms.get(String(localId))!.contextToken, 'new');
});

it('e: a message to the local id after the room was created', async () => {
  const ana = await connect(ANA, []);
  const localId = await ana.chat.openConversation({ with: CLEO, context: { type: 'job', id: 'later' } });
  await ana.chat.sendChatMessage(localId, 'one');
  const result = await ana.chat.sendChatMessage(localId, 'two').then(
    () => 'sent',
    (error: { code: string }) => error.code,
  );
  console.log(
    'e',
    result,
    ana.requests.filter((r) => r.includes('new_')),
  );
  assert.equal(result, 'sent');
});

it('f: typing, markRead and draft in a local room', async () => {
  const ana = await connect(ANA, []);
  const errors: unknown[] = [];
  ana.chat.on('chat-error', (error) => errors.push(error));
  const localId = await ana.chat.openConversation({ with: CLEO, context: { type: 'job', id: 'typing' } });
  ana.chat.typing(localId, true);
  const marked = await ana.chat.markRead(localId).then(
    () => 'ok',
    (error: { code: string }) => error.code,
  );
  ana.chat.saveDraft(localId, 'half a text');
  await sleep(1500);
  console.log(
    'f',
    marked,
    errors,
    ana.requests.filter((r) => r.includes('new_')),
  );
  await ana.chat.sendChatMessage(localId, 'one');
  const roomId = ana.chat.data.createdRooms.get(String(localId))!;
  console.log('f draft', JSON.stringify(await ana.chat.draft(roomId)), JSON.stringify(await ana.chat.draft(localId)));
  assert.equal(await ana.chat.draft(roomId), 'half a text');
});

it('g: a message found in the history after a reload releases its file', async () => {
  const storage = new MemoryStorage();
  const first = await connect(ANA, [ROOM], { storage: storage.handle(), tabs: {} });
  const upload = await first.chat.uploads.add(ROOM, textFile('kept'));
  await first.until((data) => data.uploads.get(upload.uploadId)!.state === 'finished', 'upload');
  first.afterRequest = (_method, path) => {
    if (path.includes('send_message')) throw new TypeError('lost');
  };
  first.isOnline = true;
  let isSent = false;
  first.beforeRequest = (_method, path) => {
    if (isSent) throw new TypeError('gone');
    if (path.includes('send_message')) isSent = true;
  };
  // The tab ends before it sees the stored message.
  void first.chat.sendChatMessage(ROOM, 'g message', { attachments: [upload.uploadId] }).catch(() => {});
  for (let i = 0; i < 200 && !isSent; i++) await sleep(5);
  first.end();
  await sleep(300);
  console.log('g rows', storage.messages.size, storage.files.rows.size);
  const second = await connect(ANA, [ROOM], { storage: storage.handle(), tabs: {} });
  await second.until(() => second.shown(ROOM).at(-1)!.content === 'g message', 'the message');
  await sleep(1500);
  console.log(
    'g after',
    storage.messages.size,
    storage.files.rows.size,
    second.requests.filter((r) => /send|upload/.test(r)),
  );
  assert.equal(storage.messages.size, 0);
  assert.equal(storage.files.rows.size, 0);
});

it('h: without `uploads`, after a reload, the backend does not get the file of a page that uploads itself', async () => {
  const baseline = await startServer({ baseline: true });
  try {
    const storage = new MemoryStorage();
    const first = await connectAs(baseline, ANA, [ROOM], { storage: storage.handle(), tabs: {} });
    first.chat.on('chat-before-attach', ({ uploadWith }) => uploadWith(() => new Promise<never>(() => {})));
    const upload = await first.chat.uploads.add(ROOM, textFile('not for the backend'));
    void first.chat.sendChatMessage(ROOM, 'h', { attachments: [upload.uploadId] }).catch(() => {});
    await first.until(() => storage.messages.size === 1, 'on the device').catch(() => {});
    first.end();
    const second = await connectAs(baseline, ANA, [ROOM], { storage: storage.handle(), tabs: {} });
    let asked = 0;
    second.chat.on('chat-before-attach', ({ uploadWith }) => {
      asked++;
      uploadWith(() => new Promise<never>(() => {}));
    });
    await sleep(3000);
    const sends = second.requests.filter((r) => r.includes('send_message'));
    console.log('h', { asked, sends, shown: second.shown(ROOM).at(-1)!.attachment });
    second.end();
    assert.equal(sends.length, 0);
  } finally {
    await baseline.close();
  }
});
void BEN;
