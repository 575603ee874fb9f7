/** Runs the adapter printed in docs/BACKENDS.md against a backend with its protocol. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import {
  AdapterRefusal,
  connectAdapter,
  type AdapterMessage,
  type AdapterUser,
  type ChatAdapter,
} from '../../src/adapter/index.js';
import type { ChatConnection } from '../../src/headless.js';
import { MemoryStorage } from '../support/memory-storage.js';

const [, code = ''] =
  /```js\n(import 'unified-chat';\n[^]*?)```/.exec(
    readFileSync('docs/BACKENDS.md', 'utf8').slice(
      readFileSync('docs/BACKENDS.md', 'utf8').indexOf('## A backend with another protocol'),
    ),
  ) ?? [];
const source = code.slice(code.indexOf('function myAdapter'), code.indexOf('const { connection, end }'));
// eslint-disable-next-line @typescript-eslint/no-implied-eval -- the code of our own documentation
const myAdapter = new Function('AdapterRefusal', 'WebSocket', `${source}; return myAdapter;`)(
  AdapterRefusal,
  WebSocket,
) as (url: string, user: AdapterUser) => ChatAdapter;

interface Request {
  id: string;
  op: string;
  room: number;
  content: string;
  localId: string;
  limit: number;
  isTyping: boolean;
}

/** One room with all users. */
function startBackend(): WebSocketServer {
  const messages: AdapterMessage[] = [];
  const server = new WebSocketServer({ port: 0 });
  const push = (event: object): void => server.clients.forEach((client) => client.send(JSON.stringify(event)));
  server.on('connection', (socket, request) => {
    const id = String(request.url).slice(1);
    const user = { id, username: id };
    const answer = ({ op, room, content, localId, limit, isTyping }: Request): unknown => {
      if (op === 'rooms') return [{ id: 1, name: 'Garden', unread: 0 }];
      if (op === 'history') return { messages: messages.slice(-limit), hasMore: false };
      if (op === 'typing') push({ event: 'typing', room, user, isTyping });
      if (op !== 'send') return null;
      if (content === 'no') throw new Error('refused');
      const known = messages.find((message) => message.localId === localId);
      if (known) return known;
      const message = { id: messages.length + 1, sender: user, content, timestamp: Date.now(), localId };
      messages.push(message);
      push({ event: 'message', room, message });
      return message;
    };
    socket.on('message', (data) => {
      const request = JSON.parse(String(data)) as Request;
      try {
        socket.send(JSON.stringify({ id: request.id, result: answer(request) }));
      } catch (thrown) {
        socket.send(JSON.stringify({ id: request.id, error: (thrown as Error).message }));
      }
    });
  });
  return server;
}

describe('the adapter in docs/BACKENDS.md', () => {
  let server: WebSocketServer;
  const ends: (() => void)[] = [];
  before(() => (server = startBackend()));
  after(() => {
    for (const end of ends) end();
    server.close();
  });

  const connect = (id: string): ChatConnection => {
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/${id}`;
    const { connection, end } = connectAdapter(myAdapter(url, { id, username: id }), 'docs', {
      storage: new MemoryStorage(),
    });
    ends.push(end);
    connection.openRoom(1);
    return connection;
  };
  const until = async (condition: () => unknown): Promise<void> => {
    const deadline = Date.now() + 10_000;
    while (!condition()) {
      assert.ok(Date.now() < deadline, String(condition));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const texts = (connection: ChatConnection): string[] => connection.messages(1).map(({ content }) => content);

  it('has at most 60 lines', () => {
    assert.ok(code.split('\n').length <= 60, `${code.split('\n').length} lines`);
    assert.ok(source.length > 500);
  });

  it('lets two users talk, shows typing users, and shows why a message is rejected', async () => {
    const [ana, ben] = [connect('ana'), connect('ben')];
    await until(() => ana.rooms.length === 1 && ben.state === 'connected');
    await ana.sendChatMessage(1, 'hello');
    await until(() => texts(ben).includes('hello'));
    ben.typing(1, true);
    await until(() => ana.data.threads.get('1')?.typing.length === 1);
    await assert.rejects(ben.sendChatMessage(1, 'no'), { message: 'The room does not accept this message.' });
  });

  it('reconnects after a loss, and sends the messages written meanwhile', async () => {
    const ana = connect('ana');
    await until(() => ana.state === 'connected');
    for (const client of server.clients) client.terminate();
    await until(() => ana.state !== 'connected');
    const sent = ana.sendChatMessage(1, 'written meanwhile');
    ana.retryNow();
    await sent;
    assert.equal(texts(ana).filter((text) => text === 'written meanwhile').length, 1);
  });
});
