/** Capability `manage_room`: name and members of a room, and who is told. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, BEN, CLEO, join, rest, withServer, type Client, type Frame, type RestResponse } from './support.js';

const [DANA, EMIL] = [4, 5];

describe('13.6: changing rooms', () => {
  let server: RunningServer;
  /** A group of Ana, its owner, Ben and Cleo. */
  let room: number;
  before(async () => {
    server = await startServer({ limits: { roomChangesPerUser: 10_000, roomMembers: 5 } });
  });
  after(() => server.close());
  beforeEach(async () => {
    const { body } = await rest(server, ANA, 'rooms/', { json: { user_ids: [BEN, CLEO], name: 'The move' } });
    room = body.room.id as number;
  });

  const ask = (userId: number, method: string, path: string, json?: object): Promise<RestResponse> =>
    rest(server, userId, path, {
      method,
      ...(json && { body: JSON.stringify(json), headers: { 'Content-Type': 'application/json' } }),
    });
  const rename = (userId: number, name: unknown, id = room) => ask(userId, 'PATCH', `rooms/${id}/`, { name });
  const invite = (userId: number, user_ids: unknown) => ask(userId, 'POST', `rooms/${room}/members/`, { user_ids });
  const remove = (userId: number, member: number, id = room) => ask(userId, 'DELETE', `rooms/${id}/members/${member}/`);
  const rolesOf = async (id = room): Promise<string[]> =>
    (
      await server.database.query<{ user_id: number; role: string }>(
        `select user_id, role from members where room_id = ${id} order by user_id`,
      )
    ).map(({ user_id, role }) => `${user_id} ${role}`);
  const updatesOf = (frame: Frame | undefined): Record<string, unknown> =>
    (frame?.['updates'] ?? {}) as Record<string, unknown>;
  const together = async (run: (clients: Client[]) => Promise<void>, ...userIds: number[]): Promise<void> => {
    const clients = await Promise.all(userIds.map((userId) => join(server, userId)));
    try {
      await run(clients);
    } finally {
      clients.forEach((client) => client.close());
    }
  };

  it('an owner renames it: all members are told, once', () =>
    together(
      async ([ana, cleo, emil]) => {
        const { status, body } = await rename(ANA, '  Moving day ');
        assert.deepEqual([status, body.name, body.id], [200, 'Moving day', room]);
        for (const client of [ana!, cleo!]) {
          const updates = updatesOf((await client.settle()).find(({ type }) => type === 'room_updated'));
          assert.deepEqual([updates['name'], updates['participant_count']], ['Moving day', 3]);
        }
        assert.equal((await rename(ANA, 'Moving day')).status, 200);
        assert.equal((await ask(ANA, 'PATCH', `rooms/${room}/`, { picture: null })).status, 200);
        for (const client of [ana!, cleo!, emil!]) assert.deepEqual(await client.settle(), []);
      },
      ANA,
      CLEO,
      EMIL,
    ));

  it('only owners change it; a direct or a closed room cannot be changed', async () => {
    const forbidden = {
      rename: () => rename(BEN, 'x'),
      invite: () => invite(BEN, [EMIL]),
      remove: () => remove(BEN, CLEO),
    };
    for (const [what, attempt] of Object.entries(forbidden)) {
      const { status, body } = await attempt();
      assert.deepEqual([status, body.code], [403, 'not_allowed'], what);
    }
    await server.database.query(`update members set role = 'owner' where room_id = 1`);
    for (const { status } of [await rename(ANA, 'x', 1), await remove(ANA, BEN, 1), await remove(ANA, ANA, 1)])
      assert.equal(status, 403);
    await server.database.query(`update members set role = 'member' where room_id = 1`);
    await server.database.query(`update rooms set closed_reason = 'Done.' where id = ${room}`);
    for (const { status, body } of [await rename(ANA, 'x'), await invite(ANA, [EMIL]), await remove(ANA, BEN)])
      assert.deepEqual([status, body.code, body.detail], [403, 'room_closed', 'Done.']);
    assert.deepEqual(await rolesOf(), ['1 owner', '2 member', '3 member']);
    assert.equal((await remove(BEN, BEN)).status, 204, 'leaving is always possible');
  });

  it('refuses names, pictures and users that are none', async () => {
    for (const name of ['', ' ', 7, null, 'x'.repeat(201), 'a\0b']) assert.equal((await rename(ANA, name)).status, 400);
    assert.equal((await ask(ANA, 'PATCH', `rooms/${room}/`, { picture: 'x' })).body.picture.length, 1);
    for (const ids of [[], 'x', undefined, Array.from({ length: 101 }, (_, n) => n)])
      assert.equal((await invite(ANA, ids)).status, 400);
    for (const ids of [[999_999], [EMIL, 999_999], ['x']]) assert.equal((await invite(ANA, ids)).status, 404);
    await server.database.query(`insert into blocks (blocker_id, blocked_id) values (${EMIL}, ${ANA})`);
    assert.deepEqual((await invite(ANA, [EMIL])).text, (await invite(ANA, [999_999])).text);
    await server.database.query('delete from blocks');
    assert.deepEqual(await rolesOf(), ['1 owner', '2 member', '3 member']);
    for (const path of ['999999', 'x', String(EMIL)])
      assert.equal((await ask(ANA, 'DELETE', `rooms/${room}/members/${path}/`)).status, 404);
  });

  it('new members get the whole room, the others the members; inviting again changes nothing', () =>
    together(
      async ([ben, emil]) => {
        const { status, body } = await invite(ANA, [EMIL, BEN]);
        assert.equal(status, 200);
        const added = (body.items as { user: { id: number }; role: string }[]).map(({ user, role }) => [user.id, role]);
        assert.deepEqual(added, [
          [BEN, 'member'],
          [EMIL, 'member'],
        ]);
        const whole = updatesOf(await emil!.take('room_updated'));
        assert.deepEqual([whole['id'], whole['name'], whole['is_active']], [room, 'The move', true]);
        assert.ok(!(whole['can'] as string[]).includes('invite'));
        const changed = updatesOf(await ben!.take('room_updated'));
        assert.deepEqual(Object.keys(changed).sort(), ['name', 'participant_count', 'participants', 'picture']);
        assert.equal(changed['participant_count'], 4);
        const again = await invite(ANA, [EMIL, BEN]);
        assert.deepEqual([again.status, again.body], [200, body]);
        assert.deepEqual([await ben!.settle(), await emil!.settle()], [[], []]);
        // One more than fits.
        const { status: full, body: why } = await invite(ANA, [DANA, 999]);
        assert.deepEqual([full, why.user_ids], [400, ['A conversation has at most 5 members.']]);
      },
      BEN,
      EMIL,
    ));

  it('a removed member is told at once, and gets nothing any more', () =>
    together(
      async ([ben, cleo]) => {
        await ben!.ask({ type: 'subscribe_room', room_id: room }, 'subscribed');
        assert.equal((await remove(ANA, BEN)).status, 204);
        assert.equal((await ben!.take('unsubscribed'))['room_id'], room);
        assert.deepEqual(updatesOf(await ben!.take('room_updated')), { is_active: false });
        assert.equal(updatesOf(await cleo!.take('room_updated'))['participant_count'], 2);
        await rest(server, ANA, `rooms/${room}/send_message/`, { json: { room, content: 'just us' } });
        await cleo!.take('new_message');
        cleo!.send({ type: 'typing', room_id: room });
        await cleo!.settle();
        assert.deepEqual(await ben!.settle(), []);
        assert.equal((await rest(server, BEN, `rooms/${room}/`)).status, 404);
        // Repeated: the member is gone, as after a request whose answer was lost.
        assert.equal((await remove(ANA, BEN)).status, 404);
        // Invited again.
        assert.equal((await invite(ANA, [BEN])).status, 200);
        assert.equal(updatesOf(await ben!.take('room_updated'))['is_active'], true);
      },
      BEN,
      CLEO,
    ));

  it('if the last owner leaves, the member who joined first becomes the owner; at last no member is left', async () => {
    await server.database.query(
      `update members set joined_at = '2020-01-01' where room_id = ${room} and user_id = ${CLEO}`,
    );
    assert.equal((await remove(ANA, ANA)).status, 204);
    assert.deepEqual(await rolesOf(), ['2 member', '3 owner']);
    assert.equal((await rename(CLEO, 'Cleo decides')).status, 200);
    await server.database.query(`update members set role = 'owner' where room_id = ${room}`);
    assert.equal((await remove(CLEO, CLEO)).status, 204);
    assert.deepEqual(await rolesOf(), ['2 owner']);
    assert.equal((await remove(BEN, BEN)).status, 204);
    assert.deepEqual(await rolesOf(), []);
    const [left] = await server.database.query<{ is_active: boolean }>(
      `select is_active from rooms where id = ${room}`,
    );
    assert.equal(left!.is_active, false);
    assert.equal((await remove(BEN, BEN)).status, 404);
  });

  it('two owners who leave at once leave an owner behind', async () => {
    await server.database.query(`update members set role = 'owner' where room_id = ${room} and user_id = ${BEN}`);
    const answers = await Promise.all([remove(ANA, ANA), remove(BEN, BEN)]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [204, 204],
    );
    assert.deepEqual(await rolesOf(), ['3 owner']);
  });

  it('is limited per minute, and absent without the capability', async () => {
    await withServer({ limits: { roomChangesPerUser: 1 } }, async (other) => {
      const patch = () => rest(other, ANA, 'rooms/4/', { method: 'PATCH', body: '{"name":"x"}' });
      assert.deepEqual([(await patch()).status, (await patch()).status], [200, 429]);
    });
    await withServer({ without: ['manage_room'] }, async (other) => {
      assert.equal((await rest(other, ANA, 'rooms/4/', { method: 'PATCH', body: '{"name":"x"}' })).status, 404);
      assert.equal((await rest(other, ANA, 'rooms/4/members/', { json: { user_ids: [BEN] } })).status, 404);
      assert.equal((await rest(other, ANA, 'rooms/4/members/1/', { method: 'DELETE' })).status, 404);
    });
  });
});
