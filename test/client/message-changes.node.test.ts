/** Changes of messages whose answers and events arrive at exact moments. Scenarios that test/model has found. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ChatConnection, type ChatMessage } from '../../src/client/index.js';
import { tokenOf } from '../support/fake-backend.js';
import { FakeClock } from '../support/fake-clock.js';
import { BLOCKED } from '../support/fake-tabs.js';
import '../support/lazy-parts.js';
import { NO_STORAGE } from '../support/memory-storage.js';
import { CAT, ME, ModelServer, ROOMS_OF } from '../support/model-server.js';

const CAPABILITIES = ['idempotent_send', 'ack', 'user_channel', 'sync', 'edit', 'delete', 'reactions', 'permissions'];
const ROOM = ROOMS_OF[ME]![0]!;

describe('changes of messages', () => {
  let clock: FakeClock;
  let server: ModelServer;
  let chat: ChatConnection;
  const shown = (id: number): ChatMessage | undefined => chat.messages(ROOM).find((message) => message.id === id);

  beforeEach(async () => {
    clock = new FakeClock();
    server = new ModelServer(clock, CAPABILITIES);
    for (const user of [ME, CAT]) server.acceptToken(tokenOf(user), user);
    server.store(ROOM, ME, 'Hello');
    chat = new ChatConnection(
      { url: 'https://chat.example', token: tokenOf(ME) },
      { clock, random: () => 0, WebSocket: server.WebSocket, fetch: server.fetch, storage: NO_STORAGE, tabs: BLOCKED },
    );
    chat.connect();
    chat.openRoom(ROOM);
    // Loads the code of the room's methods, which a fake clock cannot wait for.
    await chat.room(ROOM).can('react');
    await clock.advance(1_000);
  });
  afterEach(() => chat.disconnect());

  it('a tombstone has the time of the server, if its event arrives before the answer', async () => {
    server.requested.add(`${ME} delete 1`);
    server.latency = () => 100;
    const deleted = chat.room(ROOM).delete(1, { delayMs: 5_000 });
    await clock.advance(6_000);
    await deleted;
    assert.ok(server.rows[0]!.deletedAt);
    assert.equal(shown(1)!.deleted_at, server.rows[0]!.deletedAt);
  });

  it('a deletion that waits is not sent as another user', async () => {
    const deleted = chat.room(ROOM).delete(1, { delayMs: 5_000 });
    const refused = assert.rejects(deleted, { code: 'aborted' });
    await clock.advance(1_000);
    assert.ok(shown(1)!.deleted_at);
    chat.configure({ token: tokenOf(CAT) });
    await clock.advance(10_000);
    await refused;
    assert.deepEqual(server.violations, []);
    assert.equal(server.rows[0]!.deletedAt, null);
  });

  it('an edit that waits for an earlier one is not sent as another user', async () => {
    server.requested.add(`${ME} edit 1`);
    server.latency = () => 1_000;
    const refused = ['first', 'second'].map((text) =>
      assert.rejects(chat.room(ROOM).edit(1, text), { code: 'aborted' }),
    );
    await clock.advance(100);
    chat.configure({ token: tokenOf(CAT) });
    await clock.advance(10_000);
    await Promise.all(refused);
    assert.deepEqual(server.violations, []);
  });

  it('a jump that waits for its room does not continue as another user', async () => {
    const other = ROOMS_OF[ME]![1]!;
    server.latency = () => 1_000;
    chat.openRoom(other);
    const refused = assert.rejects(chat.room(other).openAt(99), { code: 'aborted' });
    await clock.advance(100);
    chat.configure({ token: tokenOf(CAT) });
    await clock.advance(10_000);
    await refused;
    assert.deepEqual(server.violations, []);
  });

  it('a message that is deleted elsewhere shows no text and no reaction whose request is pending', async () => {
    for (const verb of ['edit', 'react']) server.requested.add(`${ME} ${verb} 1`);
    server.latency = () => 1_000;
    const refused = [chat.room(ROOM).edit(1, 'Changed'), chat.room(ROOM).react(1, '👍', true)].map((request) =>
      assert.rejects(request, { code: 'not_found' }),
    );
    await clock.advance(100);
    assert.equal(shown(1)!.content, 'Changed');
    server.delete(server.rows[0]!);
    await clock.advance(100);
    assert.deepEqual([shown(1)!.content, shown(1)!.reactions], ['', []]);
    await clock.advance(5_000);
    await Promise.all(refused);
    assert.deepEqual(chat.data.changes, []);
  });
});
