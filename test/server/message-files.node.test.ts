/** Messages with files: sent by ids of uploads, read everywhere with their files, and deleted with them. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { PRUNE_INTERVAL_MS } from '../../demo/server/database/pruning.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { FakeClock } from '../support/fake-clock.js';
import { ANA, BEN, CLEO, join, rest, ROOM, within, withServer, type Frame } from './support.js';
import { imageFile, sendFiles, storedFiles, textFile, upload, uploadAll, type Attachment } from './upload-client.js';

const CLOSED = 950;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const RETENTION_DAYS = 3;

type Message = { id: number; attachment: string | null; attachments: Attachment[]; message_type: string };

describe('messages with files', () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({ limits: { attachments: 3, uploadsPerUser: 10_000, rate: 10_000 } });
    await server.database.query(`insert into rooms (id, name, room_type) values (${CLOSED}, 'closed', 'general')`);
    await server.database.query(
      `insert into members (room_id, user_id) values (${CLOSED}, ${ANA}), (${CLOSED}, ${CLEO})`,
    );
    await server.database.query(`update rooms set closed_reason = 'The job is done.' where id = ${CLOSED}`);
  });
  after(() => server.close());

  it('have them in their order, in every answer and frame', async () => {
    const ben = await join(server, BEN);
    const [note, photo] = await uploadAll(server, ANA, textFile('note'), await imageFile(30, 20));
    const { status, body } = await sendFiles(server, ANA, ROOM, [photo, note]);
    assert.equal(status, 201);
    const message = body as Message;
    assert.deepEqual(
      message.attachments.map(({ id, name, media_type, width }) => [id, name, media_type, width]),
      [
        [photo, 'photo.png', 'image/png', 30],
        [note, 'a.txt', 'text/plain', undefined],
      ],
    );
    assert.deepEqual([message.attachment, message.message_type], [message.attachments[0]!.url, 'image']);
    for (const { url } of message.attachments) assert.equal((await fetch(new URL(url!, server.url))).status, 200);
    const frame = (await ben.take('new_message')) as Frame & { message: Message; seq: number };
    const history = (await rest(server, BEN, `rooms/${ROOM}/messages/?limit=1`)).body.messages;
    const around = (await rest(server, BEN, `rooms/${ROOM}/messages/?around=${message.id}`)).body.messages;
    const sync = (await rest(server, BEN, `sync/?room=${ROOM}:${frame.seq - 1}`)).body.rooms[0].changes;
    const one = (await rest(server, BEN, `messages/${message.id}/`)).body;
    for (const other of [frame.message, history.at(-1), around.at(-1), sync[0].message, one] as Message[]) {
      assert.equal(other.id, message.id);
      assert.deepEqual(other.attachments, message.attachments, 'the same addresses for everyone');
      assert.equal(other.attachment, message.attachment);
    }
    ben.close();
  });

  it('are sent on the socket, with or without text', async () => {
    const ana = await join(server, ANA);
    const [first, second] = await uploadAll(server, ANA, textFile('one'), textFile('two'));
    for (const [content, id] of [
      ['', first],
      ['with text', second],
    ]) {
      const frame = { type: 'send_message', room_id: ROOM, content, attachments: [id], _tempId: `socket ${id}` };
      const ack = (await ana.ask(frame, 'message_ack')) as Frame & { message: Message & { content: string } };
      assert.deepEqual([ack.message.content, ack.message.attachments.map((file) => file.id)], [content, [id]]);
      assert.equal(ack.message.message_type, 'file');
    }
    const empty = { type: 'send_message', room_id: ROOM, content: '', attachments: [], _tempId: 'empty' };
    assert.equal((await ana.ask(empty, 'error'))['code'], 'empty_content');
    ana.close();
  });

  it('without files have an empty list', async () => {
    const { body } = await rest(server, ANA, `rooms/${ROOM}/send_message/`, { json: { room: ROOM, content: 'text' } });
    assert.deepEqual([body.attachment, body.attachments], [null, []]);
  });

  it('take only unsent uploads of their author', async () => {
    const [used, own] = await uploadAll(server, ANA, textFile('used'), textFile('own'));
    const [foreign] = await uploadAll(server, BEN, textFile('of Ben'));
    assert.equal((await sendFiles(server, ANA, ROOM, [used])).status, 201);
    const ana = await join(server, ANA);
    for (const id of [used, foreign, crypto.randomUUID(), 'nothing', 7]) {
      const { status, body } = await sendFiles(server, ANA, ROOM, [own, id]);
      assert.deepEqual([status, body.code], [404, 'unknown_upload'], String(id));
      assert.match(body.detail as string, /upload the file again/);
      const frame = { type: 'send_message', room_id: ROOM, content: 'x', attachments: [id], _tempId: `unknown ${id}` };
      assert.equal((await ana.ask(frame, 'error'))['code'], 'unknown_upload', String(id));
    }
    assert.equal((await sendFiles(server, ANA, ROOM, [own])).status, 201, 'it is still unsent');
    assert.equal((await sendFiles(server, BEN, ROOM, [foreign])).status, 201);
    assert.equal((await rest(server, ANA, `uploads/${used}/`, { method: 'DELETE' })).status, 404, 'it is sent');
    ana.close();
  });

  it('have a limited number of different files', async () => {
    const ids = await uploadAll(server, ANA, ...['1', '2', '3', '4'].map((text) => textFile(text)));
    const tooMany = await sendFiles(server, ANA, ROOM, ids);
    assert.deepEqual([tooMany.status, tooMany.body], [400, { attachments: ['A message can have at most 3 files.'] }]);
    const twice = await sendFiles(server, ANA, ROOM, [ids[0], ids[0]!.toUpperCase()]);
    assert.deepEqual([twice.status, Object.keys(twice.body)], [400, ['attachments']]);
    const noList = await rest(server, ANA, `rooms/${ROOM}/send_message/`, {
      json: { room: ROOM, content: 'x', attachments: 'all' },
    });
    assert.deepEqual([noList.status, Object.keys(noList.body)], [400, ['attachments']]);
    assert.equal((await sendFiles(server, ANA, ROOM, ids.slice(0, 3))).status, 201);
  });

  it('are stored once, and recognised by their files', async () => {
    const [one, two] = await uploadAll(server, ANA, textFile('1'), textFile('2'));
    const first = await sendFiles(server, ANA, ROOM, [one], { key: 'retried', content: 'x' });
    const again = await sendFiles(server, ANA, ROOM, [one], { key: 'retried', content: 'x' });
    assert.deepEqual([first.status, again.status, again.body.id], [201, 200, first.body.id]);
    assert.deepEqual(again.body.attachments, first.body.attachments);
    const ana = await join(server, ANA);
    const frame = { type: 'send_message', room_id: ROOM, content: 'x', attachments: [one], _tempId: 'retried' };
    const ack = (await ana.ask(frame, 'message_ack')) as Frame & { message: Message };
    assert.equal(ack.message.id, first.body.id);
    for (const files of [[two], []]) {
      const { status, body } = await sendFiles(server, ANA, ROOM, files, { key: 'retried', content: 'x' });
      assert.deepEqual([status, body.code], [409, 'conflict']);
    }
    const both = await Promise.all([1, 2].map(() => sendFiles(server, ANA, ROOM, [two], { key: 'at once' })));
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 201]);
    assert.equal(both[0]!.body.id, both[1]!.body.id);
    ana.close();
  });

  it('are refused in closed rooms and to non-members, and their uploads stay unsent', async () => {
    const [id] = await uploadAll(server, CLEO, textFile('x'));
    const closed = await sendFiles(server, CLEO, CLOSED, [id]);
    assert.deepEqual([closed.status, closed.body.code], [403, 'room_closed']);
    assert.equal((await sendFiles(server, CLEO, ROOM, [id])).status, 404);
    const form = new FormData();
    form.set('room', String(CLOSED));
    form.set('attachment', textFile('x'));
    const files = async () => (await server.database.query('select 1 from attachments')).length;
    const before = await files();
    for (const room of [CLOSED, ROOM]) {
      const { status } = await rest(server, CLEO, `rooms/${room}/send_message/`, { method: 'POST', body: form });
      assert.equal(status, room === ROOM ? 404 : 403);
    }
    assert.equal(await files(), before, 'the file of a refused form is discarded');
    assert.equal((await rest(server, CLEO, `uploads/${id}/`, { method: 'DELETE' })).status, 204);
  });

  it('of earlier versions, which name their file only in `attachment_id`, still have it', async () => {
    const [file] = await server.database.query<{ id: string }>(
      `insert into attachments (name, media_type, bytes) values ('old.txt', 'text/plain', '\\x6f6c64') returning id`,
    );
    const [made] = await server.database.query<{ id: number }>(
      `insert into messages (room_id, sender_id, content, message_type, attachment_id) values (${ROOM}, ${ANA}, '', 'file', $1) returning id`,
      [file!.id],
    );
    const { attachments, attachment } = (await rest(server, BEN, `messages/${made!.id}/`)).body as Message;
    assert.deepEqual(
      attachments.map(({ id, name }) => [id, name]),
      [[file!.id, 'old.txt']],
    );
    assert.equal(await (await fetch(new URL(attachment!, server.url))).text(), 'old');
    assert.equal((await rest(server, ANA, `messages/${made!.id}/`, { method: 'DELETE' })).status, 204);
    assert.equal((await fetch(new URL(attachment!, server.url))).status, 404);
  });
});

describe('the storage of files', () => {
  const clock = new FakeClock();
  let server: RunningServer;
  let folder: string;
  before(async () => {
    clock.sleep(Date.now() - clock.now());
    folder = await mkdtemp(joinPath(tmpdir(), 'chat-files-'));
    server = await startServer({ clock, versionDays: RETENTION_DAYS, uploads: { kind: 'folder', path: folder } });
  });
  after(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Lets the server prune, until the storage has so many files. */
  async function prunedTo(count: number): Promise<void> {
    await clock.advance(PRUNE_INTERVAL_MS);
    await within(
      (async () => {
        while ((await storedFiles(folder)).length !== count) await new Promise(setImmediate);
      })(),
      `${count} stored files`,
    );
  }

  it('keeps those of a deleted message for moderation, and does not serve them', async () => {
    const ids = await uploadAll(server, ANA, textFile('one'), textFile('two'));
    const { body } = await sendFiles(server, ANA, ROOM, ids);
    const message = body as Message;
    assert.equal((await rest(server, ANA, `messages/${message.id}/`, { method: 'DELETE' })).status, 204);
    for (const { url } of message.attachments) assert.equal((await fetch(new URL(url!, server.url))).status, 404);
    const tombstone = (await rest(server, BEN, `messages/${message.id}/`)).body as Message;
    assert.deepEqual([tombstone.attachment, tombstone.attachments], [null, []]);
    await clock.advance(RETENTION_DAYS * DAY_MS - 2 * PRUNE_INTERVAL_MS);
    assert.deepEqual(
      await server.database.query('select message_id, name from file_deletions'),
      ids.map(() => ({ message_id: message.id, name: 'a.txt' })),
    );
    assert.equal((await storedFiles(folder)).length, 2);
    await prunedTo(2);
    await clock.advance(PRUNE_INTERVAL_MS);
    await prunedTo(0);
    await within(
      (async () => {
        while ((await server.database.query('select 1 from file_deletions')).length > 0)
          await new Promise(setImmediate);
      })(),
      'nothing to be left to delete',
    );
  });

  it('loses unsent uploads after 24 h, and no others', async () => {
    const [sent, unsent] = await uploadAll(server, BEN, textFile('sent'), textFile('unsent'));
    const { body } = await sendFiles(server, BEN, ROOM, [sent]);
    // The database has its own clock, which is that of this test at the start.
    await server.database.query('update attachments set created_at = $1', [new Date(clock.now())]);
    await clock.advance(DAY_MS - PRUNE_INTERVAL_MS);
    await prunedTo(2);
    await prunedTo(1);
    const late = await sendFiles(server, BEN, ROOM, [unsent]);
    assert.deepEqual([late.status, late.body.code], [404, 'unknown_upload']);
    const { attachment } = (await rest(server, ANA, `messages/${body.id}/`)).body as Message;
    assert.equal((await fetch(new URL(attachment!, server.url))).status, 200);
  });
});

it('a baseline backend stores the file of a form, too', () =>
  withServer({ baseline: true }, async (server) => {
    const form = new FormData();
    form.set('room', String(ROOM));
    form.set('attachment', await imageFile(5, 5));
    const { status, body } = await rest(server, ANA, `rooms/${ROOM}/send_message/`, { method: 'POST', body: form });
    assert.deepEqual([status, body.message_type, 'attachments' in body], [201, 'image', false]);
    assert.equal((await fetch(new URL(body.attachment, server.url))).headers.get('Content-Type'), 'image/png');
    assert.equal((await upload(server, ANA, textFile('x'))).status, 404);
  }));
