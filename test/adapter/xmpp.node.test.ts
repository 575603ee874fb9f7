/** The XMPP example: two users on a real server, with its own client library and all guarantees of a connection. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { xmppAdapter } from '../../demo/examples/xmpp/adapter.js';
import { connectAdapter } from '../../src/adapter/index.js';
import type { ChatConnection } from '../../src/headless.js';
import { findProgram, PROSODY_PACKAGES } from '../support/find-programs.mjs';
import { MemoryStorage } from '../support/memory-storage.js';
import { MAX_FILE_BYTES, startProsody, type Prosody } from './prosody.js';

// Node 20 has none; the XMPP library uses the global one.
globalThis.WebSocket ??= WebSocket as unknown as typeof globalThis.WebSocket;

const program = findProgram('prosody');
const ROOM = 'garden@rooms.localhost';

describe(
  'an adapter: XMPP',
  { skip: program ? false : `Prosody is not installed (Debian: ${PROSODY_PACKAGES.join(' ')})`, timeout: 120_000 },
  () => {
    let prosody: Prosody;
    const ends: (() => void)[] = [];
    before(async () => {
      prosody = await startProsody(program!, { ana: 'a secret', ben: 'another' });
    });
    after(async () => {
      ends.forEach((end) => end());
      await prosody.end();
    });

    const person = (username: string, password: string): ChatConnection => {
      const { connection, end } = connectAdapter(xmppAdapter({ ...prosody, username, password }), 'xmpp', {
        storage: new MemoryStorage(),
      });
      ends.push(end);
      return connection;
    };
    const until = async (what: string, condition: () => unknown): Promise<void> => {
      const deadline = Date.now() + 20_000;
      while (!condition()) {
        if (Date.now() > deadline) assert.fail(`never: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const words = (connection: ChatConnection): string[] => connection.messages(ROOM).map(({ content }) => content);

    let [ana, ben]: ChatConnection[] = [];
    it('two users talk, see each other typing, and find the room with its history', async () => {
      ana = person('ana', 'a secret');
      ana.openRoom(ROOM);
      // Written before there is a connection: it waits.
      const { message } = await ana.sendChatMessage(ROOM, 'Is anybody there?');
      assert.equal(message.delivery, 'sent');
      ben = person('ben', 'another');
      ben.openRoom(ROOM);
      await until('ben has the archive', () => words(ben!).includes('Is anybody there?'));
      await until('ben sees the room', () => ben!.rooms.some(({ id }) => id === ROOM));
      ben.typing(ROOM, true);
      await until('ana sees him type', () =>
        ana!.data.threads.get(ROOM)?.typing.some(({ username }) => username === 'ben'),
      );
      await ben.sendChatMessage(ROOM, 'I am.');
      await until('ana has his answer', () => words(ana!).at(-1) === 'I am.');
      assert.deepEqual(words(ana), words(ben));
    });

    it('after a server restart, messages written meanwhile are sent once and in order', async () => {
      await prosody.stop();
      await until('ana knows', () => ana!.state !== 'connected');
      const sent = [ana!.sendChatMessage(ROOM, 'first'), ana!.sendChatMessage(ROOM, 'second')];
      await prosody.restart();
      ana!.retryNow();
      ben!.retryNow();
      await Promise.all(sent);
      await until('ben has both', () => words(ben!).includes('second'));
      assert.deepEqual(words(ben!).slice(-2), ['first', 'second']);
      assert.deepEqual(words(ana!), words(ben!));
    });

    it('two tabs of one user show the same messages, once each', async () => {
      const tab = person('ana', 'a secret');
      tab.openRoom(ROOM);
      await until('the second tab has the archive', () => words(tab).includes('second'));
      await Promise.all([
        ana!.sendChatMessage(ROOM, 'from the first tab'),
        tab.sendChatMessage(ROOM, 'from the second tab'),
      ]);
      for (const connection of [ana!, tab, ben!]) {
        await until('both are there', () =>
          ['from the first tab', 'from the second tab'].every((content) => words(connection).includes(content)),
        );
        assert.equal(words(connection).filter((content) => content.startsWith('from the')).length, 2);
      }
      // Both tabs keep their connection.
      assert.deepEqual([ana!.state, tab.state], ['connected', 'connected']);
    });

    it('jumps to a message and to a time in the archive (XEP-0313)', async () => {
      const room = 'archive@rooms.localhost';
      const inRoom = ({ data }: ChatConnection) => data.threads.get(room);
      ana!.openRoom(room);
      // More than a page, and more than a second: the archive's times are whole seconds.
      const begin = Date.now();
      for (let count = 0; count < 120 || Date.now() - begin < 2_500; count++)
        await ana!.sendChatMessage(room, `line ${count}`);
      const reader = person('ben', 'another');
      reader.openRoom(room);
      await until('ben has the newest page', () => inRoom(reader)?.loaded);
      while (inRoom(reader)!.hasOlder) await reader.loadOlder(room);
      const all = reader.messages(room);
      assert.equal(all[0]!.content, 'line 0');

      const jumper = person('ben', 'another');
      jumper.openRoom(room);
      await until('the newest page is loaded', () => inRoom(jumper)?.loaded);
      assert.ok(jumper.data.capabilities.includes('around'));
      /** The loaded messages are a part of the archive without gaps. */
      const checkPart = (targetId: unknown): void => {
        const loaded = jumper.messages(room).map(({ id }) => id);
        const from = all.findIndex(({ id }) => id === loaded[0]);
        assert.deepEqual(
          loaded,
          all.slice(from, from + loaded.length).map(({ id }) => id),
        );
        assert.ok(loaded.includes(targetId as string));
        const { hasOlder, hasNewer } = inRoom(jumper)!;
        assert.deepEqual([hasOlder, hasNewer], [from > 0, from + loaded.length < all.length]);
      };
      for (const { id } of [all[0]!, all[40]!, all[all.length - 60]!]) {
        assert.deepEqual(await jumper.room(room).openAt(id), { found: true, messageId: id });
        checkPart(id);
      }
      const later = all.find(({ timestamp }) => timestamp > all[0]!.timestamp)!;
      for (const { timestamp } of [later, all[0]!]) {
        const { id } = all.find((message) => message.timestamp >= timestamp)!;
        await jumper.loadNewest(room);
        assert.deepEqual(await jumper.room(room).openAt(new Date(timestamp)), { found: true, messageId: id });
        checkPart(id);
      }
      await jumper.room(room).openAt(all[0]!.id);
      const last = all.at(-1)!.id;
      assert.deepEqual(await jumper.room(room).openAt(new Date(Date.now() + 60_000)), {
        found: false,
        messageId: last,
      });
      checkPart(last);
      const before = jumper.messages(room);
      assert.deepEqual(await jumper.room(room).openAt('unknown'), { found: false, messageId: undefined });
      assert.deepEqual(jumper.messages(room), before);
    });

    it('uploads files (XEP-0363), and sends their URLs (XEP-0066)', async () => {
      const room = 'files@rooms.localhost';
      const [writer, reader] = [person('ana', 'a secret'), person('ben', 'another')];
      for (const connection of [writer, reader]) connection.openRoom(room);
      await until('both are there', () => [writer, reader].every(({ state }) => state === 'connected'));
      assert.ok(writer.data.capabilities.includes('uploads'));

      const name = 'the plan, ä.txt';
      const file = new Blob(['First the windows.'], { type: 'text/plain' });
      const { uploadId } = await writer.uploads.add(room, file, { name });
      await until('it is uploaded', () => writer.data.uploads.get(uploadId)?.state === 'finished');
      const { message } = await writer.sendChatMessage(room, 'Here it is', { attachments: [uploadId] });
      assert.deepEqual([message.content, message.attachments?.[0]?.name], ['Here it is', name]);
      await until('the file is not kept any more', () => writer.data.uploads.size === 0);

      // Live, and from the archive.
      const late = person('ben', 'another');
      late.openRoom(room);
      for (const connection of [reader, late]) {
        await until('the message is there', () => connection.messages(room).length === 1);
        const { content, attachments = [], message_type: type } = connection.messages(room)[0]!;
        assert.deepEqual([content, type, attachments.map((each) => each.name)], ['Here it is', 'file', [name]]);
        const response = await fetch(attachments[0]!.url!);
        assert.equal(await response.text(), 'First the windows.');
      }

      const large = new Blob(['x'.repeat(MAX_FILE_BYTES + 1)], { type: 'text/plain' });
      const refused = await writer.uploads.add(room, large, { name: 'large.txt' });
      await until('it is refused', () => writer.data.uploads.get(refused.uploadId)?.state === 'blocked');
      assert.match(writer.data.uploads.get(refused.uploadId)!.error!.message, /too large/);
      // Without a text: the URL is all that there is.
      const only = await writer.uploads.add(room, file, { name });
      await writer.sendChatMessage(room, '', { attachments: [only.uploadId] });
      await until('the second file is there', () => reader.messages(room).length === 2);
      assert.equal(reader.messages(room)[1]!.content, '');
    });

    it('uploads a file that was added while the server was stopped', async () => {
      const room = 'files@rooms.localhost';
      await prosody.stop();
      await until('ana knows', () => ana!.state !== 'connected');
      const { uploadId } = await ana!.uploads.add(room, new Blob(['later'], { type: 'text/plain' }), { name: 'b.txt' });
      const sent = ana!.sendChatMessage(room, 'Written meanwhile', { attachments: [uploadId] });
      await prosody.restart();
      ana!.retryNow();
      const url = (await sent).message.attachments?.[0]?.url;
      assert.equal(await (await fetch(url!)).text(), 'later');
    });

    it('a wrong password is reported', async () => {
      const stranger = person('ana', 'wrong');
      await until('the state shows the failure', () => stranger.state === 'error' || stranger.state === 'polling');
      assert.equal(stranger.messages(ROOM).length, 0);
    });
  },
);
