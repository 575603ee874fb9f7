/** An unsent message that is edited in one of two tabs, against a real backend. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ChatError } from '../../src/transport/index.js';
import { ANA, ROOM } from '../server/support.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { connectAs, type TestConnection } from './support.js';

let server: RunningServer;
before(async () => (server = await startServer()));
after(() => server.close());

it('13.4: a refused message is sent with the text that another tab has given it', async () => {
  const browser = new FakeBrowser();
  const storage = new MemoryStorage();
  const tab = (): Promise<TestConnection> =>
    connectAs(server, ANA, [ROOM], { storage: storage.handle(), tabs: browser.tab() });
  // The first tab has the socket, and sends for both.
  const [one, two] = [await tab(), await tab()];
  const entry = ({ chat }: TestConnection) => chat.messages(ROOM).at(-1)!;
  const setClosed = (reason: string | null) =>
    server.database.query(`update rooms set closed_reason = $1 where id = ${ROOM}`, [reason]);
  try {
    await setClosed('closed');
    await assert.rejects(one.chat.sendChatMessage(ROOM, 'old text'), ChatError);
    await two.until(() => entry(two).delivery === 'failed', 'the failed message');
    await setClosed(null);
    for (const each of [one, two])
      await each.until((data) => !data.rooms.find(({ id }) => id === ROOM)!.closed_reason, 'the open room');
    await two.chat.room(ROOM).edit(entry(two).localId!, 'new text');
    await one.until(() => entry(one).content === 'new text', 'the new text');
    assert.equal([...storage.messages.values()][0]!.message.content, 'new text');
    const { message } = await two.chat.retry(entry(two).localId!);
    assert.equal(message.content, 'new text');
    const [stored] = await server.database.query<{ content: string }>('select content from messages where id = $1', [
      message.id,
    ]);
    assert.equal(stored!.content, 'new text');
  } finally {
    one.end();
    two.end();
  }
});
