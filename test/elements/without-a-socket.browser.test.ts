/** Without a greeting: the user is known from the token only. */
import { aTimeout, expect, fixture, fixtureCleanup, html } from '@open-wc/testing';
import '../../src/define.js';
import type { ChatConnectionElement } from '../../src/elements/chat-connection/chat-connection.js';
import { room, tokenOf, type FakeBackend } from '../support/fake-backend.js';
import { all, intercept, one, text, until, URL_OF_BACKEND as url } from '../support/mounted.js';

describe('without a socket', () => {
  let backend: FakeBackend;
  let restore: () => void;
  beforeEach(() => {
    ({ backend, restore } = intercept((made) => {
      made.onSocket = 'refuse';
      made.capabilities = [];
      made.rooms = [
        room(1, 'DM: ana & ben', {
          room_type: 'direct',
          last_message: { content: 'mine', timestamp: '2026-11-23T11:00:00Z', sender: { id: 1, username: 'ana' } },
        }),
      ];
      made.store(1, 2, 'theirs');
      made.store(1, 1, 'mine');
    }));
  });
  afterEach(async () => {
    fixtureCleanup();
    await aTimeout(0);
    restore();
  });

  it('10.5: own messages are recognised, with check marks; the conversation is named after the other user', async () => {
    const connection = await fixture<ChatConnectionElement>(
      html`<chat-connection url=${url} token=${tokenOf(1)}><chat-rooms selected="1"></chat-rooms><chat-thread></chat-thread><chat-launcher></chat-launcher></chat-connection>`,
    );
    const thread = connection.querySelector('chat-thread')!;
    const rooms = connection.querySelector('chat-rooms')!;
    await until(() => all(thread, '[part=text]').length === 2 && connection.connection.state === 'polling');
    expect(connection.connection.user?.id).to.equal(1);
    expect(all(thread, '[part~=message-own] [part=text]').map(text)).to.deep.equal(['mine']);
    expect(all(thread, '[part~=message-other] [part=text]').map(text)).to.deep.equal(['theirs']);
    expect(all(thread, '[part=delivery]').map(text)).to.deep.equal(['Sent']);
    expect(text(one(thread, '[part=header]'))).to.equal('Ben');
    expect(text(one(rooms, '[part=name]'))).to.equal('Ben');
    expect(text(one(rooms, '[part=preview]'))).to.equal('You: mine');
    const sent = connection.connection.sendChatMessage(1, 'one more');
    await until(() => all(thread, '[part~=message-own] [part=text]').length === 2);
    await sent;
    await until(() => all(thread, '[part=delivery]').map(text).join() === 'Sent');
    expect(text(one(rooms, '[part=preview]'))).to.equal('You: one more');
    expect(text(one(thread, 'textarea'))).to.equal('');
    expect(one(thread, 'textarea').getAttribute('aria-label')).to.equal('Message to Ben');
    expect(connection.connection.rooms[0]!.unread_count).to.equal(0);
  });

  it('10.5: two participants of the same name are distinguished, and a user alone sees the own name', async () => {
    backend.rooms = [
      room(1, 'DM: ana & ana', {
        room_type: 'direct',
        participants: [
          { id: 1, username: 'ana', first_name: 'Ana', last_name: '' },
          { id: 7, username: 'ana', first_name: 'Ana', last_name: 'Berg' },
        ],
      }),
      room(2, 'Notes to self', {
        room_type: 'direct',
        participants: [{ id: 1, username: 'ana', first_name: 'Ana', last_name: '' }],
      }),
    ];
    const connection = await fixture<ChatConnectionElement>(
      html`<chat-connection url=${url} token=${tokenOf(1)}><chat-rooms></chat-rooms></chat-connection>`,
    );
    const rooms = connection.querySelector('chat-rooms')!;
    await until(() => all(rooms, '[part=name]').length === 2);
    expect(all(rooms, '[part=name]').map(text).sort()).to.deep.equal(['Ana Berg', 'Notes to self']);
  });

  it('10.5: if the token does not name the user either, REST marks own messages', async () => {
    const connection = await fixture<ChatConnectionElement>(
      html`<chat-connection url=${url} token="opaque"><chat-thread room="1"></chat-thread></chat-connection>`,
    );
    const thread = connection.querySelector('chat-thread')!;
    await until(() => all(thread, '[part=text]').length === 2);
    expect(connection.connection.user).to.equal(null);
    expect(all(thread, '[part~=message-own] [part=text]').map(text)).to.deep.equal(['mine']);
    expect(all(thread, '[part=delivery]').map(text)).to.deep.equal(['Sent']);
  });
});
