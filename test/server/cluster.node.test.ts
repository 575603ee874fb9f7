/** Several processes on one PostgreSQL and one Redis, behind nginx: all of them real, some of them killed. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { signToken } from '../../demo/server/auth.js';
import { openDatabase } from '../../demo/server/database/database.js';
import type { Limits } from '../../demo/server/options.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { missingPrograms } from '../support/find-programs.mjs';
import {
  startNginx,
  startPostgres,
  startProcess,
  startRedis,
  type BackendProcess,
  type RedisService,
  type Service,
} from '../support/services.js';
import { ANA, BEN, CLEO, join, openSocket, rest, ROOM, within, type Client } from './support.js';
import { ReliableClient } from './socket-client.js';

const missing = missingPrograms();
const skip = missing.length > 0 && `not on this machine: ${missing.join(', ')}`;
const SECRET = 'the same for all of them, and only here';
const LONG_MS = 30_000;

describe('several processes', { skip }, () => {
  let postgres: Service;
  let redis: RedisService;
  let nginx: Service;
  let one: BackendProcess;
  let two: BackendProcess;
  let database: pg.Client;
  const services: Service[] = [];
  const clients: Client[] = [];
  const reliableClients: ReliableClient[] = [];

  const tokenOf = (userId: number): Promise<string> => signToken(SECRET, userId);
  const backendAt = (process: Service) => ({ url: process.url, signToken: tokenOf });
  const enter = async (process: Service, userId: number, ...rooms: number[]): Promise<Client> => {
    const client = await join(backendAt(process), userId, ...rooms);
    clients.push(client);
    return client;
  };
  const post = (process: Service, userId: number, content: string) =>
    rest(backendAt(process), userId, `rooms/${ROOM}/send_message/`, { json: { room: ROOM, content } });
  const seqOf = async (): Promise<number> => (await rest(backendAt(two), ANA, `rooms/${ROOM}/`)).body.seq;
  const track = <T extends Service>(service: T): T => (services.unshift(service), service);
  const connectReliably = async (service: Service, userId: number): Promise<ReliableClient> => {
    const client = new ReliableClient(service.url, await tokenOf(userId), ROOM, await seqOf());
    reliableClients.push(client);
    await client.start();
    return client;
  };
  /** Every client sends `count` messages, one every 5 ms, while `meanwhile` runs. */
  async function sendMany(senders: ReliableClient[], count: number, meanwhile: () => Promise<void>): Promise<string[]> {
    const sent: string[] = [];
    const name = crypto.randomUUID().slice(0, 8);
    const running = meanwhile();
    for (let n = 0; n < count; n++) {
      for (const [index, sender] of senders.entries()) {
        sent.push(`${name} ${index}.${n}`);
        sender.send(sent.at(-1)!);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await running;
    return sent;
  }
  /**
   * Asserts that everything is stored once, acknowledged, and known to every client, and that the changes have no gap.
   */
  async function assertNothingLost(senders: ReliableClient[], sent: string[], since: number): Promise<void> {
    const stored = await database.query<{ content: string }>(
      'select content from messages where room_id = 1 and content = any($1) order by id',
      [sent],
    );
    assert.deepEqual(stored.rows.map(({ content }) => content).sort(), [...sent].sort());
    const changes = await database.query<{ seq: number }>(
      'select seq from changes where room_id = 1 and seq > $1 order by seq',
      [since],
    );
    assert.deepEqual(
      changes.rows.map(({ seq }) => seq),
      sent.map((_, n) => since + 1 + n),
    );
    for (const sender of senders) {
      await within(sender.caughtUp(since + sent.length), `every client to catch up: ${sender.progress}`, LONG_MS);
      assert.deepEqual([...sender.known.values()].filter((content) => sent.includes(content)).sort(), [...sent].sort());
    }
    assert.deepEqual(
      senders
        .flatMap((sender) => [...sender.acknowledged])
        .filter((content) => sent.includes(content))
        .sort(),
      [...sent].sort(),
    );
  }

  before(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    services.push(postgres, redis);
    const env = { DATABASE_URL: postgres.url, REDIS_URL: redis.url, JWT_SECRET: SECRET };
    // A test sends typing without a pause until it arrives.
    const flags = ['--rate', '100000', '--limit', 'typingPerUser=100000'];
    [one, two] = await Promise.all([startProcess(env, ...flags), startProcess(env, ...flags)]);
    track(one);
    track(two);
    nginx = track(await startNginx([one.port, two.port]));
    database = new pg.Client({ connectionString: postgres.url });
    // The server may end this connection first.
    database.on('error', () => {});
    await database.connect();
  });
  after(async () => {
    for (const client of clients) client.close();
    for (const client of reliableClients) client.end();
    await database?.end();
    for (const service of services) await service.stop();
  });

  it('a terminated database connection fails its transaction, and nothing else', async () => {
    const own = await openDatabase({ kind: 'url', url: postgres.url });
    const lost = own.transaction(async (inside) => {
      const [row] = await inside.query<{ pid: number }>('select pg_backend_pid() as pid');
      await database.query('select pg_terminate_backend($1)', [row!.pid]);
      await new Promise((resolve) => setTimeout(resolve, 100)); // between two queries, when no query is pending
      await inside.query('select 1');
    });
    await assert.rejects(lost);
    assert.equal((await own.transaction((inside) => inside.query<{ one: number }>('select 1 as one')))[0]!.one, 1);
    await own.close();
  });

  it('delivers across processes', async () => {
    const [ana, ben] = [await enter(one, ANA, ROOM), await enter(two, BEN, ROOM)];
    ana.send({ type: 'send_message', room_id: ROOM, content: 'across', _tempId: 'across-1' });
    const message = (await ben.take('new_message'))['message'] as { id: number; content: string; _tempId: string };
    assert.deepEqual([message.content, message._tempId], ['across', 'across-1']);
    ben.send({ type: 'mark_delivered', room_id: ROOM, up_to: message.id });
    assert.equal((await ana.take('message_delivered'))['up_to'], message.id);
    ben.send({ type: 'mark_read', room_id: ROOM, message_ids: [message.id] });
    assert.deepEqual((await ana.take('message_read'))['message_ids'], [message.id]);
    ben.send({ type: 'typing', room_id: ROOM });
    assert.equal((await ana.take('typing'))['user_id'], BEN);
    ben.send({ type: 'react', room_id: ROOM, message_id: message.id, emoji: '👍', on: true });
    assert.deepEqual((await ana.take('reactions_updated'))['reactions'], [{ emoji: '👍', user_ids: [BEN] }]);
    for (const hides of [true, false]) {
      const body = JSON.stringify({ hide_receipts: hides });
      await rest(backendAt(one), BEN, 'me/', { method: 'PATCH', body });
      assert.equal((await ben.take('connection_established'))['hide_receipts'], hides);
    }
    const { body } = await rest(backendAt(one), CLEO, 'rooms/start_dm/', { json: { user_id: BEN } });
    for (let frame; frame?.['room_id'] !== body.room.id;) frame = await ben.take('room_updated');
  });

  it('works through nginx, by socket, REST and ticket', async () => {
    const [ana, ben] = [await enter(nginx, ANA), await enter(nginx, BEN)];
    await post(nginx, ANA, 'through nginx');
    for (const client of [ana, ben])
      assert.equal(((await client.take('new_message'))['message'] as { content: string }).content, 'through nginx');
    for (const [from, to] of [
      [one, two],
      [two, one],
    ] as const) {
      const { ticket } = (await rest(backendAt(from), ANA, 'ws_ticket/', { method: 'POST' })).body;
      const client = await openSocket(backendAt(to), null, { ticket });
      clients.push(client);
      await assert.rejects(openSocket(backendAt(from), null, { ticket }), /refused 403/);
    }
  });

  it('does not notify users who are subscribed to the room at another process', async () => {
    const [ben, notifications] = [
      await enter(two, BEN, ROOM),
      await openSocket(backendAt(one), await tokenOf(BEN), { path: `/ws/notifications/${BEN}/` }),
    ];
    clients.push(notifications);
    for (const client of clients.filter((each) => each !== ben && each !== notifications)) client.close();
    await post(one, ANA, 'seen');
    await ben.ask({ type: 'unsubscribe_room', room_id: ROOM }, 'unsubscribed');
    // Presence takes a moment to be updated; until then there is no notification.
    const notified = async (): Promise<string> => {
      for (;;) {
        await post(two, ANA, 'heard');
        const frame = await Promise.race([
          notifications.take('new_notification'),
          new Promise<null>((resolve) => setTimeout(resolve, 200, null)),
        ]);
        if (frame) return (frame['notification'] as { message: string }).message;
      }
    };
    assert.equal(await within(notified(), 'the notification'), 'heard');
  });

  it('keeps unread counts and seqs exact after 200 concurrent sends to both, and delivers them in order', async () => {
    const [ana, ben] = [await enter(one, ANA), await enter(two, BEN)];
    for (const client of [ana, ben]) await client.ask({ type: 'mark_read', room_id: ROOM }, 'messages_marked_read');
    for (const client of [ana, ben]) await client.settle();
    const since = await seqOf();
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => post(n % 2 ? one : two, n % 4 < 2 ? ANA : BEN, `both ${n}`)),
    );
    assert.ok(answers.every(({ status }) => status === 201));
    for (const [client, userId] of [
      [ana, ANA],
      [ben, BEN],
    ] as const) {
      const seqs = (): number[] =>
        client.frames.flatMap((frame) => (frame.type === 'new_message' ? [Number(frame['seq'])] : []));
      await within(
        (async () => {
          while (seqs().length < 200) await client.ask({ type: 'ping' }, 'pong');
        })(),
        'all messages to arrive',
      );
      assert.deepEqual(
        seqs(),
        Array.from({ length: 200 }, (_, n) => since + 1 + n),
      );
      const { updates } = client.frames.findLast(({ type }) => type === 'room_updated') as unknown as {
        updates: { unread_count: number; last_message: { content: string } };
      };
      assert.equal(updates.unread_count, 100);
      for (const process of [one, two])
        assert.equal((await rest(backendAt(process), userId, `rooms/${ROOM}/`)).body.unread_count, 100);
    }
    const { body } = await rest(backendAt(one), ANA, `rooms/${ROOM}/messages/?limit=100`);
    assert.equal(body.seq, since + 200);
  });

  /** Two servers with the same limits, PostgreSQL and Redis. */
  async function withTwoServers(
    limits: Partial<Limits>,
    use: (servers: readonly [RunningServer, RunningServer]) => Promise<void>,
  ): Promise<void> {
    const options = { database: { kind: 'url' as const, url: postgres.url }, redis: redis.url, secret: SECRET, limits };
    const servers = await Promise.all([startServer(options), startServer(options)]);
    try {
      await use(servers);
    } finally {
      await Promise.all(servers.map((server) => server.close()));
    }
  }

  it('counts the rate limit of a user across processes', async () => {
    await withTwoServers({ rate: 4 }, async (servers) => {
      const answers: number[] = [];
      for (let n = 0; n < 6; n++)
        answers.push(
          (await rest(servers[n % 2]!, 4, 'rooms/4/send_message/', { json: { room: 4, content: 'x' } })).status,
        );
      assert.deepEqual(answers, [201, 201, 201, 201, 429, 429]);
    });
  });

  it('12.21: counts the other rate limits across processes, too', async () => {
    await withTwoServers({ directRoomsPerUser: 4 }, async (servers) => {
      const answers: number[] = [];
      for (let n = 0; n < 6; n++)
        answers.push((await rest(servers[n % 2]!, 4, 'rooms/start_dm/', { json: { user_id: 5 } })).status);
      assert.deepEqual(answers, [201, 200, 200, 200, 429, 429]);
    });
  });

  it('loses no message when Redis dies and restarts empty', async () => {
    const senders = await Promise.all([connectReliably(one, ANA), connectReliably(two, BEN)]);
    const since = await seqOf();
    const sent = await sendMany(senders, 120, async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      await redis.kill();
      await new Promise((resolve) => setTimeout(resolve, 500));
      await redis.restart();
    });
    await within(
      Promise.all(senders.map((sender) => sender.caughtUp(since + sent.length))),
      'every client to catch up',
      LONG_MS,
    );
    await assertNothingLost(senders, sent, since);
    assert.deepEqual(
      senders.map(({ gaps, disconnects }) => [gaps, disconnects]),
      [
        [0, 0],
        [0, 0],
      ],
      'no client had to reconnect or sync',
    );
    for (const sender of senders) sender.end();
    // Redis is used again: frames without repair, like typing, arrive.
    const [ana, ben] = [await enter(one, ANA, ROOM), await enter(two, BEN, ROOM)];
    const typingArrives = async (): Promise<void> => {
      while (!ben.frames.some(({ type }) => type === 'typing')) {
        ana.send({ type: 'typing', room_id: ROOM });
        await ana.settle();
      }
    };
    await within(typingArrives(), 'typing to arrive');
    // The messages may all have arrived before the connections were restored.
    const isLogged = ({ program }: BackendProcess): boolean =>
      /Redis connection lost.*\n[^]*Redis connection restored/.test(program.output());
    const restored = async (): Promise<void> => {
      while (![one, two].every(isLogged)) await ana.settle();
    };
    await within(restored(), 'the loss and the recovery to be logged');
  });

  it('loses no acknowledged message when a process is killed, and its clients reconnect to another', async () => {
    const senders = await Promise.all([
      connectReliably(nginx, ANA),
      connectReliably(nginx, BEN),
      connectReliably(nginx, ANA),
      connectReliably(nginx, BEN),
    ]);
    const since = await seqOf();
    const sent = await sendMany(senders, 80, async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await one.program.end('SIGKILL');
    });
    await within(
      Promise.all(senders.map((sender) => sender.caughtUp(since + sent.length))),
      'every client to catch up',
      LONG_MS,
    );
    await assertNothingLost(senders, sent, since);
    assert.ok(
      senders.some(({ disconnects }) => disconnects > 0) && senders.some(({ disconnects }) => disconnects === 0),
      'both processes had clients',
    );
  });
});

it('without Redis, each process finds the changes of others by polling', { skip }, async () => {
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
