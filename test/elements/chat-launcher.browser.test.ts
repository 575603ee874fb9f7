import { aTimeout, expect, fixture, fixtureCleanup, html, nextFrame, oneEvent } from '@open-wc/testing';
import { sendKeys, setViewport } from '@web/test-runner-commands';
import type { TemplateResult } from 'lit';
import '../../src/define.js';
import type { ChatLauncherElement } from '../../src/elements/chat-launcher/chat-launcher.js';
import type { ChatLauncherToggleEvent } from '../../src/elements/chat-launcher/launcher-toggle-event.js';
import { room, tokenOf, type FakeBackend } from '../support/fake-backend.js';
import { all, intercept, one, text, until, URL_OF_BACKEND as url } from '../support/mounted.js';

const token = tokenOf(1);

describe('<chat-launcher>', () => {
  let backend: FakeBackend;
  let restore: () => void;
  beforeEach(() => {
    sessionStorage.clear();
    ({ backend, restore } = intercept((made) => {
      made.rooms = [room(1, 'Support', { unread_count: 3 }), room(2, 'Garden')];
      made.store(1, 2, 'How can we help?');
    }));
  });
  afterEach(async () => {
    fixtureCleanup();
    await aTimeout(0);
    restore();
    await setViewport({ width: 1000, height: 800 });
  });

  const button = (launcher: Element): HTMLElement => one(launcher, '[part=button]');
  const panel = (launcher: Element): HTMLDialogElement => one(launcher, '[part=panel]') as HTMLDialogElement;
  const inside = <T extends Element>(launcher: Element, tag: string): T => launcher.shadowRoot!.querySelector<T>(tag)!;
  const focused = (launcher: Element): Element | null => launcher.shadowRoot!.activeElement;

  async function mounted(
    template: TemplateResult = html`<chat-launcher></chat-launcher>`,
  ): Promise<ChatLauncherElement> {
    const connection = await fixture<HTMLElementTagNameMap['chat-connection']>(
      html`<chat-connection url=${url} token=${token}>${template}</chat-connection>`,
    );
    await until(() => connection.connection.state === 'connected');
    return connection.querySelector('chat-launcher')!;
  }
  async function opened(template?: TemplateResult): Promise<ChatLauncherElement> {
    const launcher = await mounted(template);
    button(launcher).click();
    await until(() => panel(launcher).open);
    return launcher;
  }

  it('12: the title is the name of the room that is shown, once', async () => {
    const launcher = await opened();
    const title = (): string => text(one(launcher, '[part=title]'));
    await until(() => all(inside(launcher, 'chat-rooms'), '[role=option]').length > 0);
    expect(title()).to.equal('Chat');
    const row = all(inside(launcher, 'chat-rooms'), '[role=option]')[0]!;
    const name = text(row.querySelector('[part=name]')!);
    row.click();
    await until(() => title() === name);
    const thread = inside(launcher, 'chat-thread');
    expect(all(thread, '[part=header]').filter((header) => header.checkVisibility())).to.have.length(0);
    expect(one(thread, 'section').ariaLabel).to.equal(name);
    launcher.heading = 'Support';
    await until(() => title() === 'Support');
    await until(() => text(one(thread, '[part=header]')) === name && one(thread, '[part=header]').checkVisibility());
  });

  it('is only a button with the unread count', async () => {
    const launcher = await mounted();
    await until(() => one(launcher, '[part=badge]'));
    expect(text(one(launcher, '[part=badge]'))).to.equal('3');
    expect(button(launcher).getAttribute('aria-label')).to.equal('Open chat, 3 unread');
    expect(button(launcher).getAttribute('aria-expanded')).to.equal('false');
    expect(inside(launcher, 'chat-thread')).to.equal(null);
    await expect(launcher).to.be.accessible();
  });

  it('is placed at the end or start, in either text direction', async () => {
    const launcher = await mounted();
    const edge = (): string => {
      const { left, right } = button(launcher).getBoundingClientRect();
      return left < innerWidth - right ? 'left' : 'right';
    };
    expect(edge()).to.equal('right');
    launcher.side = 'start';
    await launcher.updateComplete;
    expect(edge()).to.equal('left');
    document.documentElement.dir = 'rtl';
    expect(edge()).to.equal('right');
    launcher.side = 'end';
    await launcher.updateComplete;
    expect(edge()).to.equal('left');
    document.documentElement.dir = '';
  });

  it('opens: moves the focus inside, shows the rooms, and emits an event', async () => {
    const launcher = await mounted();
    setTimeout(() => button(launcher).click());
    const { open } = (await oneEvent(launcher, 'chat-launcher-toggle')) as ChatLauncherToggleEvent;
    expect(open).to.equal(true);
    expect(launcher.hasAttribute('open')).to.equal(true);
    expect(button(launcher).getAttribute('aria-expanded')).to.equal('true');
    expect(panel(launcher).matches(':modal'), 'the page beside it stays usable').to.equal(false);
    expect(panel(launcher).contains(focused(launcher))).to.equal(true);
    expect(one(launcher, '[part=badge]')).to.equal(undefined);
    const rooms = inside(launcher, 'chat-rooms');
    await until(() => all(rooms, '[role=option]').length === 2);
    expect(inside(launcher, 'chat-thread').getClientRects()).to.have.length(0);
    await expect(launcher).to.be.accessible();
  });

  it('12.4: shows the selected room instead of the list, and the list again; the focus follows', async () => {
    const launcher = await opened();
    const rooms = inside(launcher, 'chat-rooms');
    await until(() => all(rooms, '[role=option]').length === 2);
    expect(one(launcher, '[part=back]')).to.equal(undefined);
    const option = all(rooms, '[role=option]')[0]!;
    option.focus();
    await sendKeys({ press: 'Enter' });
    const thread = inside(launcher, 'chat-thread');
    await until(() => text(one(thread, 'ol')).includes('How can we help?'));
    expect(rooms.getClientRects()).to.have.length(0);
    await until(() => thread.shadowRoot!.activeElement?.localName === 'textarea');
    await sendKeys({ type: 'typed at once' });
    // Other tests may have left a draft.
    expect((one(thread, 'textarea') as HTMLTextAreaElement).value).to.match(/typed at once$/);
    one(launcher, '[part=back]').click();
    await until(() => rooms.getClientRects().length > 0);
    await until(() => rooms.shadowRoot!.activeElement === option);
    await sendKeys({ press: 'Escape' });
    await until(() => !panel(launcher).open);
  });

  it('12.4: does not take the focus when the page selects a room', async () => {
    const launcher = await opened();
    const outside = document.createElement('input');
    const root = launcher.closest('chat-connection')!;
    root.append(outside);
    outside.focus();
    root.connection.selectRoom(1);
    await until(() => text(one(inside(launcher, 'chat-thread'), 'ol')).includes('How can we help?'));
    expect(document.activeElement?.localName).to.equal('input');
  });

  it('12.18: `focus()` focuses the button, the list of an open panel, or the message field', async () => {
    const launcher = await mounted();
    launcher.focus();
    expect(focused(launcher)?.className).to.equal('button');
    button(launcher).click();
    await until(() => panel(launcher).open);
    const rooms = inside(launcher, 'chat-rooms');
    await until(() => all(rooms, '[role=option]').length === 2);
    launcher.focus();
    await until(() => rooms.shadowRoot!.activeElement?.role === 'option');
    launcher.closest('chat-connection')!.connection.selectRoom(2);
    const thread = inside(launcher, 'chat-thread');
    await until(() => one(thread, 'textarea'));
    launcher.focus();
    await until(() => thread.shadowRoot!.activeElement?.localName === 'textarea');
  });

  it('12.5: no two buttons have the same name', async () => {
    const launcher = await opened();
    const names = all(launcher, 'button').map((one) => one.getAttribute('aria-label'));
    expect(names).to.deep.equal(['Chat', 'Close chat']);
  });

  it('shows a single room if configured', async () => {
    const launcher = await opened(html`<chat-launcher room="1" heading="Ask us"></chat-launcher>`);
    await until(() => text(one(inside(launcher, 'chat-thread'), 'ol')).includes('How can we help?'));
    expect(inside(launcher, 'chat-rooms')).to.equal(null);
    expect(one(launcher, '[part=back]')).to.equal(undefined);
    expect(text(one(launcher, '[part=title]'))).to.equal('Ask us');
    expect(panel(launcher).getAttribute('aria-labelledby')).to.equal(one(launcher, '[part=title]').id);
  });

  it('does not mark as read while it is not visible', async () => {
    const launcher = await opened(html`<chat-launcher room="1"></chat-launcher>`);
    await until(() => text(one(inside(launcher, 'chat-thread'), 'ol')).includes('How can we help?'));
    await until(() => backend.socket.sent.some(({ type }) => type === 'mark_read'));
    launcher.open = false;
    const { connection } = launcher.closest('chat-connection')!;
    await until(() => connection.data.reading.length === 0);
    const read = backend.socket.sent.filter(({ type }) => type === 'mark_read').length;
    backend.sendAs(1, 2, 'Anybody there?');
    await until(() => one(launcher, '[part=badge]'));
    await nextFrame();
    expect(backend.socket.sent.filter(({ type }) => type === 'mark_read')).to.have.length(read);
  });

  it('closes with Escape, its close button and its launcher button; the focus returns', async () => {
    const launcher = await opened();
    let heard = 0;
    launcher.addEventListener('keydown', () => heard++);
    await sendKeys({ press: 'Escape' });
    await until(() => !panel(launcher).open);
    expect([launcher.open, heard]).to.deep.equal([false, 0]);
    expect(focused(launcher)).to.equal(button(launcher));
    button(launcher).click();
    await until(() => panel(launcher).open);
    one(launcher, '[part=close]').click();
    await until(() => !panel(launcher).open);
    expect(focused(launcher)).to.equal(button(launcher));
    button(launcher).click();
    await until(() => panel(launcher).open);
    button(launcher).click();
    await until(() => !panel(launcher).open);
  });

  it('keeps the focus when closed from outside', async () => {
    const launcher = await opened();
    const field = document.createElement('input');
    launcher.closest('chat-connection')!.append(field);
    field.focus();
    launcher.open = false;
    await until(() => !panel(launcher).open);
    expect(document.activeElement).to.equal(field);
  });

  it('covers a small screen as a modal dialog', async () => {
    await setViewport({ width: 380, height: 700 });
    const launcher = await opened();
    const { width, height } = panel(launcher).getBoundingClientRect();
    expect([Math.round(width), Math.round(height)]).to.deep.equal([innerWidth, innerHeight]);
    expect(panel(launcher).matches(':modal')).to.equal(true);
    await expect(launcher).to.be.accessible();
    await setViewport({ width: 1000, height: 800 });
    await until(() => !panel(launcher).matches(':modal'));
    expect([panel(launcher).open, launcher.open]).to.deep.equal([true, true]);
    expect(panel(launcher).getBoundingClientRect().width).to.be.below(innerWidth / 2);
  });

  it('keeps the focus when the screen becomes small, or large again', async () => {
    const launcher = await opened(html`<chat-launcher room="1"></chat-launcher>`);
    const thread = inside(launcher, 'chat-thread');
    await until(() => one(thread, 'textarea'));
    const field = one(thread, 'textarea') as HTMLTextAreaElement;
    field.focus();
    for (const width of [380, 1000]) {
      await setViewport({ width, height: 700 });
      await until(() => panel(launcher).matches(':modal') === (width === 380));
      expect(thread.shadowRoot!.activeElement, `${width}px`).to.equal(field);
    }
    const outside = document.createElement('input');
    launcher.closest('chat-connection')!.append(outside);
    outside.focus();
    await setViewport({ width: 380, height: 700 });
    await until(() => panel(launcher).contains(focused(launcher)));
    one(launcher, '[part=title]').blur();
    await setViewport({ width: 1000, height: 700 });
    await until(() => !panel(launcher).matches(':modal'));
    expect(focused(launcher)).to.equal(null);
  });

  it('covers a small screen even after it was moved within the page', async () => {
    await setViewport({ width: 380, height: 700 });
    const launcher = await opened();
    const elsewhere = document.createElement('div');
    launcher.closest('chat-connection')!.append(elsewhere);
    elsewhere.append(launcher);
    expect([launcher.open, panel(launcher).matches(':modal')]).to.deep.equal([true, true]);
  });

  it('counts only its one room, if it has one', async () => {
    const launcher = await mounted(html`<chat-launcher room="2"></chat-launcher>`);
    expect(one(launcher, '[part=badge]')).to.equal(undefined);
    backend.sendAs(2, 2, 'Weeds!');
    await until(() => text(one(launcher, '[part=badge]')) === '1');
    launcher.room = 1;
    await until(() => text(one(launcher, '[part=badge]')) === '3');
  });

  it('exposes every part of the elements inside', async () => {
    const manifest = (await (await fetch('/custom-elements.json')).json()) as {
      modules: { declarations: { tagName?: string; cssParts?: { name: string }[] }[] }[];
    };
    const launcher = await opened();
    for (const tag of ['chat-status', 'chat-rooms', 'chat-thread']) {
      const documented = manifest.modules
        .flatMap(({ declarations }) => declarations)
        .find(({ tagName }) => tagName === tag)!.cssParts!;
      const exported = inside(launcher, tag).getAttribute('exportparts')!.split(',');
      expect(exported, tag).to.have.members(documented.map(({ name }) => `${name}:${tag.slice(5)}-${name}`));
    }
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('chat-launcher::part(rooms-filter) { scroll-margin-top: 7px }');
    document.adoptedStyleSheets.push(sheet);
    await until(() => one(inside(launcher, 'chat-rooms'), '[part=filter]'));
    expect(getComputedStyle(one(inside(launcher, 'chat-rooms'), '[part=filter]')).scrollMarginTop).to.equal('7px');
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
  });

  it('closes when the browser closes the dialog', async () => {
    await setViewport({ width: 380, height: 700 });
    const launcher = await opened();
    panel(launcher).close();
    await until(() => !launcher.open);
  });

  it('restores its state on the next page, without taking the focus', async () => {
    const first = await opened();
    expect(Object.entries(sessionStorage)).to.deep.equal([['unified-chat launcher ', 'open']]);
    first.closest('chat-connection')!.remove();
    const events: boolean[] = [];
    const onToggle = (event: ChatLauncherToggleEvent): unknown => events.push(event.open);
    document.addEventListener('chat-launcher-toggle', onToggle);
    const second = await mounted();
    await until(() => panel(second).open);
    document.removeEventListener('chat-launcher-toggle', onToggle);
    expect(focused(second) === null).to.equal(true);
    expect(events, '12.18: a page that controls `open` has to know').to.deep.equal([true]);
    one(second, '[part=close]').click();
    await until(() => !panel(second).open);
    expect(sessionStorage).to.have.length(0);
  });

  it('does not take the focus when initially open', async () => {
    const launcher = await mounted(html`<chat-launcher open></chat-launcher>`);
    await until(() => panel(launcher).open);
    expect([focused(launcher), launcher.shadowRoot!.querySelector('[autofocus]')]).to.deep.equal([null, null]);
  });

  it('does not open over a small screen by itself', async () => {
    sessionStorage.setItem('unified-chat launcher ', 'open');
    await setViewport({ width: 380, height: 700 });
    expect((await mounted()).open).to.equal(false);
  });

  it('is distinguished from others by its id', async () => {
    const launcher = await mounted(
      html`<chat-launcher id="left" side="start"></chat-launcher><chat-launcher id="right"></chat-launcher>`,
    );
    launcher.open = true;
    await launcher.updateComplete;
    const other = launcher.parentElement!.querySelector<ChatLauncherElement>('#right')!;
    expect(other.open).to.equal(false);
    expect(Object.keys(sessionStorage)).to.deep.equal(['unified-chat launcher left']);
  });

  it('shows slotted content instead', async () => {
    const launcher = await opened(html`<chat-launcher><p>Back at nine.</p></chat-launcher>`);
    expect(launcher.querySelector('p')!.getClientRects()).to.have.length(1);
    expect(inside(launcher, 'chat-thread').getClientRects()).to.have.length(0);
  });

  it('has its own token, for itself and its content', async () => {
    const launcher = await fixture<ChatLauncherElement>(
      html`<chat-launcher url=${url} token=${token} room="1"></chat-launcher>`,
    );
    await until(() => one(launcher, '[part=badge]'));
    button(launcher).click();
    await until(
      () =>
        inside(launcher, 'chat-thread') &&
        text(one(inside(launcher, 'chat-thread'), 'ol')).includes('How can we help?'),
    );
    expect(backend.open).to.have.length(1);
    expect(launcher.shadowRoot!.querySelector('[token]')).to.equal(null);
  });

  it('speaks German', async () => {
    const launcher = await mounted(html`<chat-launcher lang="de"></chat-launcher>`);
    await until(() => button(launcher).getAttribute('aria-label') === 'Chat öffnen, 3 ungelesen');
  });

  it('is not affected by page styles on all elements', async () => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(
      '* { all: unset !important } body { font: 40px/3 serif; letter-spacing: 1em; text-transform: uppercase; color: red; cursor: wait; text-align: right; text-indent: 3em; visibility: visible }',
    );
    document.adoptedStyleSheets.push(sheet);
    try {
      const launcher = await opened(html`<chat-launcher room="1"></chat-launcher>`);
      await until(() => text(one(inside(launcher, 'chat-thread'), 'ol')).includes('How can we help?'));
      const { width, height } = button(launcher).getBoundingClientRect();
      expect([width, height]).to.deep.equal([56, 56]);
      const look = getComputedStyle(one(inside(launcher, 'chat-thread'), '[part=text]'));
      expect([
        look.letterSpacing,
        look.textTransform,
        look.textIndent,
        look.fontSize,
        look.fontFamily.includes('system-ui'),
      ]).to.deep.equal(['normal', 'none', '0px', '15px', true]);
      expect(panel(launcher).getBoundingClientRect().height).to.be.above(400);
    } finally {
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
    }
  });
});
