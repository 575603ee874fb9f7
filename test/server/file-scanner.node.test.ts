/** Files are scanned by a service before anyone can load them. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { SCAN_INTERVAL_MS } from '../../demo/server/uploads/scanner.js';
import { FakeClock } from '../support/fake-clock.js';
import { ANA, BEN, join, rest, ROOM, within, type Client, type Frame } from './support.js';
import { sendFiles, textFile, upload, type Attachment } from './upload-client.js';

type Updated = Frame & { message: { id: number; attachment: string | null; attachments: Attachment[] } };

describe('scanning of files', () => {
  const clock = new FakeClock();
  let scanner: Server;
  let server: RunningServer;
  let ben: Client;
  /** How the scanner answers, and what it was asked. */
  let answer: (text: string) => [status: number, body: string];
  const asked: string[] = [];

  before(async () => {
    clock.sleep(Date.now() - clock.now());
    scanner = createServer((request, response) => {
      void buffer(request).then((bytes) => {
        asked.push(String(bytes));
        const [status, body] = answer(String(bytes));
        response.writeHead(status, { 'Content-Type': 'application/json' }).end(body);
      });
    });
    await new Promise<void>((resolve) => scanner.listen(0, '127.0.0.1', resolve));
    const scanUrl = `http://127.0.0.1:${(scanner.address() as AddressInfo).port}/scan`;
    server = await startServer({ clock, scanUrl });
    ben = await join(server, BEN);
  });
  after(async () => {
    ben.close();
    await server.close();
    scanner.close();
  });

  const verdict = (value: string): [number, string] => [200, JSON.stringify({ verdict: value })];
  const unavailable = (): [number, string] => [503, ''];
  const until = (isDone: () => Promise<boolean> | boolean, what: string): Promise<void> =>
    within(
      (async () => {
        while (!(await isDone())) await new Promise(setImmediate);
      })(),
      what,
    );
  const failuresOf = async (id: string): Promise<number> =>
    (await server.database.query<{ n: number }>('select scan_failures as n from attachments where id = $1', [id]))[0]!
      .n;

  /** Sends a file while the scanner is unavailable. */
  async function sendUnscanned(text: string): Promise<{ id: string; message: Updated['message'] }> {
    answer = unavailable;
    const { body } = await upload(server, ANA, textFile(text));
    const { id, url, state } = body as Attachment;
    assert.deepEqual([url, state], [null, 'checking']);
    const sent = await sendFiles(server, ANA, ROOM, [id]);
    const { attachment, attachments } = sent.body as Updated['message'];
    assert.deepEqual(
      [sent.status, attachment, attachments[0]!.url, attachments[0]!.state],
      [201, null, null, 'checking'],
    );
    await until(async () => (await failuresOf(id)) > 0, 'the first attempt to fail');
    return { id, message: sent.body };
  }

  it('hides a file until it is clean, and then tells the members', async () => {
    const { id, message } = await sendUnscanned('clean');
    await ben.settle();
    answer = () => [200, '{"verdict": "perhaps"}'];
    await clock.advance(SCAN_INTERVAL_MS);
    await until(async () => (await failuresOf(id)) === 2, 'an answer without a verdict to be a failure');
    assert.deepEqual(await ben.settle(), [], 'it stays hidden');
    answer = () => verdict('clean');
    await clock.advance(2 * SCAN_INTERVAL_MS);
    const { message: updated, seq } = (await ben.take('message_updated')) as Updated;
    assert.deepEqual([updated.id, updated.attachments[0]!.state], [message.id, undefined]);
    assert.equal(updated.attachment, updated.attachments[0]!.url);
    assert.equal(await (await fetch(new URL(updated.attachment!, server.url))).text(), 'clean');
    assert.deepEqual(asked.filter((text) => text === 'clean').length, 3);
    const { changes } = (await rest(server, BEN, `sync/?room=${ROOM}:${Number(seq) - 1}`)).body.rooms[0];
    assert.equal(changes[0].type, 'message_updated', 'also for those who were away');
  });

  it('blocks an infected file, and deletes its bytes', async () => {
    const { id } = await sendUnscanned('infected');
    answer = () => verdict('infected');
    await clock.advance(SCAN_INTERVAL_MS);
    const { message } = (await ben.take('message_updated')) as Updated;
    const { url, state, name } = message.attachments[0]!;
    assert.deepEqual([url, state, name, message.attachment], [null, 'blocked', 'a.txt', null]);
    const [row] = await server.database.query('select storage_key from attachments where id = $1', [id]);
    assert.deepEqual(row, { storage_key: null });
    await until(
      async () => (await server.database.query('select 1 from file_deletions')).length === 0,
      'the bytes to be deleted',
    );
  });

  it('of an unsent upload changes no room', async () => {
    await ben.settle();
    answer = () => verdict('clean');
    const { body } = await upload(server, ANA, textFile('unsent'), { key: 'unsent' });
    const again = async () => (await upload(server, ANA, textFile('unsent'), { key: 'unsent' })).body as Attachment;
    await until(async () => (await again()).state === undefined, 'the file to be ready');
    assert.equal((await again()).id, body.id);
    assert.deepEqual(await ben.settle(), []);
  });
});
