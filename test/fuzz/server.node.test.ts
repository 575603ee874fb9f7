/**
 * The reference backend with hostile input: arbitrary HTTP and frames, and a flood of valid ones. It must answer, store
 * every acknowledged message, leak nothing, and survive.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { signToken } from '../../demo/server/auth.js';
import { findProgram } from '../support/find-programs.mjs';
import { run, until, type Program } from '../support/processes.js';
import { startPostgres, type Service } from '../support/services.js';
import { openSocket, within, type Client, type Frame } from '../server/support.js';
import { AGAIN, budgetMs, Hostile, SECRET, SEED } from './hostile.js';

/** Heap limit of the server, in MB. */
const HEAP_MB = 128;
const ROOMS = [1, 2, 3, 4];
const SIGNING_KEY = 'a secret of the fuzz, long enough to be one: 0123456789';

const sign = (user: number): Promise<string> => signToken(SIGNING_KEY, user);

describe(`the reference backend with hostile input (again: ${AGAIN})`, () => {
  const chance = new Hostile(SEED);
  let program: Program;
  let postgres: Service | undefined;
  let url: string;
  let token: string;

  before(async () => {
    console.log(`fuzz: seed ${SEED}; again by ${AGAIN}`);
    // With a slow external database the server receives more than it can process. The embedded one blocks it.
    postgres = findProgram('initdb') && findProgram('postgres') ? await startPostgres() : undefined;
    program = run(
      process.execPath,
      [`--max-old-space-size=${HEAP_MB}`, '--import', 'tsx', 'test/fuzz/server-process.ts'],
      { env: { ...process.env, FUZZ_SECRET: SIGNING_KEY, FUZZ_DATABASE: postgres?.url } },
    );
    await until(program, () => program.output().includes('listening '));
    url = /^listening (\S+)$/m.exec(program.output())![1]!;
    token = await sign(1);
  });
  after(async () => {
    await program.end('SIGKILL');
    await postgres?.stop();
  });

  const join = async (): Promise<Client> => {
    const client = await openSocket({ url }, token);
    await client.take('connection_established');
    return client;
  };
  /** Asserts that the server answers other users. */
  const assertAlive = async (what: string): Promise<void> => {
    assert.equal(
      program.child.exitCode ?? program.child.signalCode,
      null,
      `the process exited after ${what}:\n${program.output().slice(-2_000)}`,
    );
    const answer = await within(
      fetch(`${url}/api/chat/rooms/`, { headers: { Authorization: `Bearer ${await sign(2)}` } }),
      `a response to another user after ${what}`,
    );
    assert.equal(answer.status, 200, what);
  };

  it('10.32: answers every frame, and stores what it acknowledges', async () => {
    const end = Date.now() + budgetMs(0.25);
    let client = await join();
    /** Message ids to be reused. */
    const names = ['again', 'x', '1'];
    while (Date.now() < end) {
      const base: Record<string, unknown> = frame(chance, names);
      const frames =
        chance.next() < 0.5
          ? [chance.corrupt(base, 0.3)]
          : [base, { ...base, room_id: chance.of(ROOMS) }, { ...base, content: `${SECRET} ${chance.next()}` }];
      for (const sent of frames) {
        if (client.socket.readyState !== WebSocket.OPEN) client = await join();
        client.frames.splice(0);
        const text = JSON.stringify(sent);
        const before = performance.now();
        client.send(text);
        const answers = await Promise.race([client.settle(), client.closed.then(({ code }) => code)]);
        if (typeof answers === 'number') {
          assert.notEqual(answers, 1011, `a frame closed its socket: ${text.slice(0, 300)}`);
          continue;
        }
        check(sent, answers, text.slice(0, 300));
        assert.ok(
          performance.now() - before < 5_000,
          `took ${Math.round(performance.now() - before)} ms: ${text.slice(0, 300)}`,
        );
      }
      if (typeof base._tempId === 'string' && chance.next() < 0.3) names[chance.between(0, 2)] = base._tempId;
    }
    client.close();
    await assertAlive('odd frames');
  });

  it('10.32: answers every request without an internal error', async () => {
    const end = Date.now() + budgetMs(0.2);
    for (let many = 0; Date.now() < end; many++) {
      const request = rawRequest(chance, url, token);
      const answer = await within(raw(url, request), `the end of the response to ${request.slice(0, 300)}`);
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
      assert.ok(status < 500, `${status} to ${JSON.stringify(request.slice(0, 400))}:\n${answer.slice(0, 400)}`);
      if (many % 50 === 0) await assertAlive('odd requests');
    }
    await assertAlive('odd requests');
  });

  it('10.32: survives a flood of valid frames, and serves others meanwhile', async () => {
    const end = Date.now() + budgetMs(0.2);
    const flooders = await Promise.all([join(), join()]);
    const pad = 'x'.repeat(60_000);
    const kinds = [
      { type: 'get_room_list' },
      { type: 'sync', rooms: Object.fromEntries(ROOMS.map((room) => [room, 0])) },
    ];
    while (Date.now() < end) {
      for (const { socket } of flooders) {
        // Data that the server does not read stays in the memory of this process.
        for (let n = 0; n < 200 && socket.readyState === WebSocket.OPEN && socket.bufferedAmount < 16_000_000; n++)
          socket.send(JSON.stringify({ ...chance.of(kinds), pad }));
      }
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(
        program.child.exitCode ?? program.child.signalCode,
        null,
        `the process exited:\n${program.output().slice(-1_500)}`,
      );
    }
    for (const flooder of flooders) flooder.close();
    await assertAlive('a flood');
  });

  it('10.32: logs neither tokens nor message texts', () => {
    const log = program.output();
    assert.ok(log.includes('connected'), 'the log is not empty');
    for (const secret of [token, SECRET]) {
      const at = log.indexOf(secret);
      assert.equal(at, -1, `…${log.slice(Math.max(0, at - 400), at + 100)}`);
    }
  });
});

/** A frame as a client sends it. */
function frame(chance: Hostile, names: string[]): Record<string, unknown> {
  const room_id = chance.of(ROOMS);
  return chance.of([
    {
      type: 'send_message',
      room_id,
      content: `${SECRET} ${chance.between(0, 1e9)}`,
      _tempId: chance.next() < 0.5 ? chance.of(names) : `t${chance.between(0, 1e9)}`,
      ...(chance.next() < 0.3 && { reply_to: chance.between(1, 60) }),
    },
    { type: 'send_message', room_id, content: `${SECRET} ${chance.text()}`, _tempId: chance.value() },
    { type: chance.of(['typing', 'stop_typing', 'subscribe_room', 'unsubscribe_room']), room_id },
    { type: 'mark_read', room_id, message_ids: [chance.between(1, 90)] },
    { type: 'edit_message', room_id, message_id: chance.between(1, 90), content: chance.text() },
    { type: 'delete_message', room_id, message_id: chance.between(40, 200) },
    {
      type: 'react',
      room_id,
      message_id: chance.between(1, 90),
      emoji: chance.text().slice(0, 20),
      on: chance.next() < 0.7,
    },
    { type: 'sync', rooms: { [chance.of([...ROOMS, '__proto__', 'x'])]: chance.between(0, 50) } },
    { type: 'get_room_list' },
    { type: chance.text(), room_id: chance.value() },
  ]) as Record<string, unknown>;
}

/** Frames without a regular response. */
const SILENT = ['typing', 'stop_typing', 'mark_read', 'edit_message', 'delete_message', 'react'];

function check(sent: Record<string, unknown>, answers: Frame[], text: string): void {
  if (!SILENT.includes(sent.type as string)) {
    assert.ok(
      answers.some(({ type }) => type !== 'pong'),
      `no answer to ${text}`,
    );
  }
  for (const answer of answers) {
    assert.notEqual(answer.code, 'internal', `internal error for ${text}`);
    const { _tempId } = answer;
    assert.ok(
      _tempId == null || typeof _tempId === 'number' || (typeof _tempId === 'string' && _tempId.length <= 1_000),
      `echoes an id of type ${typeof _tempId}, in response to ${text}`,
    );
    if (answer.type !== 'message_ack') continue;
    const message = answer.message as { room: unknown; content: unknown };
    assert.equal(String(message.room), String(sent.room_id), `acknowledges a message of another room for ${text}`);
    assert.equal(stored(message.content), stored(sent.content ?? ''), `acknowledges another text for ${text}`);
  }
}

/** The text as stored by a database. */
const stored = (words: unknown): string => Buffer.from(String(words).trim()).toString();

const PATHS = [
  'rooms/',
  'rooms/1/',
  'rooms/1/messages/',
  'rooms/1/send_message/',
  'messages/1/mark_read/',
  'rooms/start_dm/',
  'sync/',
  'ws_ticket/',
  'messages/1/',
  'messages/1/reactions/',
  'attachments/1/a.png',
];

/** An HTTP request as raw text. */
function rawRequest(chance: Hostile, url: string, token: string): string {
  const printable = (text: string): string => text.replace(/[^\x21-\x7e]/g, '').slice(0, 3_000);
  const path = chance.of(PATHS).replace(/1/g, () =>
    chance.next() < 0.4
      ? encodeURIComponent(
          chance
            .text()
            .slice(0, 200)
            .replace(/[\ud800-\udfff]/g, ''),
        )
      : '1',
  );
  const query =
    chance.next() < 0.5
      ? `?${chance.of(['limit', 'before', 'after', 'room', 'page', '__proto__'])}=${printable(chance.text())}`
      : '';
  const method = chance.of(['GET', 'GET', 'POST', 'POST', 'PATCH', 'DELETE', 'PUT', 'OPTIONS', 'HEAD']);
  const body =
    method === 'GET' || method === 'HEAD'
      ? ''
      : chance.next() < 0.15
        ? `${SECRET} ${chance.text()}`
        : JSON.stringify(
            chance.corrupt(
              {
                room: 1,
                content: `${SECRET} ${chance.next()}`,
                message_type: 'text',
                user_id: 2,
                emoji: 'x',
                on: true,
                reply_to: 1,
              },
              0.4,
            ),
          );
  const upgrade = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': chance.of(['13', '13', '8']),
    'Sec-WebSocket-Key': chance.of(['dGhlIHNhbXBsZSBub25jZQ==', printable(chance.text())]),
  };
  if (chance.next() < 0.15) {
    const target = chance.of([
      '/ws/chat/',
      '/ws/notifications/1/',
      '//',
      '///',
      `/ws/chat/?token=${printable(chance.text())}`,
      `/ws/${printable(chance.text())}`,
      `http://${printable(chance.text())}/ws/chat/`,
    ]);
    const offered: Record<string, string> =
      chance.next() < 0.3 ? { 'Sec-WebSocket-Protocol': printable(chance.text()) } : {};
    return head('GET', target, { Host: new URL(url).host, ...upgrade, ...offered });
  }
  const headers: Record<string, string> = {
    Host: chance.next() < 0.9 ? new URL(url).host : printable(chance.text()) || 'x',
    Authorization: chance.next() < 0.9 ? `Bearer ${token}` : printable(chance.text()),
    Connection: 'close',
    'Content-Type': chance.of([
      'application/json',
      'application/json',
      'text/plain',
      'multipart/form-data',
      'multipart/form-data; boundary=x',
      printable(chance.text()),
    ]),
    'Content-Length': String(Buffer.byteLength(body)),
    ...(chance.next() < 0.3 && { 'Idempotency-Key': printable(chance.text()) }),
    ...(chance.next() < 0.3 && { Origin: printable(chance.of([chance.text(), 'null', `${url}.evil.example`])) }),
    ...(chance.next() < 0.1 && { [printable(chance.text()).replace(/[^\w-]/g, '') || 'X']: printable(chance.text()) }),
  };
  return head(method, `/api/chat/${path}${query}`, headers) + body;
}

const head = (method: string, target: string, headers: Record<string, string>): string =>
  `${method} ${target} HTTP/1.1\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;

/** Sends bytes. @returns the response until the end; empty if the connection is lost. */
function raw(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(request));
    socket.setEncoding('latin1').on('data', (data: string) => (answer += data));
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}
