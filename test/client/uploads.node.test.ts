/** Files of messages, against a real backend. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import type { BeforeAttach, Upload } from '../../src/model/index.js';
import type { ChatData } from '../../src/store/state.js';
import type { ChatError } from '../../src/transport/index.js';
import { ANA, BEN, ROOM } from '../server/support.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { connectAs, deferred, type TestConnection } from './support.js';

const textFile = (text: string, name = 'notes.txt'): File => new File([text], name, { type: 'text/plain' });
const uploadOf = (data: ChatData, { uploadId }: Upload): Upload | undefined => data.uploads.get(uploadId);
const UPLOAD = 'POST uploads/';
const SEND = `POST rooms/${ROOM}/send_message/`;

describe('13.5: files of messages', () => {
  let server: RunningServer;
  let connections: TestConnection[] = [];
  before(async () => (server = await startServer({ limits: { attachmentBytes: 100_000 } })));
  afterEach(() => {
    connections.forEach((each) => each.end());
    connections = [];
  });
  after(() => server.close());

  const connect = async (userId: number, device?: Parameters<typeof connectAs>[3]): Promise<TestConnection> => {
    const made = await connectAs(server, userId, [ROOM], device);
    connections.push(made);
    return made;
  };
  const requestsOf = ({ requests }: TestConnection, request: string): number =>
    requests.filter((each) => each === request).length;
  const storedFiles = async (messageId: unknown): Promise<{ id: number; name: string }[]> =>
    server.database.query('select id, name from attachments where message_id = $1 order by position', [messageId]);

  it('uploads a file when it is added, and sends its message with it', async () => {
    const [ana, ben] = [await connect(ANA), await connect(BEN)];
    const upload = await ana.chat.uploads.add(ROOM, textFile('one'));
    assert.equal(upload.name, 'notes.txt');
    await ana.until((data) => uploadOf(data, upload)!.state === 'finished', 'the upload');
    const other = await ana.chat.uploads.add(ROOM, textFile('two', 'plan.txt'));
    const sent = ana.chat.sendChatMessage(ROOM, '', { attachments: [upload.uploadId, other.uploadId] });
    await ana.until(() => ana.chat.messages(ROOM).at(-1)!.attachments?.length === 2, 'the message with its files');
    const { message } = await sent;
    assert.deepEqual(
      message.attachments!.map(({ name, size }) => [name, size]),
      [
        ['notes.txt', 3],
        ['plan.txt', 3],
      ],
    );
    assert.equal(message.attachment, message.attachments![0]!.url);
    await ben.until(() => ben.shown(ROOM).at(-1)!.attachments?.length === 2, "the files on Ben's side");
    const file = await fetch(new URL(ben.shown(ROOM).at(-1)!.attachments![0]!.url!, server.url));
    assert.equal(await file.text(), 'one');
    assert.equal(requestsOf(ana, UPLOAD), 2);
    await ana.until((data) => data.uploads.size === 0, 'no uploads');
  });

  it('the file of a message that is being stored on the device is neither discarded nor sent again', async () => {
    const storage = new MemoryStorage();
    const ana = await connect(ANA, { storage: storage.handle(), tabs: {} });
    const { uploadId } = await ana.chat.uploads.add(ROOM, textFile('one'));
    const gate = deferred();
    storage.latency = () => gate.promise;
    const sent = ana.chat.sendChatMessage(ROOM, 'slow storage', { attachments: [uploadId] });
    const isConflict = ({ code }: ChatError): boolean => code === 'conflict';
    await assert.rejects(ana.chat.uploads.discard(uploadId), isConflict);
    await assert.rejects(ana.chat.sendChatMessage(ROOM, 'again', { attachments: [uploadId] }), isConflict);
    gate.resolve();
    assert.equal((await sent).message.attachments!.length, 1);
  });

  it('sending a file ends typing', async () => {
    const [ana, ben] = [await connect(ANA), await connect(BEN)];
    const isTyping = (): boolean => (ben.chat.data.threads.get(String(ROOM))?.typing.length ?? 0) > 0;
    const gate = deferred();
    ana.beforeRequest = (method, path) => (`${method} ${path}` === UPLOAD ? gate.promise : undefined);
    const { uploadId } = await ana.chat.uploads.add(ROOM, textFile('one'));
    ana.chat.typing(ROOM, true);
    await ben.until(isTyping, 'Ana is typing');
    const sent = ana.chat.sendChatMessage(ROOM, 'with one file', { attachments: [uploadId] });
    await ana.until(() => ana.chat.messages(ROOM).at(-1)!.content === 'with one file', 'the message');
    // A later frame of the same socket.
    await ana.chat.sendChatMessage(2, 'after that');
    await ben.until(
      ({ rooms }) => rooms.some((room) => room.last_message?.content === 'after that'),
      'the later frame',
    );
    assert.ok(!isTyping());
    gate.resolve();
    await sent;
  });

  it('a message waits for its file; messages of other rooms do not wait', async () => {
    const ana = await connect(ANA);
    const gate = deferred();
    ana.beforeRequest = (method, path) => (`${method} ${path}` === UPLOAD ? gate.promise : undefined);
    const upload = await ana.chat.uploads.add(ROOM, textFile('waits'));
    const withFile = ana.chat.sendChatMessage(ROOM, 'with a file', { attachments: [upload.uploadId] });
    await ana.until(() => ana.chat.messages(ROOM).at(-1)!.content === 'with a file', 'the message');
    const later = ana.chat.sendChatMessage(ROOM, 'later in the same room');
    await ana.chat.sendChatMessage(2, 'in another room');
    assert.ok(
      ana.chat
        .messages(ROOM)
        .slice(-2)
        .every(({ delivery }) => delivery === 'sending'),
    );
    gate.resolve();
    const [first, second] = [(await withFile).message, (await later).message];
    assert.ok(Number(first.id) < Number(second.id));
  });

  it('blocks a file before it is uploaded: size, type, number, permission', async () => {
    const ana = await connect(ANA);
    const large = await ana.chat.uploads.add(ROOM, textFile('x'.repeat(100_001)));
    assert.deepEqual([large.state, large.error?.code], ['blocked', 'too_large']);
    assert.match(large.error!.message, /100001 bytes; the limit is 100000/);
    await assert.rejects(
      ana.chat.sendChatMessage(ROOM, '', { attachments: [large.uploadId] }),
      ({ code }: ChatError) => code === 'too_large',
    );
    const many = await Promise.all(Array.from({ length: 11 }, () => ana.chat.uploads.add(ROOM, textFile('x'))));
    await assert.rejects(
      ana.chat.sendChatMessage(ROOM, '', { attachments: many.map(({ uploadId }) => uploadId) }),
      ({ code, message }: ChatError) => code === 'too_many' && /11 files; the limit is 10/.test(message),
    );
    assert.equal(ana.requests.includes(SEND), false);
    for (const { uploadId } of [large, ...many]) await ana.chat.uploads.discard(uploadId);
    await ana.until((data) => data.uploads.size === 0, 'no uploads');
  });

  it('a server that refuses a file (413, 415) blocks it with its reason; the message fails, and can be discarded', async () => {
    const ana = await connect(ANA);
    for (const [status, code] of [
      [413, 'too_large'],
      [415, 'unsupported_type'],
    ] as const) {
      ana.answer = (method, path) =>
        `${method} ${path}` === UPLOAD ? Response.json({ detail: 'Not this one.', code }, { status }) : undefined;
      const upload = await ana.chat.uploads.add(ROOM, textFile('no'));
      await ana.until((data) => uploadOf(data, upload)!.state === 'blocked', 'the refusal');
      assert.equal(uploadOf(ana.chat.data, upload)!.error!.message, 'Not this one.');
      await assert.rejects(
        ana.chat.sendChatMessage(ROOM, '', { attachments: [upload.uploadId] }),
        (error: ChatError) => error.code === code,
      );
      await ana.chat.uploads.discard(upload.uploadId);
    }
    assert.equal(requestsOf(ana, UPLOAD), 2);
  });

  it('a file that the server refuses while its message waits fails the message; retrying uploads it again', async () => {
    const ana = await connect(ANA);
    const gate = deferred();
    ana.answer = async (method, path) => {
      if (`${method} ${path}` !== UPLOAD) return undefined;
      await gate.promise;
      return Response.json({ detail: 'Not this one.' }, { status: 415 });
    };
    const upload = await ana.chat.uploads.add(ROOM, textFile('maybe'));
    const sent = ana.chat.sendChatMessage(ROOM, 'maybe', { attachments: [upload.uploadId] });
    gate.resolve();
    await assert.rejects(sent, ({ code }: ChatError) => code === 'unsupported_type');
    ana.answer = () => undefined;
    const { message } = await ana.chat.retry(ana.chat.messages(ROOM).at(-1)!.localId!);
    assert.equal(message.attachments!.length, 1);
  });

  it('stored but the answer lost: the file is uploaded again under the same key, and stored once', async () => {
    const ana = await connect(ANA);
    let lost = 0;
    ana.afterRequest = (method, path) => {
      if (`${method} ${path}` === UPLOAD && lost++ < 2) throw new TypeError('connection lost');
    };
    const upload = await ana.chat.uploads.add(ROOM, textFile('once'));
    const { message } = await ana.chat.sendChatMessage(ROOM, 'once', { attachments: [upload.uploadId] });
    assert.equal((await storedFiles(message.id)).length, 1);
    assert.equal(lost, 3);
    const [{ count }] = (await server.database.query<{ count: number }>(
      'select count(*)::int as count from attachments where owner_id = $1 and upload_key = $2',
      [ANA, upload.uploadId],
    )) as [{ count: number }];
    assert.equal(count, 1);
  });

  it('an upload that has expired before its message is sent is uploaded again, without a question', async () => {
    const ana = await connect(ANA);
    const upload = await ana.chat.uploads.add(ROOM, textFile('old'));
    await ana.until((data) => uploadOf(data, upload)!.state === 'finished', 'the upload');
    await server.database.query('delete from attachments where upload_key = $1', [upload.uploadId]);
    const { message } = await ana.chat.sendChatMessage(ROOM, 'expired', { attachments: [upload.uploadId] });
    assert.equal(message.attachments![0]!.name, 'notes.txt');
    assert.equal(requestsOf(ana, UPLOAD), 2);
  });

  it('survives a reload: the file is on the device, and a finished upload is not repeated', async () => {
    const storage = new MemoryStorage();
    const page = (): Promise<TestConnection> => connect(ANA, { storage: storage.handle(), tabs: {} });
    const first = await page();
    const upload = await first.chat.uploads.add(ROOM, textFile('kept'));
    await first.until((data) => uploadOf(data, upload)!.state === 'finished', 'the upload');
    first.beforeRequest = () => {
      throw new TypeError('closed');
    };
    void first.chat.sendChatMessage(ROOM, 'kept', { attachments: [upload.uploadId] }).catch(() => {});
    await first.until(() => storage.messages.size === 1, 'the message on the device');
    first.end();

    const second = await page();
    await second.until(() => second.shown(ROOM).at(-1)!.content === 'kept', 'the message');
    assert.equal(second.shown(ROOM).at(-1)!.attachments!.length, 1);
    assert.equal(requestsOf(second, UPLOAD), 0);
    await second.until(() => storage.files.rows.size === 0, 'no file on the device');
  });

  it('a tab that is closed during an upload: another one uploads the file, and sends the message once', async () => {
    const browser = new FakeBrowser();
    const storage = new MemoryStorage();
    const [tabs, otherTabs] = [browser.tab(), browser.tab()];
    const first = await connect(ANA, { storage: storage.handle(), tabs });
    const second = await connect(ANA, { storage: storage.handle(), tabs: otherTabs });
    first.beforeRequest = (method, path) => (`${method} ${path}` === UPLOAD ? new Promise<void>(() => {}) : undefined);
    const upload = await first.chat.uploads.add(ROOM, textFile('two tabs'));
    void first.chat.sendChatMessage(ROOM, 'two tabs', { attachments: [upload.uploadId] }).catch(() => {});
    await second.until(() => second.chat.messages(ROOM).at(-1)!.content === 'two tabs', 'the message in the other tab');
    assert.equal(requestsOf(second, UPLOAD), 0);
    tabs.kill();
    await second.until(() => second.shown(ROOM).at(-1)!.content === 'two tabs', 'the message');
    assert.equal(requestsOf(second, UPLOAD), 1);
    assert.equal((await storedFiles(second.shown(ROOM).at(-1)!.id)).length, 1);
  });

  it('a full device: the file stays in memory, says so, and is sent', async () => {
    const storage = new MemoryStorage();
    storage.files.capacity = 2;
    const ana = await connect(ANA, { storage: storage.handle(), tabs: {} });
    const problems: string[] = [];
    ana.chat.on('chat-error', ({ code }) => problems.push(code));
    const upload = await ana.chat.uploads.add(ROOM, textFile('too much'));
    assert.equal(upload.isOnDevice, false);
    assert.deepEqual(problems, ['file_not_stored']);
    const { message } = await ana.chat.sendChatMessage(ROOM, '', { attachments: [upload.uploadId] });
    assert.equal(message.attachments!.length, 1);
  });

  it('paused uploads wait, and continue', async () => {
    const ana = await connect(ANA);
    await ana.chat.uploads.pause();
    const upload = await ana.chat.uploads.add(ROOM, textFile('later'));
    const sent = ana.chat.sendChatMessage(ROOM, 'later', { attachments: [upload.uploadId] });
    await ana.chat.sendChatMessage(2, 'meanwhile');
    assert.equal(requestsOf(ana, UPLOAD), 0);
    await ana.chat.uploads.resume();
    assert.equal((await sent).message.attachments!.length, 1);
  });

  it('the page can prevent a file, and upload it itself', async () => {
    const ana = await connect(ANA);
    const stop = ana.chat.on('chat-before-attach', ({ prevent }) => prevent('No files on Sundays.'));
    const prevented = await ana.chat.uploads.add(ROOM, textFile('no'));
    assert.deepEqual([prevented.state, prevented.error!.message], ['blocked', 'No files on Sundays.']);
    stop();
    const asked: BeforeAttach[] = [];
    ana.chat.on('chat-before-attach', (attach) => {
      asked.push(attach);
      attach.uploadWith(async (file, { signal }) => {
        const body = new FormData();
        body.append('file', file, 'by-the-page.txt');
        const headers = { Authorization: `Bearer ${await server.signToken(ANA)}` };
        const answer = await fetch(`${server.url}/api/chat/uploads/`, { method: 'POST', body, headers, signal });
        return ((await answer.json()) as { id: number }).id;
      });
    });
    const upload = await ana.chat.uploads.add(ROOM, textFile('by the page'));
    const { message } = await ana.chat.sendChatMessage(ROOM, '', { attachments: [upload.uploadId] });
    assert.equal(message.attachments![0]!.name, 'by-the-page.txt');
    assert.equal(asked[0]!.name, 'notes.txt');
    assert.equal(requestsOf(ana, UPLOAD), 0);
  });

  it('discards a file that is not sent, here and on the server; one that a message needs is a conflict', async () => {
    const ana = await connect(ANA);
    const upload = await ana.chat.uploads.add(ROOM, textFile('not needed'));
    await ana.until((data) => uploadOf(data, upload)!.state === 'finished', 'the upload');
    await ana.chat.uploads.discard(upload.uploadId);
    assert.equal(ana.chat.data.uploads.size, 0);
    assert.ok(ana.requests.some((request) => request.startsWith('DELETE uploads/')));
    await ana.chat.uploads.pause();
    const needed = await ana.chat.uploads.add(ROOM, textFile('needed'));
    void ana.chat.sendChatMessage(ROOM, 'needs a file', { attachments: [needed.uploadId] }).catch(() => {});
    await ana.until(() => ana.chat.messages(ROOM).at(-1)!.content === 'needs a file', 'the message');
    await assert.rejects(ana.chat.uploads.discard(needed.uploadId), ({ code }: ChatError) => code === 'conflict');
    ana.chat.discard(ana.chat.messages(ROOM).at(-1)!.localId!);
    await ana.until((data) => data.uploads.size === 0, 'no uploads');
    assert.ok(ana.chat.messages(ROOM).every(({ content }) => content !== 'needs a file'));
  });

  it('an address that has expired: the message is loaded again', async () => {
    const [ana, ben] = [await connect(ANA), await connect(BEN)];
    const upload = await ana.chat.uploads.add(ROOM, textFile('address'));
    const { message } = await ana.chat.sendChatMessage(ROOM, '', { attachments: [upload.uploadId] });
    await ben.until(() => ben.shown(ROOM).at(-1)!.id === message.id, 'the message');
    await ben.chat.room(ROOM).refreshMessage(message.id);
    assert.ok(requestsOf(ben, `GET messages/${message.id}/`), 'one request');
    const { url } = ben.shown(ROOM).at(-1)!.attachments![0]!;
    assert.equal((await fetch(new URL(url!, server.url))).status, 200);
  });

  it('a backend without uploads gets one file together with its message', async () => {
    const baseline = await startServer({ baseline: true });
    const ana = await connectAs(baseline, ANA, [ROOM]);
    try {
      const upload = await ana.chat.uploads.add(ROOM, textFile('baseline'));
      const { message } = await ana.chat.sendChatMessage(ROOM, 'the file', { attachments: [upload.uploadId] });
      assert.equal(requestsOf(ana, UPLOAD), 0);
      assert.equal(message.content, 'the file');
      const file = await fetch(new URL(message.attachment!, baseline.url));
      assert.equal(await file.text(), 'baseline');
      const [one, two] = [
        await ana.chat.uploads.add(ROOM, textFile('1')),
        await ana.chat.uploads.add(ROOM, textFile('2')),
      ];
      await assert.rejects(
        ana.chat.sendChatMessage(ROOM, '', { attachments: [one.uploadId, two.uploadId] }),
        ({ code }: ChatError) => code === 'too_many',
      );
    } finally {
      ana.end();
      await baseline.close();
    }
  });
});
