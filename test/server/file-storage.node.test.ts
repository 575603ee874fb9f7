/** Both storages keep the same contract; and with S3, clients store their files by themselves. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { systemClock, type Clock } from '../../demo/server/clock.js';
import { createLog } from '../../demo/server/log.js';
import { resolveOptions, type UploadsKind } from '../../demo/server/options.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { StorageUnavailable, type FileStorage } from '../../demo/server/uploads/file-storage.js';
import { openStorage } from '../../demo/server/uploads/storage.js';
import { deleteDueFiles } from '../../demo/server/uploads/stored-files.js';
import { ANA, BEN, rest, ROOM, type RestResponse } from './support.js';
import { removeS3, startS3 } from './s3-service.js';
import { imageFile, sendFiles, textFile, upload, type Attachment } from './upload-client.js';

const TEXT = 'the bytes of a file';

/** A storage, and how to make it unavailable. */
interface Given {
  kind: UploadsKind;
  breakDown(): Promise<void>;
  remove(): Promise<void>;
}

const STORAGES: Record<string, () => Promise<Given>> = {
  async disk() {
    const path = await mkdtemp(joinPath(tmpdir(), 'chat-disk-'));
    const remove = () => rm(path, { recursive: true, force: true });
    // A file where the folder was.
    return { kind: { kind: 'folder', path }, remove, breakDown: async () => (await remove(), writeFile(path, '')) };
  },
  async s3() {
    const service = await startS3();
    return {
      kind: { kind: 's3', url: `${service.url}/a/prefix` },
      remove: () => removeS3(service),
      breakDown: service.stop,
    };
  },
};

for (const [name, open] of Object.entries(STORAGES)) {
  describe(`the storage '${name}'`, () => {
    let given: Given;
    let storage: FileStorage;
    let local: string;
    before(async () => {
      given = await open();
      ({ storage } = await openStorage(resolveOptions({ uploads: given.kind })));
      local = joinPath(await mkdtemp(joinPath(tmpdir(), 'chat-local-')), 'file');
      await writeFile(local, TEXT);
    });
    after(async () => {
      await given.remove();
      await rm(joinPath(local, '..'), { recursive: true, force: true });
    });

    it('returns what was stored, all of it or a part', async () => {
      const key = crypto.randomUUID();
      await storage.put(key, local, 'text/plain');
      assert.equal(await text((await storage.get(key))!), TEXT);
      assert.equal(await text((await storage.get(key, { start: 4, end: 8 }))!), 'bytes');
      assert.equal(await storage.size(key), TEXT.length);
    });

    it('replaces a file', async () => {
      const key = crypto.randomUUID();
      await storage.put(key, local, 'text/plain');
      await writeFile(`${local}.2`, 'other');
      await storage.put(key, `${local}.2`, 'text/plain');
      assert.equal(await text((await storage.get(key))!), 'other');
    });

    it('knows what it does not have', async () => {
      const key = crypto.randomUUID();
      assert.deepEqual([await storage.get(key), await storage.size(key)], [undefined, undefined]);
      await storage.delete(key);
      await storage.put(key, local, 'text/plain');
      await storage.delete(key);
      assert.deepEqual([await storage.get(key), await storage.size(key)], [undefined, undefined]);
    });

    it('says that it does not work, last', async () => {
      const key = crypto.randomUUID();
      await storage.put(key, local, 'text/plain');
      await given.breakDown();
      const attempts = [() => storage.put(key, local, 'text/plain'), () => storage.get(key), () => storage.delete(key)];
      for (const attempt of attempts) await assert.rejects(attempt, StorageUnavailable);
    });
  });
}

it('credentials that are refused, and addresses that are none, say what is wrong', async () => {
  const service = await startS3();
  try {
    const wrong = service.url.replace('S3RVER:S3RVER', 'S3RVER:wrong');
    const { storage } = await openStorage(resolveOptions({ uploads: { kind: 's3', url: wrong } }));
    await assert.rejects(storage.get(crypto.randomUUID()), (error: StorageUnavailable) => {
      assert.match((error.cause as Error).message, /answered GET with 403/);
      return true;
    });
    for (const url of ['https://s3.example/bucket', 'https://a:b@s3.example/', 'secret:key'])
      await assert.rejects(openStorage(resolveOptions({ uploads: { kind: 's3', url } })), (error: Error) => {
        assert.match(error.message, /^S3_URL must be https:/);
        assert.ok(!error.message.includes('secret:key'));
        return true;
      });
  } finally {
    await service.stop();
    await removeS3(service);
  }
});

describe('presigned uploads', () => {
  let service: Awaited<ReturnType<typeof startS3>>;
  let server: RunningServer;
  before(async () => {
    service = await startS3();
    server = await startServer({
      uploads: { kind: 's3', url: service.url },
      limits: { attachmentBytes: 50_000, uploadsPerUser: 10_000 },
    });
  });
  after(async () => {
    await server.close();
    await service.stop();
    await removeS3(service);
  });

  const announce = (user: number, body: object, key?: string): Promise<RestResponse> =>
    rest(server, user, 'uploads/', { json: body, headers: key === undefined ? {} : { 'Idempotency-Key': key } });
  const complete = (user: number, id: string) => rest(server, user, `uploads/${id}/complete/`, { method: 'POST' });
  const put = async ({ put: { url, headers } }: RestResponse['body'], file: Blob): Promise<number> =>
    (await fetch(url as string, { method: 'PUT', headers: headers as Record<string, string>, body: file })).status;

  it('are announced, stored by the client, completed and sent', async () => {
    assert.equal((await rest(server, ANA, 'me/')).body.limits.upload, 'presigned');
    const file = await imageFile(30, 20);
    const announced = await announce(ANA, { name: 'a/b.png', media_type: 'image/png', size: file.size });
    assert.deepEqual([announced.status, Object.keys(announced.body)], [201, ['id', 'put']]);
    const { id } = announced.body as Attachment;
    assert.deepEqual(
      (await sendFiles(server, ANA, ROOM, [id])).body.code,
      'unknown_upload',
      'not before it is complete',
    );
    const early = await complete(ANA, id);
    assert.deepEqual([early.status, early.body.code], [400, 'invalid']);
    assert.equal(await put(announced.body, file), 200);
    assert.equal((await complete(BEN, id)).status, 404);
    const done = await complete(ANA, id);
    const { name, media_type, width, thumbhash } = done.body as Attachment;
    assert.deepEqual(
      [done.status, name, media_type, width, typeof thumbhash],
      [200, 'a_b.png', 'image/png', 30, 'string'],
    );
    assert.deepEqual((await complete(ANA, id)).body, done.body, 'repeated');
    const { status, body } = await sendFiles(server, ANA, ROOM, [id]);
    assert.equal(status, 201);
    const served = await fetch(new URL(body.attachment, server.url), { headers: { Range: 'bytes=1-3' } });
    assert.deepEqual([served.status, await served.text()], [206, 'PNG']);
  });

  it('with the same key are one upload', async () => {
    const file = textFile('once');
    const description = { name: 'a.txt', media_type: 'text/plain', size: file.size };
    const [first, again] = [await announce(ANA, description, 'p1'), await announce(ANA, description, 'p1')];
    assert.equal(first.body.id, again.body.id);
    assert.equal(await put(again.body, file), 200);
    const done = await complete(ANA, first.body.id);
    assert.deepEqual((await announce(ANA, description, 'p1')).body, done.body, 'nothing is left to store');
  });

  it('are refused by what is announced, and by what arrives', async () => {
    const description = { name: 'a.txt', media_type: 'text/plain', size: 4 };
    for (const [change, status, code] of [
      [{ size: 50_001 }, 413, 'too_large'],
      [{ media_type: 'application/x-msdownload' }, 415, 'unsupported_type'],
      [{ size: 0 }, 400, undefined],
      [{ media_type: 'text' }, 400, undefined],
      [{ name: 7 }, 400, undefined],
    ] as const) {
      const refused = await announce(ANA, { ...description, ...change });
      assert.deepEqual([refused.status, refused.body.code], [status, code]);
    }
    const program = new File(['MZ', new Uint8Array(100)], 'a.txt');
    const { body } = await announce(ANA, { ...description, size: program.size });
    assert.equal(await put(body, textFile('another size')), 403, 'the size is part of the signature');
    assert.equal(await put(body, program), 200);
    const refused = await complete(ANA, body.id);
    assert.deepEqual([refused.status, refused.body.code], [415, 'unsupported_type']);
    assert.equal((await complete(ANA, body.id)).body.code, 'unknown_upload', 'it is discarded');
  });

  it('are announced with parameters in the media type, or without one: the bytes decide', async () => {
    for (const media_type of ['text/plain;charset=utf-8', 'Text/Plain; charset="a;b"', '', undefined]) {
      const file = textFile('decided by its bytes');
      const { status, body } = await announce(ANA, { name: 'a.txt', media_type, size: file.size });
      assert.equal(status, 201, media_type);
      assert.equal(await put(body, file), 200, media_type);
      const done = await complete(ANA, body.id);
      assert.deepEqual([done.status, done.body.media_type], [200, 'text/plain'], media_type);
    }
    const refused = await announce(ANA, { name: 'a', media_type: 'application/x-msdownload;a=b', size: 4 });
    assert.equal(refused.body.code, 'unsupported_type');
    const program = new File(['MZ', new Uint8Array(100)], 'a');
    const { body } = await announce(ANA, { name: 'a', media_type: '', size: program.size });
    assert.equal(await put(body, program), 200);
    assert.equal((await complete(ANA, body.id)).body.code, 'unsupported_type');
  });

  it('also accept a form; and while the service is away, nothing is lost', async () => {
    const made = await upload(server, ANA, textFile('by form'));
    assert.equal(made.status, 201);
    const { body } = await sendFiles(server, ANA, ROOM, [made.body.id]);
    await service.stop();
    const load = () => fetch(new URL(body.attachment, server.url));
    const away = await upload(server, ANA, textFile('later'), { key: 'later' });
    assert.deepEqual([away.status, away.body.code, away.headers.get('Retry-After')], [503, 'unavailable', '30']);
    assert.match(away.body.detail as string, /^Files cannot be stored or read at the moment/);
    assert.equal((await load()).status, 503);
    assert.equal((await rest(server, ANA, `rooms/${ROOM}/messages/?limit=1`)).status, 200, 'the chat goes on');
    service = await startS3(service.port, service.directory);
    assert.equal(await (await load()).text(), 'by form');
    const later = await upload(server, ANA, textFile('later'), { key: 'later' });
    assert.equal(later.status, 201);
  });
});

describe('presigned uploads that come to nothing', () => {
  const HOUR_MS = 3_600_000;
  let ahead = 0;
  const clock: Clock = { ...systemClock, now: () => Date.now() + ahead };
  let service: Awaited<ReturnType<typeof startS3>>;
  let server: RunningServer;
  let storage: FileStorage;
  let deleteDue: () => Promise<void>;
  before(async () => {
    service = await startS3();
    const options = resolveOptions({ clock, uploads: { kind: 's3', url: service.url } });
    server = await startServer(options);
    ({ storage } = await openStorage(options));
    deleteDue = () => deleteDueFiles({ database: server.database, storage, options, log: createLog(options) });
  });
  after(async () => {
    await server.close();
    await service.stop();
    await removeS3(service);
  });

  interface Started {
    id: string;
    key: string;
    /** Stores the file, as its client can until the address has expired. */
    store(): Promise<void>;
  }
  const program = new File(['MZ', new Uint8Array(100)], 'a.txt');
  async function start(): Promise<Started> {
    const json = { name: 'a.txt', media_type: 'text/plain', size: program.size };
    const { id, put } = (await rest(server, ANA, 'uploads/', { json })).body as {
      id: string;
      put: { url: string; headers: Record<string, string> };
    };
    return {
      id,
      key: new URL(put.url).pathname.split('/').at(-1)!,
      async store() {
        const { status } = await fetch(put.url, { method: 'PUT', headers: put.headers, body: program });
        assert.equal(status, 200);
      },
    };
  }
  const isStored = async (key: string): Promise<boolean> => (await storage.size(key)) !== undefined;

  /** The file stays until its address has expired, and is deleted in so many hours. */
  async function assertDeleted({ key, store }: Started, hours: number): Promise<void> {
    await deleteDue();
    await store();
    ahead += HOUR_MS;
    await deleteDue();
    assert.ok(await isStored(key), 'its address has been valid until now');
    ahead += (hours - 1) * HOUR_MS;
    await deleteDue();
    assert.ok(!(await isStored(key)), 'it is deleted');
    const left = await server.database.query('select 1 from file_deletions where storage_key = $1', [key]);
    assert.deepEqual(left, []);
  }

  it('are deleted, also if their files are stored after they were discarded', async () => {
    const started = await start();
    assert.equal((await rest(server, ANA, `uploads/${started.id}/`, { method: 'DELETE' })).status, 204);
    await assertDeleted(started, 2);
  });

  it('are deleted, also if their files are stored again after they were refused', async () => {
    const started = await start();
    await started.store();
    const refused = await rest(server, ANA, `uploads/${started.id}/complete/`, { method: 'POST' });
    assert.equal(refused.body.code, 'unsupported_type');
    await assertDeleted(started, 2);
  });

  it('are deleted, also if they were never completed', async () => {
    const started = await start();
    // As by pruning, and by the deletion of their user.
    await server.database.query('delete from attachments where id = $1', [started.id]);
    await assertDeleted(started, 26);
  });
});

it('a service that does not answer is unavailable', { timeout: 30_000 }, async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  try {
    const url = `http://a:b@127.0.0.1:${port}/bucket`;
    const { storage } = await openStorage(resolveOptions({ uploads: { kind: 's3', url } }));
    await assert.rejects(storage.size(crypto.randomUUID()), StorageUnavailable);
  } finally {
    silent.closeAllConnections();
    silent.close();
  }
});
