/** Content from other users and misbehaving backends cannot impersonate anything, blank a room or freeze the page. */
import { expect, fixtureCleanup, html } from '@open-wc/testing';
import { registerLocale } from '../../src/locale/index.js';
import type { ChatErrorEvent } from '../../src/elements/events.js';
import { room, tokenOf, type FakeBackend } from '../support/fake-backend.js';
import { all, intercept, mount, one, text, until, URL_OF_BACKEND as url, type Mounted } from '../support/mounted.js';

const token = tokenOf(1);
const RLO = '\u202e';

describe('content from others', () => {
  let backend: FakeBackend;
  let restore: () => void;
  beforeEach(() => ({ backend, restore } = intercept()));
  afterEach(() => {
    fixtureCleanup();
    restore();
  });

  const show = async (mediaHosts?: string): Promise<Mounted> => {
    const mounted = await mount(html`<chat-connection url=${url} token=${token} .mediaHosts=${mediaHosts}>
      <style>
        chat-thread {
          height: 500px;
          width: 400px;
        }
      </style>
      <chat-rooms></chat-rooms><chat-thread room="1"></chat-thread>
    </chat-connection>`);
    await until(
      () =>
        all(mounted.thread, 'li').length > 0 &&
        all(mounted.thread, 'li').length >= Math.min(backend.messages.length, 5),
    );
    await until(() => mounted.thread.shadowRoot!.adoptedStyleSheets.length > 2);
    return mounted;
  };
  const say = (content: string, more: object = {}): void => void Object.assign(backend.store(1, 2, content), more);
  const links = ({ thread }: Mounted): string[] =>
    all(thread, '[part=link]').map((link) => `${text(link)} → ${link.getAttribute('href')!}`);

  describe('10.29: links', () => {
    for (const [written, shown] of [
      ['https://example.com/a?b=1', 'https://example.com/a?b=1'],
      ['HTTPS://Example.COM/A', 'HTTPS://Example.COM/A'],
      [`https://example.com/${RLO}fdp.exe`, 'https://example.com/[U+202E]fdp.exe'],
      ['https://example.com/\u2066a\u2069\u200b', 'https://example.com/[U+2066]a[U+2069][U+200B]'],
      // With a Cyrillic а.
      ['https://ex\u0430mple.com/login', 'https://xn--exmple-4nf.com/login'],
      ['https://münchen.de', 'https://xn--mnchen-3ya.de'],
      ['https://example。com/', 'https://example.com/'],
      ['https://2130706433/', 'https://127.0.0.1/'],
      ['https:\\\\evil.example/https://bank.example', undefined],
      ['https://bank.example\\.evil.example/', 'https://bank.example\\.evil.example/'],
      ['https://bank.example@evil.example/', undefined],
      ['https://bank.example:secret@evil.example/', undefined],
      ['https://@evil.example/', undefined],
      ['https://[not an address', undefined],
    ] as const) {
      it(`${JSON.stringify(written)} is ${shown === undefined ? 'not linked' : `shown as ${shown}`}`, async () => {
        say(`see ${written} now`);
        const mounted = await show();
        const made = links(mounted).map((link) => link.split(' → ')[0]);
        if (shown !== undefined) expect(made).to.deep.equal([shown]);
        else expect(made.filter((link) => !link!.startsWith('https://bank.example'))).to.deep.equal([]);
      });
    }

    it('are isolated from the direction of the surrounding text', async () => {
      say(`${RLO}moc.knab//:sptth https://example.com/x?y=1`);
      const { thread } = await show();
      const isolated = one(thread, '[part=link] bdi');
      expect(getComputedStyle(isolated).unicodeBidi).to.contain('isolate');
      expect(getComputedStyle(isolated).direction).to.equal('ltr');
      // As wide and in the same order as without the control character: the first letters are left of the last ones.
      const [first, last] = [0, 20].map((at) => {
        const range = document.createRange();
        const node = [...isolated.childNodes].find(
          ({ nodeType, textContent }) => nodeType === Node.TEXT_NODE && textContent!.length > 20,
        )!;
        range.setStart(node, at);
        range.setEnd(node, at + 1);
        return range.getBoundingClientRect().left;
      });
      expect(first).to.be.below(last!);
    });
  });

  describe('10.29: many links and long texts', () => {
    it('20,000 links render quickly: a hundred at first, more on request', async () => {
      say(Array.from({ length: 20_000 }, (_, n) => `https://example.com/${n}`).join(' '));
      const before = performance.now();
      const mounted = await show();
      expect(performance.now() - before).to.be.below(5_000);
      expect(links(mounted)).to.have.length(100);
      const more = (): HTMLElement => one(mounted.thread, '[part=more]');
      expect(text(more())).to.equal('Show more');
      more().focus();
      more().click();
      await until(() => links(mounted).length === 200);
      expect(mounted.thread.shadowRoot!.activeElement).to.equal(more());
      await expect(mounted.thread).to.be.accessible();
    });

    it('no truncated URL is linked, and the whole text is accessible', async () => {
      const words = `${'a '.repeat(1_990)}https://example.com/${'b'.repeat(60)} \u{1f600}${'c'.repeat(5_000)}`;
      say(words);
      const mounted = await show();
      expect(links(mounted)).to.deep.equal([]);
      for (let page = 1; page <= 2; page++) {
        one(mounted.thread, '[part=more]').click();
        await until(() => text(one(mounted.thread, '[part=text]')).length > page * 4_000);
      }
      expect(links(mounted)).to.have.length(1);
      expect(text(one(mounted.thread, '[part=text]'))).to.equal(words);
      expect(all(mounted.thread, '[part=more]')).to.have.length(0);
      // The button is removed; the focus is not lost.
      expect(mounted.thread.shadowRoot!.activeElement).to.equal(one(mounted.thread, '[part=messages]'));
    });

    it('a URL of many thousand characters is not linked, and hides nothing after it', async () => {
      say(`https://example.com/${'a'.repeat(9_000)} end`);
      const mounted = await show();
      for (let page = 1; page <= 2; page++) {
        one(mounted.thread, '[part=more]').click();
        await until(() => text(one(mounted.thread, '[part=text]')).length > page * 4_000);
      }
      expect(links(mounted)).to.deep.equal([]);
      expect(text(one(mounted.thread, '[part=text]'))).to.match(/a end$/);
    });

    it('system messages, quotes, previews and reactions are limited too', async () => {
      const long = 'https://example.com/ '.repeat(50_000);
      say(long, { message_type: 'system' });
      say('x', {
        reply_to: { id: 1, content: long, sender: 'ben' },
        reactions: Array.from({ length: 5_000 }, (_, n) => ({ emoji: `${n}`.repeat(200), user_ids: [1] })),
      });
      backend.rooms = [
        room(1, long, { last_message: { content: long, timestamp: '2026-11-22T10:00:00Z', sender: null } }),
      ];
      const { thread, rooms } = await show();
      expect(text(one(thread, '[part=system]')).length).to.be.below(5_000);
      expect(text(one(thread, '[part=quote]')).length).to.be.below(600);
      expect(all(thread, '[part=reactions] > span')).to.have.length(20);
      expect(text(one(thread, '[part=reactions]'))).to.contain('+4980');
      expect(text(one(rooms, '[part=preview]')).length).to.be.below(300);
      expect(text(one(rooms, '[part=name]')).length).to.be.below(300);
    });
  });

  it('10.29: names, quotes and file names are isolated, and do not affect the surrounding text direction', async () => {
    const ben = { id: 2, username: 'ben', first_name: `Ben${RLO}`, last_name: '\u2066x' };
    say('hello', { sender: ben, reply_to: { id: 1, content: `a${RLO}b`, sender: `mal${RLO}` } });
    say('', { sender: ben, attachment: `/media/invoice${RLO}fdp.exe`, message_type: 'file' });
    backend.rooms = [
      room(1, `Room${RLO}`, {
        last_message: { content: 'last words', timestamp: '2026-11-22T10:00:00Z', sender: ben },
      }),
    ];
    const { thread, rooms } = await show();
    for (const part of ['[part=author]', '[part=header]']) expect(text(one(thread, part)), part).not.to.contain(RLO);
    expect(text(one(thread, '[part=author]'))).to.equal('Ben x');
    expect(text(one(thread, '[part=quote] b bdi'))).to.equal(`mal${RLO}`);
    expect(text(one(thread, '[part=attachment] bdi'))).to.equal('invoice[U+202E]fdp.exe');
    expect(one(thread, '[part=attachment]').ariaLabel).to.equal('Open file: invoice[U+202E]fdp.exe');
    expect(text(one(rooms, '[part=name]'))).to.equal('Room');
    expect(text(one(rooms, '[part=preview]'))).to.equal('Ben: last words');
    for (const isolated of [...all(thread, 'bdi'), ...all(rooms, 'bdi')])
      expect(getComputedStyle(isolated).unicodeBidi).to.contain('isolate');
  });

  describe('10.30: images', () => {
    const pictures = (mounted: Mounted): string[] =>
      [mounted.thread, mounted.rooms].flatMap((element) =>
        all(element, 'img').map((image) => (image as HTMLImageElement).src),
      );
    const direct = (picture: string): void => {
      const people = [
        { id: 1, username: 'ana' },
        { id: 2, username: 'ben', profile_picture: picture },
      ];
      backend.rooms = [room(2, '', { room_type: 'direct', participants: people }), room(1, 'General')];
    };

    for (const [picture, hosts, isLoaded] of [
      [`${url}/media/b.png`, undefined, true],
      ['/media/b.png', undefined, true],
      [`${location.origin}/b.png`, undefined, true],
      ['https://elsewhere.example/b.png', undefined, false],
      [`${url}.elsewhere.example/b.png`, undefined, false],
      ['https://elsewhere.example/b.png', 'https://cdn.example https://elsewhere.example/', true],
      ['https://elsewhere.example:8443/b.png', 'https://elsewhere.example', false],
    ] as const) {
      it(`${picture} is ${isLoaded ? '' : 'not '}loaded with media-hosts ${hosts}`, async () => {
        direct(picture);
        say('', {
          attachment: picture,
          message_type: 'image',
          sender: { id: 2, username: 'ben', profile_picture: picture },
        });
        const mounted = await show(hosts);
        const href = new URL(picture, url).href;
        expect(pictures(mounted)).to.deep.equal(isLoaded ? [href, href, href] : []);
        for (const image of [...all(mounted.thread, 'img'), ...all(mounted.rooms, 'img')])
          expect((image as HTMLImageElement).referrerPolicy).to.equal('no-referrer');
        const file = one(mounted.thread, '[part=attachment]');
        expect(file.getAttribute('href')).to.equal(href);
        if (!isLoaded) expect(text(file)).to.equal('b.png');
        expect(text(one(mounted.rooms, '.avatar'))).to.equal('B');
      });
    }
  });

  it('10.31: the author of a quote is a name, even if the backend sends something else', async () => {
    const senders = [
      'ben',
      { id: 2, username: 'ben' },
      { username: { toString: 1 } },
      { username: ['x'] },
      [],
      7,
      null,
      undefined,
      { username: Symbol.iterator.toString() },
    ];
    for (const sender of senders) say('an answer', { reply_to: { id: 1, content: 'a question', sender } });
    const { thread } = await show();
    await until(() => all(thread, 'li').length === senders.length);
    expect(all(thread, '[part=quote] b').map(text)).to.deep.equal([
      'ben',
      'ben',
      '',
      '',
      '',
      '',
      '',
      '',
      'Symbol(Symbol.iterator)',
    ]);
  });

  it('10.31: a row that throws is replaced by a text and reported once; the others are shown', async () => {
    const said: string[] = [];
    const listen = ({ code, message }: ChatErrorEvent): void => void said.push(`${code}: ${message}`);
    document.addEventListener('chat-error', listen);
    const boom = (): never => {
      throw new TypeError('with a secret in it');
    };
    registerLocale('en', { edited: boom as never, unread: boom });
    say('one');
    say('two', { edited_at: '2026-11-22T10:00:00Z', sender: { id: 3, username: 'eve' } });
    say('three');
    backend.rooms = [room(1, 'General'), room(2, 'Other', { unread_count: 3 })];
    try {
      const { thread, rooms } = await show();
      expect(
        all(thread, 'li').map((row) => text(row.querySelector('[part=text], [part=note]') ?? undefined)),
      ).to.deep.equal(['one', 'This message cannot be displayed.', 'three']);
      expect(
        all(rooms, '[role=option]').map((row) => text(row.querySelector('[part=name], [part=note]') ?? undefined)),
      ).to.deep.equal(['General', 'This conversation cannot be displayed.']);
      // The keyboard does not stop in front of it.
      rooms.focus();
      rooms.shadowRoot!.activeElement!.dispatchEvent(new KeyboardEvent('keydown', { key: 'End', bubbles: true }));
      expect(text(rooms.shadowRoot!.activeElement!)).to.equal('This conversation cannot be displayed.');
      backend.sendAs(1, 1, 'four');
      await until(() => all(thread, 'li').length === 4);
      expect(said).to.deep.equal([
        'render_failed: A row failed to render (TypeError).',
        'render_failed: A row failed to render (TypeError).',
      ]);
    } finally {
      registerLocale('en', {});
      document.removeEventListener('chat-error', listen);
    }
  });
});
