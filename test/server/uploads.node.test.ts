/** Capability `uploads`: files are uploaded first, and then sent by their ids. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp, { type SharpOptions } from 'sharp';
import type { Options } from '../../demo/server/options.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { missingPrograms } from '../support/find-programs.mjs';
import { startPostgres } from '../support/services.js';
import { ANA, BEN, rest, ROOM, within, withServer } from './support.js';
import {
  audioFile,
  imageFile,
  pdfFile,
  photoFile,
  storedFiles,
  textFile,
  upload,
  uploadAll,
  type Attachment,
} from './upload-client.js';

const missing = missingPrograms();
const skip = missing.length > 0 && `not on this machine: ${missing.join(', ')}`;
const DEADLINE_MS = 10_000;
const MAX_BYTES = 200_000;
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

describe('uploads', () => {
  let server: RunningServer;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(joinPath(tmpdir(), 'chat-uploads-'));
    server = await startServer({
      uploads: { kind: 'folder', path: folder },
      limits: { attachmentBytes: MAX_BYTES, imagePixels: 5_000_000, uploadsPerUser: 10_000 },
    });
  });
  after(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  const bytesOf = async ({ url }: Attachment): Promise<Buffer> =>
    Buffer.from(await (await fetch(new URL(url!, server.url))).arrayBuffer());
  const incoming = (): Promise<string[]> => readdir(joinPath(folder, 'incoming'));

  it('return the attachment, and store the bytes', async () => {
    const { status, body } = await upload(server, ANA, textFile('Hello, Ben', 'note.txt'));
    const { id, url, ...rest } = body as Attachment;
    assert.equal(status, 201);
    assert.match(id, UUID);
    assert.deepEqual(rest, { name: 'note.txt', media_type: 'text/plain', size: 10 });
    assert.equal(String(await bytesOf({ url } as Attachment)), 'Hello, Ben');
    assert.deepEqual(await incoming(), [], 'nothing is left of receiving it');
  });

  it('tell how long audio and video last; nothing about a file that is broken', async () => {
    const { status, body } = await upload(server, ANA, audioFile(1_500));
    assert.equal(status, 201);
    const { media_type, duration_ms, width } = body as Attachment;
    assert.deepEqual([media_type, duration_ms, width], ['audio/wav', 1_500, undefined]);
    const cut = new File([(await audioFile(1_500).arrayBuffer()).slice(0, 30)], 'cut.wav');
    const broken = await upload(server, ANA, cut);
    assert.deepEqual([broken.status, (broken.body as Attachment).duration_ms], [201, undefined]);
  });

  it('measure images, and remove what a camera adds', async () => {
    const file = await photoFile();
    const original = await sharp(await file.arrayBuffer()).metadata();
    assert.deepEqual([original.width, original.height, original.orientation], [40, 20, 6]);
    assert.ok(original.exif?.includes('Phone of Ana'));
    const { body } = await upload(server, ANA, file);
    const { media_type, width, height, thumbhash, size } = body as Attachment;
    assert.deepEqual([media_type, width, height], ['image/jpeg', 20, 40], 'turned as the camera says');
    assert.ok(Buffer.from(thumbhash!, 'base64').length > 4);
    const stored = await bytesOf(body as Attachment);
    assert.equal(stored.length, size);
    const metadata = await sharp(stored).metadata();
    assert.deepEqual([metadata.exif, metadata.orientation, metadata.width], [undefined, undefined, 20]);
    assert.ok(!stored.includes('Phone of Ana'));
  });

  it('keep the frames of an animation', async () => {
    const frames = ['red', 'blue'].map((background) => ({ create: { width: 8, height: 6, channels: 3, background } }));
    const gif = await sharp(
      await Promise.all(
        frames.map((frame) =>
          sharp(frame as SharpOptions)
            .png()
            .toBuffer(),
        ),
      ),
      { join: { animated: true } },
    )
      .gif()
      .toBuffer();
    const { body } = await upload(server, ANA, new File([new Uint8Array(gif)], 'a.gif'));
    assert.deepEqual([body.media_type, body.width, body.height], ['image/gif', 8, 6]);
    assert.equal((await sharp(await bytesOf(body as Attachment)).metadata()).pages, 2);
  });

  it('are decided by their bytes, not by name or type', async () => {
    const program = new File(['MZ', new Uint8Array(200)], 'holiday.png', { type: 'image/png' });
    const refused = await upload(server, ANA, program);
    assert.deepEqual([refused.status, refused.body.code], [415, 'unsupported_type']);
    assert.match(
      refused.body.detail as string,
      /^Files of the type application\/\S+ cannot be sent. Allowed: image\/jpeg/,
    );
    const page = await upload(server, ANA, new File(['<!DOCTYPE html><script>'], 'a.png', { type: 'image/png' }));
    assert.deepEqual([page.status, page.body.media_type], [201, 'text/plain']);
    const drawing = await upload(server, ANA, new File(['<svg xmlns="http://www.w3.org/2000/svg"/>'], 'a.svg'));
    assert.deepEqual([drawing.status, drawing.body.media_type], [201, 'text/plain'], 'SVG contains scripts');
    const binary = await upload(server, ANA, new File([new Uint8Array([1, 2, 3, 0])], 'a.txt', { type: 'text/plain' }));
    assert.equal(binary.status, 415);
    const broken = await upload(server, ANA, new File([(await imageFile(9, 9)).slice(0, 60)], 'a.png'));
    assert.deepEqual([broken.status, broken.body.code], [415, 'unsupported_type']);
    assert.deepEqual(await incoming(), []);
  });

  it('are refused above the limits of bytes and pixels', async () => {
    for (const bytes of [MAX_BYTES + 1, 3 * MAX_BYTES]) {
      const { status, body } = await upload(server, ANA, textFile('x'.repeat(bytes)));
      assert.equal(status, 413);
      assert.deepEqual(body, { detail: `A file must not exceed ${MAX_BYTES} bytes.`, code: 'too_large' });
    }
    const bomb = await sharp({
      create: { width: 10_000, height: 10_000, channels: 3, background: 'red' },
      limitInputPixels: false,
    })
      .png({ palette: true, colours: 2 })
      .toBuffer();
    assert.ok(bomb.length < 20_000, `a small file: ${bomb.length} bytes`);
    const { status, body } = await upload(server, ANA, new File([new Uint8Array(bomb)], 'a.png'));
    assert.deepEqual([status, body.code], [413, 'too_large']);
    assert.equal(body.detail, 'An image must not exceed 5000000 pixels; this one has 100000000.');
    assert.deepEqual(await incoming(), []);
  });

  it('need a file in the form', async () => {
    const { status, body } = await upload(server, ANA, textFile('x'), { field: 'other' });
    assert.deepEqual([status, body], [400, { file: ['A file is required.'] }]);
    const headers = { 'Content-Type': 'multipart/form-data; boundary=x' };
    for (const text of [
      '',
      'nonsense',
      '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nbroken off',
    ]) {
      const broken = await rest(server, ANA, 'uploads/', { method: 'POST', body: text, headers });
      assert.equal(broken.status, 400, text);
    }
    const json = await rest(server, ANA, 'uploads/', { json: { name: 'a', media_type: 'text/plain', size: 1 } });
    assert.deepEqual(
      [json.status, json.body.detail],
      [400, 'Send the file as multipart/form-data, in the field "file".'],
    );
    assert.deepEqual(await incoming(), []);
  });

  it('leave nothing behind if the client breaks off', async () => {
    const before = (await storedFiles(folder)).length;
    const token = await server.signToken(ANA);
    const headers = {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'multipart/form-data; boundary=x',
      'Content-Length': '100000',
    };
    const broken = request(`${server.url}/api/chat/uploads/`, { method: 'POST', headers });
    broken.on('error', () => {});
    broken.write('--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nbroken off');
    const until = async (isDone: (names: string[]) => boolean): Promise<void> => {
      while (!isDone(await incoming())) await new Promise(setImmediate);
    };
    await within(
      until((names) => names.length === 1),
      'the file to arrive',
    );
    broken.destroy();
    await within(
      until((names) => names.length === 0),
      'the file to be gone',
    );
    assert.equal((await storedFiles(folder)).length, before);
  });

  it('with the same key are one upload, also at once', async () => {
    const before = (await storedFiles(folder)).length;
    const first = await upload(server, ANA, textFile('one'), { key: 'k1' });
    const again = await upload(server, ANA, textFile('one'), { key: 'k1' });
    assert.deepEqual([again.status, again.body], [201, first.body]);
    const atOnce = await Promise.all([1, 2, 3].map(() => upload(server, ANA, textFile('two'), { key: 'k2' })));
    assert.equal(new Set(atOnce.map(({ body }) => (body as Attachment).id)).size, 1);
    const foreign = await upload(server, BEN, textFile('one'), { key: 'k1' });
    assert.notEqual(foreign.body.id, first.body.id, 'keys are scoped to their user');
    const { status } = await upload(server, ANA, textFile('x'), { key: 'k'.repeat(201) });
    assert.equal(status, 400);
    await within(
      (async () => {
        while ((await storedFiles(folder)).length > before + 5) await new Promise(setImmediate);
      })(),
      'copies to be deleted',
    );
  });

  it('can be discarded by their user', async () => {
    const before = (await storedFiles(folder)).length;
    const [id] = await uploadAll(server, ANA, textFile('discarded'));
    const remove = (user: number) => rest(server, user, `uploads/${id}/`, { method: 'DELETE' });
    const foreign = await remove(BEN);
    assert.deepEqual([foreign.status, foreign.body.code], [404, 'unknown_upload']);
    assert.equal((await remove(ANA)).status, 204);
    assert.equal((await remove(ANA)).status, 404);
    await within(
      (async () => {
        while ((await storedFiles(folder)).length > before) await new Promise(setImmediate);
      })(),
      'the file to be deleted',
    );
  });

  it('keep their names, without what deceives', async () => {
    for (const [name, expected] of [
      ['../../etc/passwd', 'passwd'],
      ['a\u202egnp.txt', 'a_gnp.txt'],
      ['..', 'file'],
      ['täble "1".txt', 'täble "1".txt'],
      [`${'long'.repeat(40)}.txt`, `${'long'.repeat(24)}.txt`],
    ] as const) {
      const { body } = await upload(server, ANA, textFile('x', name));
      assert.equal(body.name, expected);
      assert.equal(String(await bytesOf(body as Attachment)), 'x');
    }
  });
});

describe('limits of uploads', () => {
  it('of unsent bytes, until they are discarded; and of uploads per minute', () =>
    withServer({ limits: { unsentBytesPerUser: 20_000, uploadsPerUser: 5 } }, async (server) => {
      const first = await upload(server, ANA, pdfFile(12_000));
      assert.equal(first.status, 201);
      const second = await upload(server, ANA, pdfFile(12_000));
      assert.deepEqual([second.status, second.body.code], [429, 'rate_limited']);
      assert.equal(second.body.detail, 'Files that are not sent yet must not exceed 20000 bytes in total.');
      assert.equal(second.headers.get('Retry-After'), '60');
      assert.equal((await upload(server, BEN, pdfFile(12_000))).status, 201, 'of each user');
      await rest(server, ANA, `uploads/${first.body.id}/`, { method: 'DELETE' });
      assert.equal((await upload(server, ANA, pdfFile(12_000))).status, 201);
      for (let n = 0; n < 2; n++) assert.equal((await upload(server, ANA, textFile('x'))).status, 201);
      const { status, body } = await upload(server, ANA, textFile('x'));
      assert.deepEqual([status, body.code], [429, 'rate_limited']);
      assert.match(body.detail as string, /^Too many uploads\. Try again in \d+ s\.$/);
    }));

  const MAX_UNSENT = 10_000;
  /** Twenty uploads at once, of which two fit. */
  async function uploadAtOnce(settings: Partial<Options>): Promise<void> {
    const disk = await mkdtemp(joinPath(tmpdir(), 'chat-uploads-'));
    const limits = { unsentBytesPerUser: MAX_UNSENT, uploadsPerUser: 1_000 };
    try {
      await withServer({ uploads: { kind: 'folder', path: disk }, limits, ...settings }, async (server) => {
        const answers = await Promise.all(Array.from({ length: 20 }, () => upload(server, ANA, pdfFile(4_000))));
        const statuses = answers.map(({ status }) => status).sort();
        assert.deepEqual(statuses, [201, 201, ...Array<number>(18).fill(429)]);
        const repeated = { key: 'small' };
        const made = await upload(server, ANA, textFile('x'.repeat(1_500)), repeated);
        const again = await upload(server, ANA, textFile('x'.repeat(1_500)), repeated);
        assert.deepEqual([made.status, again.body.id], [201, made.body.id], 'what exists needs no space');
        for (const deadline = Date.now() + DEADLINE_MS; (await storedFiles(disk)).length > 3; await sleep(20))
          assert.ok(Date.now() < deadline, 'files that were refused are deleted');
      });
    } finally {
      await rm(disk, { recursive: true, force: true });
    }
  }

  it('of unsent bytes, also for uploads at once', () => uploadAtOnce({}));

  it('of unsent bytes, also for uploads at once, with PostgreSQL', { skip }, async () => {
    const postgres = await startPostgres();
    try {
      await uploadAtOnce({ database: { kind: 'url', url: postgres.url } });
    } finally {
      await postgres.stop();
    }
  });

  it('of unsent bytes, also for presigned uploads at once, with PostgreSQL', { skip }, async () => {
    const postgres = await startPostgres();
    try {
      await withServer(
        {
          database: { kind: 'url', url: postgres.url },
          // Addresses are signed without the service.
          uploads: { kind: 's3', url: 'http://a:b@127.0.0.1:9/bucket' },
          limits: { unsentBytesPerUser: MAX_UNSENT, uploadsPerUser: 1_000 },
        },
        async (server) => {
          // So slow that each request would be checked before any other is stored.
          for (const statement of [
            `create function wait() returns trigger language plpgsql as
               $$ begin perform pg_sleep(0.2); return new; end $$`,
            'create trigger wait before insert on attachments for each row execute function wait()',
          ])
            await server.database.query(statement);
          const json = { name: 'a.txt', media_type: 'text/plain', size: 4_000 };
          const answers = await Promise.all(Array.from({ length: 5 }, () => rest(server, ANA, 'uploads/', { json })));
          assert.equal(answers.filter(({ status }) => status === 201).length, 2);
        },
      );
    } finally {
      await postgres.stop();
    }
  });

  it('of unsent bytes, not for a file that is sent with its message', () =>
    withServer({ limits: { unsentBytesPerUser: MAX_UNSENT } }, async (server) => {
      const body = new FormData();
      body.set('room', String(ROOM));
      body.set('attachment', pdfFile(12_000));
      const { status } = await rest(server, ANA, `rooms/${ROOM}/send_message/`, { method: 'POST', body });
      assert.equal(status, 201);
    }));

  it('do not exist without the capability: neither routes, nor limits, nor attachments', () =>
    withServer({ without: ['uploads'] }, async (server) => {
      assert.equal((await upload(server, ANA, textFile('x'))).status, 404);
      const { limits, capabilities } = (await rest(server, ANA, 'me/')).body;
      assert.deepEqual([limits.attachments, limits.accept, limits.upload], [undefined, undefined, undefined]);
      assert.ok(!capabilities.includes('uploads'));
      const form = new FormData();
      form.set('room', '1');
      form.set('attachment', textFile('baseline'));
      const sent = await rest(server, ANA, 'rooms/1/send_message/', { method: 'POST', body: form });
      assert.deepEqual([sent.status, sent.body.attachments], [201, undefined]);
      assert.equal(await (await fetch(new URL(sent.body.attachment, server.url))).text(), 'baseline');
      assert.equal((await rest(server, ANA, `messages/${sent.body.id}/`)).status, 404);
      const text = { room: 1, content: 'x', attachments: [crypto.randomUUID()] };
      assert.equal((await rest(server, ANA, 'rooms/1/send_message/', { json: text })).status, 201);
    }));
});
