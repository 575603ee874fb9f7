/** Capability `people`: who is found, by what, and what is disclosed. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, BEN, CLEO, rest, withServer } from './support.js';

const EMIL = 5;
const GENERAL = 4;

interface Person {
  id: number;
  username: string;
}

describe('13.6: people', () => {
  let server: RunningServer;
  /** A stranger to Ana. */
  let zoe: number;
  before(async () => {
    server = await startServer();
    const [made] = await server.database.query<{ id: number }>(
      `insert into users (email, username, first_name, last_name, phone_number)
       values ('secret@example.com', 'zoe', 'Zoë', 'Müller-Żuk 100%', '555') returning id`,
    );
    zoe = made!.id;
  });
  after(() => server.close());

  const find = async (q: string, userId = ANA, from = server): Promise<Person[]> => {
    const { status, body } = await rest(from, userId, `people/?q=${encodeURIComponent(q)}`);
    assert.equal(status, 200);
    return body.items as Person[];
  };
  const names = async (q: string, userId = ANA): Promise<string[]> =>
    (await find(q, userId)).map(({ username }) => username);

  it('lists the users with whom the user shares a room, by name, without the user', async () => {
    assert.deepEqual(await names(''), ['ben', 'cleo', 'dana', 'emil']);
    assert.deepEqual(await names('', EMIL), ['ana', 'ben', 'cleo', 'dana']);
  });

  it('finds the beginnings of words, without case and accents; each word of the query must match', async () => {
    await server.database.query(`insert into members (room_id, user_id) values (${GENERAL}, ${zoe})`);
    for (const q of ['zoe', 'ZOË', 'mül', 'mul', 'zuk', 'żuk', '100', 'müller zoe', 'zoe%', 'mu zo zu 1'])
      assert.deepEqual(await names(q), ['zoe'], q);
    for (const q of ['oe', 'zoe x', 'z_e', '%', '_', 'secret', 'example', '555', "o'kaf ok", '\\'])
      assert.deepEqual(await names(q), [], q);
    // A changed name is found, the former one is not.
    await server.database.query(`update users set first_name = 'Yara' where id = ${zoe}`);
    assert.deepEqual(await names('yar'), ['zoe']);
    await server.database.query(`update users set username = 'zoe', first_name = 'Zoë' where id = ${zoe}`);
    assert.deepEqual(await names('yar'), []);
    await server.database.query(`delete from members where user_id = ${zoe}`);
  });

  it('discloses the fields of a user, and nothing else', async () => {
    const [ben] = await find('ben');
    assert.deepEqual(Object.keys(ben!).sort(), [
      'first_name',
      'id',
      'last_name',
      'profile_picture',
      'role',
      'username',
    ]);
  });

  it('does not find strangers, former members, deactivated users, and those who have blocked the user', async () => {
    assert.deepEqual(await names('zoe'), []);
    const { database } = server;
    await database.query(`insert into blocks (blocker_id, blocked_id) values (${BEN}, ${ANA})`);
    assert.deepEqual(await names('ben'), []);
    assert.deepEqual(await names('ana', BEN), ['ana'], 'Ana has not blocked Ben');
    await database.query('delete from blocks');
    await database.query(`update users set is_active = false where id = ${BEN}`);
    assert.deepEqual(await names('ben'), []);
    await database.query(`update users set is_active = true where id = ${BEN}`);
    assert.deepEqual(await names('ben'), ['ben']);
  });

  it('finds all users with the option allPeople, except those who have blocked the user', () =>
    withServer({ allPeople: true }, async (other) => {
      await other.database.query(`insert into users (email, username) values ('x', 'stranger')`);
      const found = async (): Promise<string[]> => (await find('str', ANA, other)).map(({ username }) => username);
      assert.deepEqual(await found(), ['stranger']);
      await other.database.query(`insert into blocks select id, ${ANA} from users where username = 'stranger'`);
      assert.deepEqual(await found(), []);
    }));

  it('refuses a long query, a foreign cursor and a null character', async () => {
    for (const query of [`q=${'x'.repeat(101)}`, 'q=%00', 'cursor=x', 'cursor=WzEsMl0', 'cursor=bnVsbA'])
      assert.equal((await rest(server, ANA, `people/?${query}`)).status, 400, query);
  });

  describe('the members of a room', () => {
    const BIG = 500;
    before(async () => {
      await server.database.query(`insert into users (id, email, username)
        select n, n, 'member' || lpad(n::text, 4, '0') from generate_series(1000, 1119) n`);
      await server.database.query(`insert into rooms (id, name, room_type) values (${BIG}, 'Big', 'general')`);
      await server.database.query(`insert into members (room_id, user_id, role)
        select ${BIG}, n, 'member' from generate_series(1000, 1119) n union all values (${BIG}, ${ANA}, 'owner')`);
    });

    it('have pages, by name, with their roles', async () => {
      const seen: string[] = [];
      for (let cursor = ''; ;) {
        const { status, body } = await rest(server, ANA, `rooms/${BIG}/members/?cursor=${cursor}`);
        assert.equal(status, 200);
        const items = body.items as { user: Person; role: string }[];
        assert.ok(items.length <= 50);
        assert.deepEqual(Object.keys(items[0]!).sort(), ['role', 'user']);
        for (const { user, role } of items) {
          assert.equal(role, user.id === ANA ? 'owner' : 'member');
          seen.push(user.username);
        }
        if (body.next === null) break;
        cursor = body.next as string;
      }
      assert.equal(seen.length, 121);
      assert.deepEqual(seen, [...seen].sort());
    });

    it('are searched like people, also those who have blocked the user: their messages are in the room', async () => {
      await server.database.query(`insert into blocks (blocker_id, blocked_id) values (1007, ${ANA})`);
      const { body } = await rest(server, ANA, `rooms/${BIG}/members/?q=member1007`);
      assert.deepEqual(
        (body.items as { user: Person }[]).map(({ user }) => user.id),
        [1007],
      );
      assert.deepEqual(await find('member1007'), []);
      await server.database.query('delete from blocks');
    });

    it('are not named in a room of more than 20, except for a server without the capability', async () => {
      const { body } = await rest(server, ANA, `rooms/${BIG}/`);
      assert.deepEqual([body.participants, body.participant_count], [[], 121]);
      const { body: general } = await rest(server, ANA, `rooms/${GENERAL}/`);
      assert.equal(general.participants.length, 5);
      await withServer({ without: ['people'] }, async (other) => {
        await other.database.query(`insert into users (id, email, username)
          select n, n, 'member' || n from generate_series(1000, 1119) n`);
        await other.database.query(`insert into members (room_id, user_id)
          select ${GENERAL}, n from generate_series(1000, 1119) n`);
        const { body: room } = await rest(other, CLEO, `rooms/${GENERAL}/`);
        assert.deepEqual([room.participants.length, room.participant_count], [100, 125]);
        assert.equal((await rest(other, CLEO, 'people/')).status, 404);
        assert.equal((await rest(other, CLEO, `rooms/${GENERAL}/members/`)).status, 404);
      });
    });
  });
});
