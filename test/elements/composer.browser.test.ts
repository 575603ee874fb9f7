/** 14: writing: what Enter does, the counter, listeners that change a text; emoji and exact times in messages. */
import { aTimeout, expect, html } from '@open-wc/testing';
import { sendKeys } from '@web/test-runner-commands';
import type { ChatBeforeSendEvent } from '../../src/elements/events.js';
import type { ChatThreadElement } from '../../src/elements/chat-thread/chat-thread.js';
import { tokenOf } from '../support/fake-backend.js';
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

const LIMIT = 100;

describe('14: writing', () => {
  const backend = useFakeBackend((fake) => {
    const greet = fake.greeting.bind(fake);
    fake.greeting = (userId) => ({ ...greet(userId), limits: { content: LIMIT } });
  });
  const field = (thread: ChatThreadElement): HTMLTextAreaElement => thread.shadowRoot!.querySelector('textarea')!;
  async function mountThread(enter?: 'send' | 'newline'): Promise<ChatThreadElement> {
    // Drafts of the test before.
    indexedDB.deleteDatabase('unified-chat');
    const { thread } = await mount(
      html`<chat-connection url=${url} token=${tokenOf(1)}
        ><chat-thread room="1" .enter=${enter} style="height: 400px"></chat-thread
      ></chat-connection>`,
    );
    await untilRichParts(thread);
    await until(() => field(thread));
    field(thread).focus();
    return thread;
  }
  const write = (thread: ChatThreadElement, value: string): void => {
    field(thread).value = value;
    field(thread).dispatchEvent(new InputEvent('input', { bubbles: true }));
  };
  const texts = (thread: ChatThreadElement): string[] => all(thread, 'li [part~=text]').map(text);

  it('Enter sends, and Shift+Enter starts a new line', async () => {
    const thread = await mountThread();
    expect(field(thread).getAttribute('enterkeyhint')).to.equal('send');
    await sendKeys({ type: 'one' });
    await sendKeys({ down: 'Shift' });
    await sendKeys({ press: 'Enter' });
    await sendKeys({ up: 'Shift' });
    await sendKeys({ type: 'two' });
    expect(field(thread).value).to.equal('one\ntwo');
    await sendKeys({ press: 'Enter' });
    await until(() => texts(thread).includes('one two'));
    expect(field(thread).value).to.equal('');
  });

  it('with enter="newline", Enter starts a new line, and Ctrl+Enter sends', async () => {
    const thread = await mountThread('newline');
    expect(field(thread).getAttribute('enterkeyhint')).to.equal('enter');
    await sendKeys({ type: 'three' });
    await sendKeys({ press: 'Enter' });
    await sendKeys({ type: 'four' });
    expect(field(thread).value).to.equal('three\nfour');
    field(thread).dispatchEvent(
      new KeyboardEvent('keydown', { key: 'Enter', ctrlKey: true, bubbles: true, cancelable: true }),
    );
    await until(() => texts(thread).includes('three four'));
  });

  it('from 90 % of the limit on, the characters that are left are counted', async () => {
    const thread = await mountThread();
    await until(() => thread.closest('chat-connection')!.connection.data.limits.content === LIMIT);
    write(thread, 'x'.repeat(89));
    await thread.updateComplete;
    expect(one(thread, '[part=counter]')).to.equal(undefined);
    write(thread, 'x'.repeat(95));
    await until(() => one(thread, '[part=counter]'));
    expect(text(one(thread, '[part=counter]'))).to.equal('5 left');
    write(thread, 'x'.repeat(101));
    await until(() => one(thread, '[part=hint]'));
    expect([text(one(thread, '[part=hint]')), one(thread, '[part=counter]')]).to.deep.equal([
      `1 over the limit of ${LIMIT}`,
      undefined,
    ]);
  });

  it('a listener of chat-before-send can change the text, or keep it in the field', async () => {
    const thread = await mountThread();
    thread.addEventListener('chat-before-send', (event) => {
      const before = event as ChatBeforeSendEvent;
      if (before.content === 'no') before.preventDefault();
      else before.content += '!';
    });
    await sendKeys({ type: 'no' });
    await sendKeys({ press: 'Enter' });
    await aTimeout(0);
    expect([field(thread).value, texts(thread)]).to.deep.equal(['no', []]);
    await sendKeys({ type: 'w' });
    await sendKeys({ press: 'Enter' });
    await until(() => texts(thread).includes('now!'));
    expect(backend().messages.at(-1)?.content).to.equal('now!');
  });

  it('one to three emoji are large; times are exact', async () => {
    const thread = await mountThread();
    for (const content of ['👍', '👩‍🚀 🇩🇪 ❤️', '👍🏽👍🏽👍🏽👍🏽', '42', 'nice 👍', '1️⃣']) {
      write(thread, content);
      await sendKeys({ press: 'Enter' });
    }
    await until(() => texts(thread).length === 6);
    expect(all(thread, 'li [part~=text]').map(({ classList }) => classList.contains('emoji'))).to.deep.equal([
      true,
      true,
      false,
      false,
      false,
      true,
    ]);
    const { title, dateTime } = one(thread, 'li:last-child time') as HTMLTimeElement;
    expect(title).to.contain(String(new Date(dateTime).getFullYear()));
  });
});
