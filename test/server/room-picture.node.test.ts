/** Capability `manage_room`: pictures of rooms, which are uploads. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { deleteUnsent } from '../../demo/server/uploads/prune-files.js';
import { ANA, BEN, CLEO, join, rest, withServer, type Frame, type RestResponse } from './support.js';
import { imageFile, sendFiles, textFile, upload, type Attachment } from './upload-client.js';

const DAY_MS = 86_400_000;

describe('13.6: pictures of rooms', () => {
  let server: RunningServer;
  /** A group of Ana, its owner, Ben and Cleo. */
  let room: number;
  before(async () => {
    server = await startServer({ limits: { roomChangesPerUser: 10_000, uploadsPerUser: 10_000 } });
  });
  after(() => server.close());
  beforeEach(async () => {
    const { body } = await rest(server, ANA, 'rooms/', { json: { user_ids: [BEN, CLEO], name: 'The move' } });
    room = body.room.id as number;
  });

  const patch = (userId: number, picture: unknown, to = server, id = room): Promise<RestResponse> =>
    rest(to, userId, `rooms/${id}/`, {
      method: 'PATCH',
      body: JSON.stringify({ picture }),
      headers: { 'Content-Type': 'application/json' },
    });
  const uploadImage = async (userId = ANA): Promise<Attachment> =>
    (await upload(server, userId, await imageFile(8, 8, 'us.png'))).body as Attachment;
  const statusOf = async (address: string): Promise<number> => (await fetch(new URL(address, server.url))).status;
  const listed = async (userId: number): Promise<string | null | undefined> => {
    const { body } = await rest(server, userId, 'rooms/');
    return (body as { id: number; picture?: string | null }[]).find(({ id }) => id === room)?.picture;
  };

  it('an upload becomes the picture; all members are told, and may load it', async () => {
    const ben = await join(server, BEN);
    const { id } = await uploadImage();
    const { status, body } = await patch(ANA, id);
    assert.equal(status, 200);
    const { updates } = (await ben.take('room_updated')) as Frame & { updates: { picture: string } };
    assert.equal(updates.picture, body.picture, 'the same address for all');
    assert.equal(await listed(CLEO), body.picture);
    const answer = await fetch(new URL(body.picture as string, server.url));
    assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, 'image/png']);
    assert.equal((await patch(ANA, id)).body.picture, body.picture);
    assert.deepEqual(await ben.settle(), [], 'a repeated request changes nothing');
    ben.close();
  });

  it('another picture, or none, deletes the former one', async () => {
    const first = (await patch(ANA, (await uploadImage()).id)).body.picture as string;
    const second = (await patch(ANA, (await uploadImage()).id)).body.picture as string;
    assert.deepEqual([await statusOf(first), await statusOf(second)], [404, 200]);
    assert.equal((await patch(ANA, null)).body.picture, null);
    assert.deepEqual([await statusOf(second), await listed(BEN)], [404, null]);
  });

  it('is no unsent upload any more: it is kept, and can be neither sent nor discarded', async () => {
    const { id } = await uploadImage();
    const { picture } = (await patch(ANA, id)).body as { picture: string };
    await deleteUnsent(server.database, Date.now() + 2 * DAY_MS);
    assert.equal(await statusOf(picture), 200);
    assert.equal((await rest(server, ANA, `uploads/${id}/`, { method: 'DELETE' })).status, 404);
    const { status, body } = await sendFiles(server, ANA, room, [id]);
    assert.deepEqual([status, body.code], [404, 'unknown_upload']);
  });

  it('a removed member cannot load it by an address from before', async () => {
    const { picture } = (await patch(ANA, (await uploadImage()).id)).body as { picture: string };
    await rest(server, ANA, `rooms/${room}/members/${CLEO}/`, { method: 'DELETE' });
    assert.equal(await statusOf(picture), 403);
    assert.equal(await statusOf((await listed(BEN))!), 200);
  });

  it('refuses what is no unsent image of this user', async () => {
    const text = (await upload(server, ANA, textFile('x', 'x.txt'))).body as Attachment;
    const sent = await uploadImage();
    assert.equal((await sendFiles(server, ANA, room, [sent.id])).status, 201);
    const ofBen = await uploadImage(BEN);
    for (const picture of [text.id, sent.id, ofBen.id, 'x', 7, {}, crypto.randomUUID()]) {
      const { status, body } = await patch(ANA, picture);
      assert.deepEqual([status, body.picture.length], [400, 1], JSON.stringify(picture));
    }
    assert.equal((await patch(BEN, ofBen.id)).status, 403, 'only the owner of the room changes it');
    assert.equal(await listed(ANA), null);
  });

  it('without uploads, only null is possible', () =>
    withServer({ without: ['uploads'] }, async (plain) => {
      const { body } = await rest(plain, ANA, 'rooms/', { json: { user_ids: [BEN, CLEO], name: 'The move' } });
      assert.equal((await patch(ANA, crypto.randomUUID(), plain, body.room.id)).status, 400);
      assert.equal((await patch(ANA, null, plain, body.room.id)).status, 200);
    }));
});
