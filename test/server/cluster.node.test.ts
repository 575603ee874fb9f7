/** Several processes on one PostgreSQL and one Redis, behind nginx; all of them real, and some of them killed. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { signToken } from '../../demo/server/auth.js';
import { openDatabase } from '../../demo/server/database/database.js';
import { startServer } from '../../demo/server/server.js';
import { missingPrograms } from '../support/find-programs.mjs';
import { startNginx, startPostgres, startProcess, startRedis, type BackendProcess, type RedisService, type Service } from '../support/services.js';
import { ANA, BEN, CLEO, join, openSocket, rest, ROOM, within, type Client } from './support.js';
import { Talker } from './socket-client.js';

const missing = missingPrograms();
const why = missing.length > 0 && `not on this machine: ${missing.join(', ')}`;
const SECRET = 'the same for all of them, and only here';
const LONG_MS = 30_000;

describe('several processes', { skip: why }, () => {
  let postgres: Service;
  let redis: RedisService;
  let nginx: Service;
  let one: BackendProcess;
  let two: BackendProcess;
  let database: pg.Client;
  const services: Service[] = [];
  const clients: Client[] = [];
  const talkers: Talker[] = [];

  const signIn = (userId: number): Promise<string> => signToken(SECRET, userId);
  const at = (process: Service) => ({ url: process.url, signToken: signIn });
  const enter = async (process: Service, userId: number, ...rooms: number[]): Promise<Client> => {
    const client = await join(at(process), userId, ...rooms);
    clients.push(client);
    return client;
  };
  const post = (process: Service, userId: number, content: string) => rest(at(process), userId, `rooms/${ROOM}/send_message/`, { json: { room: ROOM, content } });
  const seqOf = async (): Promise<number> => (await rest(at(two), ANA, `rooms/${ROOM}/`)).body.seq;
  const keep = <T extends Service>(service: T): T => (services.unshift(service), service);
  const talk = async (service: Service, userId: number): Promise<Talker> => {
    const talker = new Talker(service.url, await signIn(userId), ROOM, await seqOf());
    talkers.push(talker);
    await talker.start();
    return talker;
  };
  /** Everybody says `count` things, one each 5 ms; meanwhile something happens. */
  async function chatter(people: Talker[], count: number, meanwhile: () => Promise<void>): Promise<string[]> {
    const said: string[] = [];
    const name = crypto.randomUUID().slice(0, 8);
    const happening = meanwhile();
    for (let n = 0; n < count; n++) {
      for (const [index, person] of people.entries()) {
        said.push(`${name} ${index}.${n}`);
        person.send(said.at(-1)!);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await happening;
    return said;
  }
  /** All of it stored once, acknowledged, and known to everybody; changes without a gap. */
  async function nothingIsLost(people: Talker[], said: string[], since: number): Promise<void> {
    const stored = await database.query<{ content: string }>('select content from messages where room_id = 1 and content = any($1) order by id', [said]);
    assert.deepEqual(stored.rows.map(({ content }) => content).sort(), [...said].sort());
    const changes = await database.query<{ seq: number }>('select seq from changes where room_id = 1 and seq > $1 order by seq', [since]);
    assert.deepEqual(changes.rows.map(({ seq }) => seq), said.map((_, n) => since + 1 + n));
    for (const person of people) {
      await within(person.done(since + said.length), `everybody to know: ${person.missing}`, LONG_MS);
      assert.deepEqual([...person.known.values()].filter((content) => said.includes(content)).sort(), [...said].sort());
    }
    assert.deepEqual(people.flatMap((person) => [...person.acknowledged]).filter((content) => said.includes(content)).sort(), [...said].sort());
  }

  before(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    services.push(postgres, redis);
    const env = { DATABASE_URL: postgres.url, REDIS_URL: redis.url, JWT_SECRET: SECRET };
    [one, two] = await Promise.all([startProcess(env, '--rate', '100000'), startProcess(env, '--rate', '100000')]);
    keep(one);
    keep(two);
    nginx = keep(await startNginx([one.port, two.port]));
    database = new pg.Client({ connectionString: postgres.url });
    // It is ended before the server is, and minds that no more than we do.
    database.on('error', () => {});
    await database.connect();
  });
  after(async () => {
    for (const client of clients) client.close();
    for (const talker of talkers) talker.end();
    await database?.end();
    for (const service of services) await service.stop();
  });

  it('a database that ends a connection at work fails that transaction, and nothing else', async () => {
    const ours = await openDatabase({ kind: 'url', url: postgres.url });
    const lost = ours.transaction(async (inside) => {
      const [row] = await inside.query<{ pid: number }>('select pg_backend_pid() as pid');
      await database.query('select pg_terminate_backend($1)', [row!.pid]);
      await new Promise((resolve) => setTimeout(resolve, 100)); // between two queries: nobody waits for an answer then
      await inside.query('select 1');
    });
    await assert.rejects(lost);
    assert.equal((await ours.transaction((inside) => inside.query<{ one: number }>('select 1 as one')))[0]!.one, 1);
    await ours.close();
  });

  it('what is done at one is seen at the other', async () => {
    const [ana, ben] = [await enter(one, ANA, ROOM), await enter(two, BEN, ROOM)];
    ana.send({ type: 'send_message', room_id: ROOM, content: 'across', _tempId: 'across-1' });
    const message = (await ben.take('new_message'))['message'] as { id: number; content: string; _tempId: string };
    assert.deepEqual([message.content, message._tempId], ['across', 'across-1']);
    ben.send({ type: 'mark_read', room_id: ROOM, message_ids: [message.id] });
    assert.deepEqual((await ana.take('message_read'))['message_ids'], [message.id]);
    ben.send({ type: 'typing', room_id: ROOM });
    assert.equal((await ana.take('typing'))['user_id'], BEN);
    ben.send({ type: 'react', room_id: ROOM, message_id: message.id, emoji: '👍', on: true });
    assert.deepEqual((await ana.take('reactions_updated'))['reactions'], [{ emoji: '👍', user_ids: [BEN] }]);
    const { body } = await rest(at(one), CLEO, 'rooms/start_dm/', { json: { user_id: BEN } });
    for (let frame; frame?.['room_id'] !== body.room.id; ) frame = await ben.take('room_updated');
  });

  it('also through nginx, by socket, REST and ticket', async () => {
    const [ana, ben] = [await enter(nginx, ANA), await enter(nginx, BEN)];
    await post(nginx, ANA, 'through nginx');
    for (const client of [ana, ben]) assert.equal(((await client.take('new_message'))['message'] as { content: string }).content, 'through nginx');
    for (const [from, to] of [[one, two], [two, one]] as const) {
      const { ticket } = (await rest(at(from), ANA, 'ws_ticket/', { method: 'POST' })).body;
      const client = await openSocket(at(to), null, { ticket });
      clients.push(client);
      await assert.rejects(openSocket(at(from), null, { ticket }), /refused 403/);
    }
  });

  it('who looks at a room at one process is not notified of what is said at the other', async () => {
    const [ben, bell] = [await enter(two, BEN, ROOM), await openSocket(at(one), await signIn(BEN), { path: `/ws/notifications/${BEN}/` })];
    clients.push(bell);
    for (const client of clients.filter((each) => each !== ben && each !== bell)) client.close();
    await post(one, ANA, 'seen');
    await ben.ask({ type: 'unsubscribe_room', room_id: ROOM }, 'unsubscribed');
    // Who left is known a moment later; until then nothing rings.
    const rings = async (): Promise<string> => {
      for (;;) {
        await post(two, ANA, 'heard');
        const rung = await Promise.race([bell.take('new_notification'), new Promise<null>((resolve) => setTimeout(resolve, 200, null))]);
        if (rung) return (rung['notification'] as { message: string }).message;
      }
    };
    assert.equal(await within(rings(), 'the bell'), 'heard');
  });

  it('unread counts and seqs are exact after 200 sends to both at once, and every socket hears them in order', async () => {
    const [ana, ben] = [await enter(one, ANA), await enter(two, BEN)];
    for (const client of [ana, ben]) await client.ask({ type: 'mark_read', room_id: ROOM }, 'messages_marked_read');
    for (const client of [ana, ben]) await client.settle();
    const since = await seqOf();
    const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => post(n % 2 ? one : two, n % 4 < 2 ? ANA : BEN, `both ${n}`)));
    assert.ok(answers.every(({ status }) => status === 201));
    for (const [client, userId] of [[ana, ANA], [ben, BEN]] as const) {
      const heard = (): number[] => client.frames.flatMap((frame) => (frame.type === 'new_message' ? [Number(frame['seq'])] : []));
      await within((async () => { while (heard().length < 200) await client.ask({ type: 'ping' }, 'pong'); })(), 'all to be heard');
      assert.deepEqual(heard(), Array.from({ length: 200 }, (_, n) => since + 1 + n));
      const { updates } = client.frames.findLast(({ type }) => type === 'room_updated') as unknown as { updates: { unread_count: number; last_message: { content: string } } };
      assert.equal(updates.unread_count, 100);
      for (const process of [one, two]) assert.equal((await rest(at(process), userId, `rooms/${ROOM}/`)).body.unread_count, 100);
    }
    const { body } = await rest(at(one), ANA, `rooms/${ROOM}/messages/?limit=100`);
    assert.equal(body.seq, since + 200);
  });

  it('the rate of one person is counted by all together', async () => {
    const options = { database: { kind: 'url' as const, url: postgres.url }, redis: redis.url, secret: SECRET, limits: { rate: 4 } };
    const servers = await Promise.all([startServer(options), startServer(options)]);
    try {
      const answers: number[] = [];
      for (let n = 0; n < 6; n++) answers.push((await rest(servers[n % 2]!, 4, 'rooms/4/send_message/', { json: { room: 4, content: 'x' } })).status);
      assert.deepEqual(answers, [201, 201, 201, 201, 429, 429]);
    } finally {
      await Promise.all(servers.map((server) => server.close()));
    }
  });

  it('a Redis that dies and comes back empty costs a moment, and no message', async () => {
    const people = await Promise.all([talk(one, ANA), talk(two, BEN)]);
    const since = await seqOf();
    const said = await chatter(people, 120, async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      await redis.kill();
      await new Promise((resolve) => setTimeout(resolve, 500));
      await redis.again();
    });
    await within(Promise.all(people.map((person) => person.done(since + said.length))), 'everybody to know', LONG_MS);
    await nothingIsLost(people, said, since);
    assert.deepEqual(people.map(({ holes, breaks }) => [holes, breaks]), [[0, 0], [0, 0]], 'nor did a client have to do anything about it');
    for (const person of people) person.end();
    for (const { program } of [one, two]) assert.match(program.said(), /Redis is gone.*\n[^]*Redis is back/);
    // And it is used again: what is never repaired, like typing, comes through.
    const [ana, ben] = [await enter(one, ANA, ROOM), await enter(two, BEN, ROOM)];
    const typed = async (): Promise<void> => {
      while (!ben.frames.some(({ type }) => type === 'typing')) {
        ana.send({ type: 'typing', room_id: ROOM });
        await ana.settle();
      }
    };
    await within(typed(), 'typing to arrive');
  });

  it('a process that is killed in the middle loses nothing that was acknowledged, and its clients move', async () => {
    const people = await Promise.all([talk(nginx, ANA), talk(nginx, BEN), talk(nginx, ANA), talk(nginx, BEN)]);
    const since = await seqOf();
    const said = await chatter(people, 80, async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await one.program.end('SIGKILL');
    });
    await within(Promise.all(people.map((person) => person.done(since + said.length))), 'everybody to know', LONG_MS);
    await nothingIsLost(people, said, since);
    assert.ok(people.some(({ breaks }) => breaks > 0) && people.some(({ breaks }) => breaks === 0), 'some were at each');
  });
});

it('without Redis each process finds what the others did by looking', { skip: why }, async () => {
  const postgres = await startPostgres();
  const options = { database: { kind: 'url' as const, url: postgres.url }, secret: SECRET };
  const servers = await Promise.all([startServer(options), startServer(options)]);
  try {
    const ben = await join(servers[1]!, BEN);
    await rest(servers[0]!, ANA, `rooms/${ROOM}/send_message/`, { json: { room: ROOM, content: 'late' } });
    assert.equal(((await ben.take('new_message'))['message'] as { content: string }).content, 'late');
    ben.close();
  } finally {
    await Promise.all(servers.map((server) => server.close()));
    await postgres.stop();
  }
});
