/** Files by an adapter: its optional method `upload`, and adapters without it. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import {
  AdapterRefusal,
  connectAdapter,
  type AdapterEvents,
  type AdapterMessage,
  type AdapterUpload,
  type ChatAdapter,
  type OutgoingMessage,
} from '../../src/adapter/index.js';
import { ChatError, type ChatConnection, type ErrorCode, type Upload } from '../../src/headless.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { within } from '../server/support.js';

const ROOM = 7;
const ana = { id: 1, username: 'ana' };
const ben = { id: 2, username: 'ben' };
const FILE = new Blob(['First the windows.'], { type: 'text/plain' });

const refused = (code: ErrorCode) => (error: unknown) => error instanceof ChatError && error.code === code;

/** A backend whose files have the ids `file 1`, `file 2`, … */
class Backend {
  events!: AdapterEvents;
  readonly sent: OutgoingMessage[] = [];
  readonly uploaded: { content: string; options: AdapterUpload }[] = [];

  adapter(methods: Partial<ChatAdapter> = {}): ChatAdapter {
    return {
      user: ana,
      connect: (given) => void (this.events = given),
      list: async () => [{ id: ROOM, name: 'Garden', participants: [ana, ben] }],
      send: async (message) => this.store(message),
      ...methods,
    };
  }

  readonly upload = async (file: Blob, options: AdapterUpload): Promise<string> => {
    options.onProgress(0.5);
    this.uploaded.push({ content: await file.text(), options });
    return `file ${this.uploaded.length}`;
  };

  store(message: OutgoingMessage): AdapterMessage {
    this.sent.push(message);
    const { content, localId, attachments = [] } = message;
    const files = attachments.map((id) => ({ id, url: `https://files.example/${id}`, name: `${id}.txt`, size: 3 }));
    return { id: this.sent.length, sender: ana, content, timestamp: Date.now(), localId, attachments: files };
  }
}

describe('an adapter that uploads files', () => {
  const ends: (() => void)[] = [];
  afterEach(() => ends.splice(0).forEach((end) => end()));

  const until = (connection: ChatConnection, condition: () => unknown, what: string): Promise<void> => {
    let stop = (): void => {};
    const done = new Promise<void>((resolve) => {
      const look = (): void => void (condition() && resolve());
      stop = connection.subscribe(look);
      look();
    });
    return within(done, what).finally(() => stop());
  };

  async function connect(adapter: ChatAdapter, storage = new MemoryStorage()) {
    const { connection, end } = connectAdapter(adapter, 'test', { storage });
    ends.push(end);
    const problems: string[] = [];
    connection.on('chat-error', ({ message }) => problems.push(message));
    connection.openRoom(ROOM);
    await until(connection, () => connection.state === 'connected', 'connected');
    const uploadOf = (uploadId: string): Upload | undefined => connection.data.uploads.get(uploadId);
    const becomes = (uploadId: string, state: Upload['state'], hasError = state === 'blocked'): Promise<void> =>
      until(connection, () => uploadOf(uploadId)?.state === state && !!uploadOf(uploadId)!.error === hasError, state);
    return { connection, end, problems, uploadOf, becomes };
  }

  it('gets each file once, and the message with what it has returned', async () => {
    const backend = new Backend();
    const { connection, becomes } = await connect(
      backend.adapter({ upload: backend.upload, limits: { attachments: 2 } }),
    );
    assert.ok(connection.data.capabilities.includes('uploads'));
    const shares: number[] = [];
    connection.subscribe(({ uploads }) => shares.push(...[...uploads.values()].map(({ progress }) => progress)));
    const ids: string[] = [];
    for (const name of ['plan.txt', 'costs.txt']) {
      const { uploadId } = await connection.uploads.add(ROOM, FILE, { name });
      await becomes(uploadId, 'finished');
      ids.push(uploadId);
    }
    assert.ok(shares.includes(0.5));
    assert.deepEqual(
      backend.uploaded.map(({ content, options: { name, mediaType } }) => [content, name, mediaType]),
      [
        ['First the windows.', 'plan.txt', 'text/plain'],
        ['First the windows.', 'costs.txt', 'text/plain'],
      ],
    );
    const { message } = await connection.sendChatMessage(ROOM, '', { attachments: ids });
    assert.deepEqual(backend.sent[0]!.attachments, ['file 1', 'file 2']);
    assert.equal(message.message_type, 'file');
    assert.deepEqual(
      message.attachments?.map(({ id, url, name, size }) => [id, url, name, size]),
      [
        ['file 1', 'https://files.example/file 1', 'file 1.txt', 3],
        ['file 2', 'https://files.example/file 2', 'file 2.txt', 3],
      ],
    );
    assert.equal(message.attachment, 'https://files.example/file 1');

    // Nothing is kept of a deleted message.
    backend.events.updated(ROOM, { ...backend.store(backend.sent[0]!), id: 1, deletedAt: Date.now() });
    await until(connection, () => connection.messages(ROOM)[0]?.deleted_at, 'deleted');
    const [deleted] = connection.messages(ROOM);
    assert.deepEqual([deleted?.attachments, deleted?.attachment], [[], null]);
  });

  it('limits: the number of files of a message, and their size', async () => {
    const backend = new Backend();
    const { connection, uploadOf } = await connect(
      backend.adapter({ upload: backend.upload, limits: { attachmentBytes: FILE.size } }),
    );
    const [a, b] = [await connection.uploads.add(ROOM, FILE), await connection.uploads.add(ROOM, FILE)];
    await assert.rejects(
      connection.sendChatMessage(ROOM, 'both', { attachments: [a.uploadId, b.uploadId] }),
      refused('too_many'),
    );
    const large = await connection.uploads.add(ROOM, new Blob([FILE, '!']));
    assert.equal(uploadOf(large.uploadId)?.error?.code, 'too_large');
    assert.equal(backend.sent.length, 0);
  });

  it('a refused file is blocked; after another error it is uploaded again', async () => {
    const backend = new Backend();
    const thrown: Error[] = [new AdapterRefusal('No plans, please.'), new Error('connection lost')];
    const { connection, becomes, uploadOf } = await connect(
      backend.adapter({
        upload: async (file, options) => {
          const error = thrown.shift();
          if (error) throw error;
          return backend.upload(file, options);
        },
      }),
    );
    const refusedFile = await connection.uploads.add(ROOM, FILE);
    await becomes(refusedFile.uploadId, 'blocked');
    const { error } = uploadOf(refusedFile.uploadId)!;
    assert.deepEqual([error?.code, error?.message], ['forbidden', 'No plans, please.']);

    const { uploadId } = await connection.uploads.add(ROOM, FILE);
    await becomes(uploadId, 'pending', true);
    assert.equal(uploadOf(uploadId)?.error?.code, 'unreachable');
    await connection.uploads.retry(uploadId);
    await becomes(uploadId, 'finished');
  });

  it('what it returns is checked, and progress that is none is ignored', async () => {
    const backend = new Backend();
    const wrong: unknown[] = [null, undefined, '', {}, NaN];
    const failures = wrong.length;
    const { connection, becomes, problems, uploadOf } = await connect(
      backend.adapter({
        upload: async (file, options) => {
          options.onProgress(Infinity);
          options.onProgress(NaN);
          return wrong.length > 0 ? (wrong.shift() as string) : backend.upload(file, options);
        },
      }),
    );
    let most = 0;
    connection.subscribe(({ uploads }) => {
      for (const { progress } of uploads.values()) most = Math.max(most, progress);
    });
    const { uploadId } = await connection.uploads.add(ROOM, FILE);
    for (let count = failures; count > 0; count--) {
      await becomes(uploadId, 'pending', true);
      assert.deepEqual([uploadOf(uploadId)?.error?.code, uploadOf(uploadId)?.progress], ['unexpected_answer', 0]);
      await connection.uploads.retry(uploadId);
    }
    await becomes(uploadId, 'finished');
    assert.equal(most, 1);
    assert.ok(problems.some((problem) => problem.includes('adapter.upload')));
  });

  it('ends an upload whose file is discarded', async () => {
    const backend = new Backend();
    let signal: AbortSignal | undefined;
    const { connection, becomes } = await connect(
      backend.adapter({
        upload: (_file, options) => {
          ({ signal } = options);
          return new Promise(() => {});
        },
      }),
    );
    const { uploadId } = await connection.uploads.add(ROOM, FILE);
    await becomes(uploadId, 'uploading');
    await connection.uploads.discard(uploadId);
    assert.ok(signal?.aborted);
    assert.equal(connection.data.uploads.size, 0);
  });

  it('does not upload a file again after a reload', async () => {
    const backend = new Backend();
    const storage = new MemoryStorage();
    const failing = backend.adapter({
      upload: backend.upload,
      send: () => Promise.reject(new Error('connection lost')),
    });
    const first = await connect(failing, storage);
    const { uploadId } = await first.connection.uploads.add(ROOM, FILE);
    await first.becomes(uploadId, 'finished');
    first.connection.sendChatMessage(ROOM, 'The plan', { attachments: [uploadId] }).catch(() => {});
    await until(first.connection, () => first.connection.messages(ROOM).length === 1, 'the message is queued');
    first.end();

    const second = await connect(backend.adapter({ upload: backend.upload }), storage);
    await until(second.connection, () => second.connection.messages(ROOM)[0]?.delivery === 'sent', 'it is sent');
    assert.deepEqual([backend.uploaded.length, backend.sent[0]?.attachments], [1, ['file 1']]);
  });

  it('without `upload`, a message with a file is refused, and never sent without it', async () => {
    const backend = new Backend();
    const { connection } = await connect(backend.adapter());
    assert.ok(!connection.data.capabilities.includes('uploads'));
    assert.equal(await connection.room(ROOM).can('attach'), false);
    const { uploadId, state } = await connection.uploads.add(ROOM, FILE);
    assert.equal(state, 'blocked');
    await assert.rejects(
      connection.sendChatMessage(ROOM, 'The plan', { attachments: [uploadId] }),
      refused('forbidden'),
    );
    assert.equal(backend.sent.length, 0);
  });
});
