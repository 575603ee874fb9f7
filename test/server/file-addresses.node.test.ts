/** Addresses of files: signed, for the members of a room, and for a limited time. */
import assert from 'node:assert/strict';
import { describe, it, before, after } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { FakeClock } from '../support/fake-clock.js';
import { ANA, BEN, CLEO, rest, withServer } from './support.js';
import { imageFile, pdfFile, sendFiles, textFile, upload, uploadAll, type Attachment } from './upload-client.js';

const [ROOM_A, ROOM_B] = [960, 961];
const DAN = 4;
const HOUR_MS = 3_600_000;
const TEXT = '0123456789';

describe('addresses of files', () => {
  const clock = new FakeClock();
  let server: RunningServer;
  before(async () => {
    clock.sleep(Math.ceil(Date.now() / HOUR_MS) * HOUR_MS - clock.now());
    server = await startServer({ clock, limits: { uploadsPerUser: 10_000 } });
    for (const room of [ROOM_A, ROOM_B]) {
      await server.database.query(`insert into rooms (id, name, room_type) values (${room}, 'files', 'general')`);
      await server.database.query(
        `insert into members (room_id, user_id) select ${room}, unnest(array[${ANA}, ${BEN}, ${CLEO}, ${DAN}])`,
      );
    }
  });
  after(() => server.close());

  const load = (url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
    fetch(new URL(url, server.url), { headers, method });
  const statusOf = async (url: string): Promise<number> => (await load(url)).status;

  /** Sends a file of Ana. */
  async function send(file: File, room = ROOM_A): Promise<{ id: number; url: string; read: () => Promise<string> }> {
    const { body } = await sendFiles(server, ANA, room, await uploadAll(server, ANA, file));
    const urlOf = (message: { attachments: Attachment[] }): string => message.attachments[0]!.url!;
    return {
      id: body.id,
      url: urlOf(body),
      read: async () => urlOf((await rest(server, BEN, `messages/${body.id}/`)).body),
    };
  }

  it('are the same within an hour, and expire', async () => {
    const { url, read } = await send(textFile(TEXT));
    await clock.advance(HOUR_MS - 1_000);
    assert.equal(await read(), url);
    await clock.advance(2_000);
    const next = await read();
    assert.notEqual(next, url);
    assert.deepEqual([await statusOf(url), await statusOf(next)], [200, 200]);
    const fresh = await load(url);
    const age = Number(/^private, max-age=(\d+)/.exec(fresh.headers.get('Cache-Control')!)?.[1]);
    assert.equal(age, 3_599, 'not kept for longer than the address is valid');
    await clock.advance(age * 1_000);
    const expired = await load(url);
    assert.equal(expired.status, 403);
    assert.match(((await expired.json()) as { detail: string }).detail, /Read the message again/);
    assert.equal(await statusOf(next), 200);
  });

  it('cannot be changed', async () => {
    const { url } = await send(textFile(TEXT));
    const other = new URL((await send(textFile('other'))).url, server.url);
    for (const [name, value] of [
      ['e', '99999999999'],
      ['e', ''],
      ['s', ''],
      ['s', other.searchParams.get('s')!],
      ['s', 'x'.repeat(43)],
    ] as const) {
      const changed = new URL(url, server.url);
      changed.searchParams.set(name, value);
      assert.equal(await statusOf(changed.href), 403, `${name}=${value}`);
    }
    assert.equal(await statusOf(url.replace(/\?.*/, '')), 403, 'without a signature');
    assert.equal(await statusOf(url.replace(/attachments\/[^/]+/, `attachments/${crypto.randomUUID()}`)), 404);
  });

  it('of a room end when any member is removed, leaves, or is deactivated', async () => {
    const other = await send(textFile('in another room'), ROOM_B);
    const { database } = server;
    for (const [what, remove] of [
      ['removed', () => database.query(`delete from members where room_id = ${ROOM_A} and user_id = ${CLEO}`)],
      ['deactivated', () => database.query(`update users set is_active = false where id = ${DAN}`)],
    ] as const) {
      const { url, read } = await send(textFile(TEXT));
      assert.equal(await statusOf(url), 200);
      const otherUrl = await other.read();
      await remove();
      assert.equal(await statusOf(url), 403, what);
      assert.equal(await statusOf(await read()), 200, 'members get a new address');
      assert.equal(await statusOf(otherUrl), what === 'removed' ? 200 : 403, 'in the rooms of that user only');
    }
    assert.equal((await rest(server, CLEO, `messages/${other.id}/`)).status, 200);
  });

  it('of an upload end when it is sent: then the room decides', async () => {
    const { body } = await upload(server, ANA, textFile(TEXT));
    const { id, url } = body as Attachment;
    assert.equal(await statusOf(url!), 200);
    await sendFiles(server, ANA, ROOM_A, [id]);
    assert.equal(await statusOf(url!), 403);
  });

  it('serve parts of a file', async () => {
    const { url } = await send(textFile(TEXT));
    const whole = await load(url);
    assert.deepEqual([whole.headers.get('Accept-Ranges'), await whole.text()], ['bytes', TEXT]);
    for (const [range, part, header] of [
      ['bytes=0-3', '0123', 'bytes 0-3/10'],
      ['bytes=4-', '456789', 'bytes 4-9/10'],
      ['bytes=-2', '89', 'bytes 8-9/10'],
      ['bytes=8-99', '89', 'bytes 8-9/10'],
      ['bytes=-99', TEXT, 'bytes 0-9/10'],
    ] as const) {
      const answer = await load(url, { Range: range });
      const got = [answer.status, await answer.text(), answer.headers.get('Content-Range')];
      assert.deepEqual(got, [206, part, header], range);
      assert.equal(answer.headers.get('Content-Length'), String(part.length));
    }
    for (const range of ['bytes=10-', 'bytes=99-100', 'bytes=-0']) {
      const answer = await load(url, { Range: range });
      assert.deepEqual([answer.status, answer.headers.get('Content-Range')], [416, 'bytes */10'], range);
    }
    for (const range of ['bytes=3-1', 'bytes=-', 'bytes=0-1,3-4', 'lines=0-1', 'bytes=a-b'])
      assert.equal((await load(url, { Range: range })).status, 200, range);
    const etag = whole.headers.get('ETag')!;
    assert.equal((await load(url, { Range: 'bytes=0-1', 'If-Range': etag })).status, 206);
    assert.equal((await load(url, { Range: 'bytes=0-1', 'If-Range': '"other"' })).status, 200);
    assert.equal((await load(url, { 'If-None-Match': etag })).status, 304);
    const head = await load(url, {}, 'HEAD');
    assert.deepEqual([head.status, head.headers.get('Content-Length'), await head.text()], [200, '10', '']);
  });

  it('let browsers show images, and nothing else; no file can run scripts', async () => {
    for (const [file, type, disposition] of [
      [
        await imageFile(2, 2, 'a "b".png'),
        'image/png',
        `inline; filename="a _b_.png"; filename*=UTF-8''a%20%22b%22.png`,
      ],
      [textFile('<script>', 'a.html'), 'application/octet-stream', /^attachment; filename="a.html"/],
      [pdfFile(100), 'application/octet-stream', /^attachment; filename="a.pdf"/],
      [textFile('x', `it's (1)*.txt`), 'application/octet-stream', /filename\*=UTF-8''it%27s%20%281%29%2a.txt$/],
    ] as const) {
      const { headers } = await load((await send(file)).url);
      assert.equal(headers.get('Content-Type'), type);
      const given = headers.get('Content-Disposition')!;
      if (typeof disposition === 'string') assert.equal(given, disposition);
      else assert.match(given, disposition);
      assert.equal(headers.get('X-Content-Type-Options'), 'nosniff');
      assert.match(headers.get('Content-Security-Policy')!, /sandbox/);
    }
  });
});

it('without the capability, addresses live for a week: such clients read no new ones', () => {
  const clock = new FakeClock();
  return withServer({ clock, baseline: true }, async (server) => {
    const form = new FormData();
    form.set('room', '1');
    form.set('attachment', textFile(TEXT));
    clock.sleep(Date.now() - clock.now());
    const { body } = await rest(server, ANA, 'rooms/1/send_message/', { method: 'POST', body: form });
    clock.sleep(7 * 24 * HOUR_MS - HOUR_MS);
    assert.equal((await fetch(new URL(body.attachment, server.url))).status, 200);
    clock.sleep(HOUR_MS);
    assert.equal((await fetch(new URL(body.attachment, server.url))).status, 403);
  });
});
