/** Files of messages when something goes wrong: other users, other tabs, refusals; against a real backend. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import type { ChatError } from '../../src/transport/index.js';
import { ANA, BEN, ROOM } from '../server/support.js';
import { removeS3, startS3 } from '../server/s3-service.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { connectAs, deferred, type TestConnection } from './support.js';

const textFile = (text: string, name = 'notes.txt'): File => new File([text], name, { type: 'text/plain' });
const UPLOAD = 'POST uploads/';
/** Answers uploads with an error that may pass, and counts them. */
function failUploads(connection: TestConnection, status = 503): { count: number } {
  const uploads = { count: 0 };
  connection.answer = (method, path) => {
    if (`${method} ${path}` !== UPLOAD) return undefined;
    uploads.count++;
    return Response.json({ detail: 'Not now.' }, { status });
  };
  return uploads;
}

describe('13.5: faults of files', () => {
  let server: RunningServer;
  let connections: TestConnection[] = [];
  before(async () => (server = await startServer()));
  afterEach(() => {
    connections.forEach((each) => each.end());
    connections = [];
  });
  after(() => server.close());

  const connect = async (device?: Parameters<typeof connectAs>[3], to = server): Promise<TestConnection> => {
    const made = await connectAs(to, ANA, [ROOM], device);
    connections.push(made);
    return made;
  };
  const stateOf = ({ chat }: TestConnection, uploadId: string) => chat.data.uploads.get(uploadId)?.state;

  it('a file that waits is not uploaded as the next user, and nothing of it stays after `clearLocalData`', async () => {
    // Without jitter: the next attempt would follow at once.
    const chat = await connect({ storage: new MemoryStorage().handle(), tabs: {}, random: () => 0 });
    const [asked, gate] = [deferred(), deferred()];
    let uploads = 0;
    chat.answer = async (method, path) => {
      if (`${method} ${path}` !== UPLOAD) return undefined;
      uploads++;
      asked.resolve();
      await gate.promise;
      return Response.json({ detail: 'Not now.' }, { status: 503 });
    };
    await chat.chat.uploads.add(ROOM, textFile('of Ana', 'of-ana.txt'));
    await asked.promise;
    chat.chat.configure({ token: await server.signToken(BEN) });
    chat.answer = () => undefined;
    gate.resolve();
    await chat.until((data) => data.user?.id === BEN && data.phase.is === 'connected', 'Ben');
    assert.equal(chat.chat.data.uploads.size, 0);
    const { message } = await chat.chat.sendChatMessage(ROOM, 'of Ben', {
      attachments: [(await chat.chat.uploads.add(ROOM, textFile('of Ben', 'of-ben.txt'))).uploadId],
    });
    assert.equal(message.attachments![0]!.name, 'of-ben.txt');
    await chat.chat.clearLocalData();
    assert.equal(uploads, 1);
    const rows = await server.database.query("select 1 from attachments where name = 'of-ana.txt'");
    assert.equal(rows.length, 0);
  });

  it('a full device and two tabs: the file of the tab that does not send is sent', async () => {
    const browser = new FakeBrowser();
    const storage = new MemoryStorage();
    storage.files.capacity = 2;
    const [first, second] = [
      await connect({ storage: storage.handle(), tabs: browser.tab() }),
      await connect({ storage: storage.handle(), tabs: browser.tab() }),
    ];
    for (const tab of [first, second]) {
      const { uploadId } = await tab.chat.uploads.add(ROOM, textFile('not stored'));
      await tab.until(() => stateOf(tab, uploadId) === 'finished', 'the upload');
      const { message } = await tab.chat.sendChatMessage(ROOM, '', { attachments: [uploadId] });
      assert.equal(message.attachments!.length, 1);
    }
  });

  it('answers that concern the file end after five attempts; the message fails, and later ones are sent', async () => {
    const ana = await connect({ storage: new MemoryStorage().handle(), tabs: {}, random: () => 0 });
    const uploads = failUploads(ana, 500);
    const { uploadId } = await ana.chat.uploads.add(ROOM, textFile('no'));
    const sent = ana.chat.sendChatMessage(ROOM, 'with a file', { attachments: [uploadId] });
    const later = ana.chat.sendChatMessage(ROOM, 'later');
    await assert.rejects(sent, ({ message }: ChatError) => message === 'Not now.');
    await later;
    assert.equal(stateOf(ana, uploadId), 'failed');
    assert.equal(uploads.count, 5);
  });

  it('an error of the page that uploads the file is final', async () => {
    const ana = await connect();
    let attempts = 0;
    ana.chat.on('chat-before-attach', ({ uploadWith }) =>
      uploadWith(() => {
        attempts++;
        return Promise.reject(new Error('A virus was found.'));
      }),
    );
    const { uploadId } = await ana.chat.uploads.add(ROOM, textFile('no'));
    await ana.until(() => stateOf(ana, uploadId) === 'blocked', 'the refusal');
    await assert.rejects(
      ana.chat.sendChatMessage(ROOM, '', { attachments: [uploadId] }),
      ({ message }: ChatError) => message === 'A virus was found.',
    );
    assert.equal(attempts, 1);
  });

  it('retrying a file that the page has prevented asks the page again', async () => {
    const ana = await connect();
    let answer: string | undefined = 'Not on Sundays.';
    ana.chat.on('chat-before-attach', ({ prevent }) => answer && prevent(answer));
    const { uploadId } = await ana.chat.uploads.add(ROOM, textFile('maybe'));
    await ana.chat.uploads.retry(uploadId);
    assert.equal(stateOf(ana, uploadId), 'blocked');
    assert.ok(!ana.requests.includes(UPLOAD));
    answer = undefined;
    await ana.chat.uploads.retry(uploadId);
    await ana.until(() => stateOf(ana, uploadId) === 'finished', 'the upload');
  });

  it('at most 100 files are kept', async () => {
    const ana = await connect();
    await ana.chat.uploads.pause();
    const uploads = await Promise.all(Array.from({ length: 105 }, () => ana.chat.uploads.add(ROOM, textFile('x'))));
    assert.equal(uploads.filter(({ error }) => error?.code === 'too_many').length, 5);
    assert.equal(ana.chat.data.uploads.size, 100);
  });

  it('one file cannot be in two messages', async () => {
    const ana = await connect();
    await ana.chat.uploads.pause();
    const { uploadId } = await ana.chat.uploads.add(ROOM, textFile('x'));
    const first = ana.chat.sendChatMessage(ROOM, 'first', { attachments: [uploadId] });
    await ana.until(() => ana.chat.messages(ROOM).at(-1)!.content === 'first', 'the first message');
    await assert.rejects(
      ana.chat.sendChatMessage(ROOM, 'second', { attachments: [uploadId] }),
      ({ code }: ChatError) => code === 'conflict',
    );
    await ana.chat.uploads.resume();
    assert.equal((await first).message.attachments!.length, 1);
  });

  it('a message that is found after a reload releases its file', async () => {
    const storage = new MemoryStorage();
    const first = await connect({ storage: storage.handle(), tabs: {} });
    const { uploadId } = await first.chat.uploads.add(ROOM, textFile('kept'));
    await first.until(() => stateOf(first, uploadId) === 'finished', 'the upload');
    const stored = deferred();
    // The tab is closed before it receives the answer.
    first.afterRequest = (_method, path) => {
      if (!path.includes('send_message')) return;
      first.end();
      stored.resolve();
      throw new TypeError('closed');
    };
    void first.chat.sendChatMessage(ROOM, 'found', { attachments: [uploadId] }).catch(() => {});
    await stored.promise;
    const second = await connect({ storage: storage.handle(), tabs: {} });
    await second.until(() => second.shown(ROOM).at(-1)!.content === 'found', 'the message');
    // No event reports this: the test's deadline ends the wait.
    while (storage.messages.size + storage.files.rows.size > 0) await new Promise(setImmediate);
  });

  it('a discarded message leaves nothing of its content on the device', async () => {
    const storage = new MemoryStorage();
    const ana = await connect({ storage: storage.handle(), tabs: {} });
    await ana.chat.uploads.pause();
    const { uploadId } = await ana.chat.uploads.add(ROOM, textFile('x', 'secret diagnosis.txt'));
    void ana.chat.sendChatMessage(ROOM, 'private', { attachments: [uploadId] }).catch(() => {});
    await ana.until(() => ana.chat.messages(ROOM).at(-1)!.content === 'private', 'the message');
    ana.chat.discard(ana.chat.messages(ROOM).at(-1)!.localId!);
    await ana.until((data) => data.uploads.size === 0, 'no uploads');
    assert.equal(storage.messages.size, 1);
    assert.doesNotMatch(JSON.stringify([...storage.messages.values()]), /private|diagnosis/);
  });

  it('presigned: the file is complete, but the answer is lost: it is sent, and stored once', async () => {
    const s3 = await startS3();
    const presigned = await startServer({ uploads: { kind: 's3', url: s3.url } });
    try {
      const ana = await connect(undefined, presigned);
      let lost = 0;
      ana.afterRequest = (_method, path) => {
        if (path.endsWith('/complete/') && lost++ === 0) throw new TypeError('connection lost');
      };
      const { uploadId } = await ana.chat.uploads.add(ROOM, textFile('presigned'));
      const { message } = await ana.chat.sendChatMessage(ROOM, '', { attachments: [uploadId] });
      assert.equal(await (await fetch(new URL(message.attachments![0]!.url!, presigned.url))).text(), 'presigned');
      assert.equal(ana.requests.filter((request) => request.startsWith('PUT')).length, 1);
    } finally {
      connections.forEach((each) => each.end());
      await presigned.close();
      await s3.stop();
      await removeS3(s3);
    }
  });

  it('S3 that is unavailable: the file waits, and is sent when it is back', async () => {
    const ana = await connect({ storage: new MemoryStorage().handle(), tabs: {}, random: () => 0 });
    const uploads = failUploads(ana, 503);
    const { uploadId } = await ana.chat.uploads.add(ROOM, textFile('patient'));
    await ana.until((data) => data.uploads.get(uploadId)?.error?.code === 'server_error', 'the error');
    assert.equal(stateOf(ana, uploadId), 'pending');
    ana.answer = () => undefined;
    const { message } = await ana.chat.sendChatMessage(ROOM, '', { attachments: [uploadId] });
    assert.equal(message.attachments!.length, 1);
    assert.ok(uploads.count >= 1);
  });
});
