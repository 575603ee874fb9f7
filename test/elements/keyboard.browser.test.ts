import { expect, html, nextFrame } from '@open-wc/testing';
import { sendKeys } from '@web/test-runner-commands';
import { room, tokenOf } from '../support/fake-backend.js';
import {
  all,
  mount,
  one,
  text,
  until,
  untilRichParts,
  URL_OF_BACKEND as url,
  useFakeBackend,
} from '../support/mounted.js';

describe('keyboard', () => {
  const backend = useFakeBackend((made) => {
    made.rooms = [room(1, 'Ana & Ben'), room(2, 'General')];
  });

  const template = html`<chat-connection url=${url} token=${tokenOf(1)}>
    <style>
      chat-thread,
      chat-rooms {
        height: 300px;
        width: 300px;
      }
    </style>
    <chat-rooms></chat-rooms>
    <chat-thread room="1"></chat-thread>
  </chat-connection>`;

  it('12.4: Home shows the first loaded message and End the last one, with one press each', async () => {
    for (let n = 0; n < 45; n++) backend().store(1, 2, `message ${n}`);
    const { thread } = await mount(template);
    await until(() => all(thread, 'li').length > 12);
    await until(() => one(thread, '.avatar'));
    const list = one(thread, '[part=messages]');
    list.focus();
    await sendKeys({ press: 'Home' });
    await until(() => text(all(thread, 'li')[0]).includes('message 0') && list.scrollTop === 0);
    expect(all(thread, 'li').length).to.be.below(45);
    await until(() => one(thread, '[part=jump]'));
    await sendKeys({ press: 'End' });
    await until(() => list.scrollHeight - list.clientHeight - list.scrollTop < 2);
    expect(text(all(thread, 'li').at(-1)!)).to.include('message 44');
    await until(() => !one(thread, '[part=jump]'));
  });

  it('12.4: Home leaves a thread that fits into its box at its end', async () => {
    backend().store(1, 2, 'hi');
    const { thread } = await mount(template);
    await until(() => one(thread, 'li') && one(thread, '.no-avatar, .avatar'));
    const list = one(thread, '[part=messages]');
    thread.setAttribute('style', 'height: 600px');
    await until(() => list.scrollHeight === list.clientHeight);
    list.focus();
    await sendKeys({ press: 'Home' });
    await nextFrame();
    expect(all(thread, '[part=jump]')).to.have.length(0);
  });

  describe('12.8: shortcuts of the page', () => {
    let heard: string[];
    const types = ['keydown', 'keypress', 'keyup'];
    const onKey = (event: Event): unknown => heard.push(`${event.type} ${(event as KeyboardEvent).key}`);
    beforeEach(() => {
      heard = [];
      for (const type of types) document.addEventListener(type, onKey);
    });
    afterEach(() => {
      for (const type of types) document.removeEventListener(type, onKey);
    });

    for (const [name, find] of [
      ['message field', ({ thread }) => one(thread, 'textarea')],
      ['filter', ({ rooms }) => one(rooms, 'input')],
    ] as [string, (mounted: Awaited<ReturnType<typeof mount>>) => HTMLElement][]) {
      it(`do not hear what is typed into the ${name}, and hear the rest`, async () => {
        const mounted = await mount(template);
        await until(() => one(mounted.thread, 'textarea') && one(mounted.thread, '.end'));
        await untilRichParts(mounted.thread);
        find(mounted).focus();
        for (const press of ['/', 's', '?', 'ArrowLeft', 'Home', 'Backspace']) await sendKeys({ press });
        await sendKeys({ down: 'Control' });
        heard = [];
        await sendKeys({ press: 'a' });
        expect(heard, 'select all').to.deep.equal([]);
        await sendKeys({ press: 'k' });
        await sendKeys({ up: 'Control' });
        // Otherwise Escape would clear the filter.
        await sendKeys({ press: 'Backspace' });
        await sendKeys({ press: 'Escape' });
        expect(heard.filter((key) => key.startsWith('keydown'))).to.deep.equal(['keydown k', 'keydown Escape']);
      });

      it(`do not hear a single character of the ${name}`, async () => {
        const mounted = await mount(template);
        await until(() => one(mounted.thread, 'textarea'));
        await untilRichParts(mounted.thread);
        const field = find(mounted) as HTMLInputElement;
        field.focus();
        field.select();
        await sendKeys({ type: '/s?' });
        expect(field.value).to.equal('/s?');
        expect(heard).to.deep.equal([]);
      });
    }
  });
});
