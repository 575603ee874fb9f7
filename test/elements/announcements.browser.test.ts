/** 12.5: announcements to screen readers. Each connection has one polite live region; each change is announced once. */
import { expect, html, oneEvent } from '@open-wc/testing';
import { sendKeys, setViewport } from '@web/test-runner-commands';
import { registerLocale } from '../../src/locale/index.js';
import { page, room, tokenOf } from '../support/fake-backend.js';
import {
  all,
  mount,
  one,
  text,
  until,
  untilRichParts,
  URL_OF_BACKEND as url,
  useFakeBackend,
  type Mounted,
} from '../support/mounted.js';

const LIVE = '[role=status], [role=log], [role=alert], [aria-live]';

describe('12.5: announcements', () => {
  const backend = useFakeBackend((made) => {
    made.rooms = [room(1, 'Ana & Ben'), room(2, 'General')];
    made.store(1, 2, 'hi');
  });

  const template = html`<chat-connection url=${url} token=${tokenOf(1)}>
    <style>
      chat-thread,
      chat-rooms {
        height: 300px;
      }
    </style>
    <chat-status></chat-status>
    <chat-rooms></chat-rooms>
    <chat-thread room="1"></chat-thread>
  </chat-connection>`;

  const regions = (): HTMLElement[] =>
    ['chat-status', 'chat-rooms', 'chat-thread', 'chat-launcher']
      .flatMap((name) => [...document.querySelectorAll(name)])
      .flatMap((element) => all(element, LIVE));
  const announced = (): string => regions().map(text).join(' | ');

  /** All texts of the live region from now on. */
  function record(): string[] {
    const texts: string[] = [];
    const [region] = regions();
    new MutationObserver(() => text(region) && texts.push(text(region))).observe(region!, { childList: true });
    return texts;
  }

  async function mounted(): Promise<Mounted> {
    const elements = await mount(template);
    await until(() => text(one(elements.thread, 'ol')).includes('hi'));
    await until(() => regions().length > 0);
    return elements;
  }

  it('has one live region, however many elements there are', async () => {
    const { thread, rooms } = await mounted();
    expect(regions()).to.have.length(1);
    expect(regions()[0]!.role).to.equal('status');
    thread.remove();
    rooms.remove();
    await until(() => regions().length === 1);
  });

  it('announces new messages one by one or as a count, and never the history', async () => {
    const { thread } = await mounted();
    expect(announced()).to.equal('');
    setTimeout(() => backend().sendAs(1, 2, 'psst'));
    await oneEvent(thread, 'chat-message');
    await until(() => announced() === 'user2: psst');
    for (let n = 0; n < 5; n++) backend().sendAs(1, 2, `burst ${n}`);
    await until(() => announced() === '5 new messages');
  });

  it('announces a message in another room with the name of the room', async () => {
    await mounted();
    backend().sendAs(2, 2, 'over here');
    await until(() => announced() === 'user2 in General: over here');
  });

  it('announces a message in another direct room as such: its author may be in this room, too', async () => {
    backend().rooms[1]!.room_type = 'direct';
    await mounted();
    backend().sendAs(2, 2, 'only for you');
    await until(() => announced() === 'Direct message from user2: only for you');
  });

  it('announces that a message was not sent', async () => {
    const { connection, thread } = await mounted();
    backend().stores = false;
    backend().echo = 'none';
    void connection.connection.sendChatMessage(1, 'late').catch(() => {});
    await until(() => backend().socket.sent.some(({ type }) => type === 'send_message'));
    const { _tempId } = backend().socket.sent.find(({ type }) => type === 'send_message')!;
    const message = 'You left this room.';
    backend().socket.receive({ type: 'error', code: 'access_denied', message, room_id: 1, _tempId });
    await until(() => announced() === 'Not sent: You left this room.');
    await until(() => one(thread, '[part=discard]'));
    one(thread, '[part=discard]').click();
    await until(() => !one(thread, '[part=failure]'));
  });

  it('announces once that messages cannot be loaded, not again with every retry', async () => {
    let down = true;
    let attempts = 0;
    backend().onRequest = (_method, path) => {
      if (!down || !path.includes('rooms/2/messages')) return undefined;
      attempts++;
      return page('', 400);
    };
    const { thread } = await mounted();
    const texts = record();
    thread.room = 2;
    await until(() => texts.length === 1);
    expect(texts).to.deep.equal(['Could not load messages.']);
    for (let n = 0; n < 2; n++) {
      const before = attempts;
      one(thread, '[part=retry]').click();
      await until(() => attempts > before && one(thread, '[part=retry]'));
    }
    down = false;
    // The next announcement shows that there was none in between.
    backend().sendAs(1, 2, 'later');
    await until(() => texts.length === 2);
    expect(texts[1]).to.match(/: later$/);
  });

  it('announces once that a text is too long, not for every key', async () => {
    const { connection, thread } = await mounted();
    backend().socket.receive({
      type: 'connection_established',
      user_id: 1,
      username: 'user1',
      capabilities: backend().capabilities,
      limits: { content: 5 },
    });
    await until(() => connection.connection.data.limits.content === 5);
    const texts = record();
    one(thread, 'textarea').focus();
    await sendKeys({ type: '12345678' });
    await until(() => texts.length === 1);
    expect(texts[0]).to.match(/over the limit of/);
    await sendKeys({ type: '9' });
    backend().sendAs(1, 2, 'later');
    await until(() => texts.length === 2);
    expect(texts[1]).to.equal('user2: later');
  });

  it('announces the number of results of the room filter once, after typing pauses', async () => {
    backend().rooms = [room(1, 'Ana & Ben'), room(2, 'General'), room(3, 'Garden'), room(4, 'Gate')];
    const { rooms } = await mounted();
    const texts = record();
    const filter = one(rooms, '[part=filter]') as HTMLInputElement;
    filter.focus();
    await sendKeys({ type: 'ga' });
    await until(() => texts.length === 1);
    await sendKeys({ type: 'r' });
    await until(() => texts.length === 2);
    await sendKeys({ type: 'x' });
    await until(() => texts.length === 3);
    filter.value = '';
    filter.dispatchEvent(new Event('input'));
    await rooms.updateComplete;
    backend().sendAs(1, 2, 'later');
    await until(() => texts.length === 4);
    expect(texts).to.deep.equal(['2 results', '1 result', 'No results for “garx”', 'user2: later']);
  });

  it('announces the results in the language of the page, with its plural forms', async () => {
    const forms: Record<string, string> = { one: 'wynik', few: 'wyniki', many: 'wyników' };
    const plural = new Intl.PluralRules('pl');
    registerLocale('pl', { matches: (count) => `${count} ${forms[plural.select(count)]}` });
    backend().rooms = ['Zoo', 'Yak 1', 'Yak 2', ...'34567'].map((name, index) => room(index + 1, `${name} ww`));
    const { rooms } = await mounted();
    const texts = record();
    for (const [lang, name, expected] of [
      ['pl', 'zoo', '1 wynik'],
      ['pl', 'yak', '2 wyniki'],
      ['pl', ' ww', '8 wyników'],
      ['de', 'zoo', '1 Treffer'],
      ['de', 'yak', '2 Treffer'],
    ] as const) {
      rooms.lang = lang;
      rooms.filter = name;
      await until(() => texts.at(-1) === expected);
    }
    expect(texts.length).to.equal(5);
  });

  it('announces the state of the connection once it has lasted', async () => {
    await mounted();
    const texts = record();
    backend().onSocket = 'refuse';
    backend().socket.close(1006);
    await until(() => texts.length === 1);
    expect(texts[0]).to.match(/Reconnecting…|Messages may take a few seconds/);
    backend().onSocket = 'greet';
    document.querySelector('chat-connection')!.connection.retryNow();
    await until(() => texts.at(-1) === 'Connected');
  });

  it('names the author of every message, also of own and continued ones', async () => {
    backend().rooms = [room(1, 'Ana & Ben', { room_type: 'general' })];
    for (const [author, words] of [
      [2, 'one'],
      [2, 'two'],
      [1, 'three'],
      [1, 'four'],
    ] as const)
      backend().store(1, author, words);
    const { thread } = await mounted();
    await until(() => one(thread, '.avatar'));
    const names = (): string[] => all(thread, 'li').map((row) => text(row.querySelector('.author, .hidden-visually')!));
    expect(names()).to.deep.equal(['user2', 'user2', 'user2', 'You', 'You']);
  });

  it('announces to a launcher while its panel is closed, and inside the panel while it covers the page', async () => {
    const { connection } = await mount(
      html`<chat-connection url=${url} token=${tokenOf(1)}><chat-launcher></chat-launcher></chat-connection>`,
    );
    await until(() => regions().length === 1);
    await until(() => connection.connection.data.roomsLoaded);
    backend().sendAs(2, 2, 'over here');
    await until(() => announced().includes('user2 in General: over here'));
    await setViewport({ width: 380, height: 700 });
    const launcher = document.querySelector('chat-launcher')!;
    launcher.open = true;
    await until(() => launcher.shadowRoot!.querySelector('dialog:modal'));
    backend().sendAs(2, 2, 'and here');
    await until(() => announced().includes('and here'));
    await setViewport({ width: 1000, height: 800 });
    const region = regions().find((one) => text(one).includes('and here'))!;
    expect(region.closest('dialog') !== null || region.getRootNode() !== launcher.shadowRoot).to.equal(true);
  });

  it('ignores a hidden element, which a screen reader does not see', async () => {
    const { thread } = await mount(
      html`<chat-connection url=${url} token=${tokenOf(1)}
        ><div hidden><chat-thread room="1"></chat-thread></div>
        <chat-launcher></chat-launcher
      ></chat-connection>`,
    );
    await untilRichParts(thread);
    await until(() => regions().length === 1);
    backend().sendAs(2, 2, 'over here');
    await until(() => announced().includes('over here'));
    expect(all(document.querySelector('chat-launcher')!, LIVE).map(text).join('')).to.contain('over here');
  });
});
