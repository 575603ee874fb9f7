import { expect, fixture, html } from '@open-wc/testing';
import type { ChatConnectionElement } from '../../src/elements/chat-connection/chat-connection.js';
import { intercept, until, URL_OF_BACKEND as url } from '../support/mounted.js';
import { tokenOf } from '../support/fake-backend.js';

describe('an open thread, when token or user change', () => {
  for (const reconnect of ['slow greeting', 'at once'] as const)
    it(`keeps marking as read after the renewal of an opaque token (${reconnect})`, async () => {
      const { backend, restore } = intercept((b) => void b.store(1, 2, 'first'));
      let count = 1;
      const provider = async (): Promise<string> => `opaque-${reconnect}-${count}`;
      const connection = await fixture<ChatConnectionElement>(
        html`<chat-connection url=${url} .tokenProvider=${provider} share="false"><chat-thread style="height:400px" room="1"></chat-thread></chat-connection>`,
      );
      const chat = connection.connection;
      await until(() => chat.state === 'connected' && chat.messages(1).length === 1);
      await until(() => chat.data.reading.length === 1);
      const readingBefore = chat.data.reading.length;
      backend.rejectedTokens.add(`opaque-${reconnect}-1`);
      count = 2;
      if (reconnect === 'slow greeting') backend.onSocket = 'hang';
      backend.socket.drop(4001);
      await until(() => backend.open.some((s) => s.url.endsWith('-2')));
      if (reconnect === 'slow greeting') {
        backend.onSocket = 'greet';
        backend.socket.accept();
        backend.socket.receive(backend.greeting(1));
      }
      await until(() => chat.state === 'connected' && chat.messages(1).length === 1 && chat.data.reading.length === 1);
      const marks = (): number => backend.socket.sent.filter((frame) => frame.type === 'mark_read').length;
      const marksBefore = marks();
      backend.sendAs(1, 2, 'second');
      await until(() => marks() > marksBefore && chat.rooms.find((room) => room.id === 1)!.unread_count === 0);
      const got = [
        readingBefore,
        chat.data.reading.length,
        chat.rooms.find((room) => room.id === 1)!.unread_count,
        marks() > marksBefore,
      ];
      connection.remove();
      restore();
      expect(got).to.deep.equal([1, 1, 0, true]);
    });

  it('marks as read for another user (JWT)', async () => {
    const { backend, restore } = intercept((b) => void b.store(1, 2, 'first'));
    backend.userOf = (t) => (JSON.parse(atob(t.split('.')[1]!)) as { user_id: number }).user_id;
    const connection = await fixture<ChatConnectionElement>(
      html`<chat-connection url=${url} token=${tokenOf(1)} share="false"><chat-thread style="height:400px" room="1"></chat-thread></chat-connection>`,
    );
    const chat = connection.connection;
    await until(() => chat.state === 'connected' && chat.messages(1).length === 1 && chat.data.reading.length === 1);
    connection.token = tokenOf(3);
    await until(
      () =>
        chat.user?.id === 3 &&
        chat.state === 'connected' &&
        chat.messages(1).length === 1 &&
        chat.data.reading.length === 1,
    );
    backend.sendAs(1, 2, 'second');
    await until(() => chat.messages(1).length === 2 && chat.rooms.find((room) => room.id === 1)!.unread_count === 0);
    const got = [chat.data.reading.length, chat.rooms.find((r) => r.id === 1)!.unread_count];
    connection.remove();
    restore();
    expect(got).to.deep.equal([1, 0]);
  });

  it('<chat-connection user> with a gap', async () => {
    const { restore } = intercept();
    const connection = await fixture<ChatConnectionElement>(
      html`<chat-connection url=${url} token=${tokenOf(1)} user="ana" share="false"><chat-thread style="height:400px" room="1"></chat-thread></chat-connection>`,
    );
    const chat = connection.connection;
    await until(() => chat.state === 'connected');
    connection.user = undefined;
    await connection.updateComplete;
    connection.user = 'ana';
    await connection.updateComplete;
    chat.retryNow();
    await until(() => chat.state === 'connected');
    const got = [chat.state, chat.reason.code];
    connection.remove();
    restore();
    expect(got).to.deep.equal(['connected', 'connected']);
  });
});
