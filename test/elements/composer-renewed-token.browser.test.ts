import { expect, fixture, html, nextFrame } from '@open-wc/testing';
import type { ChatConnectionElement } from '../../src/elements/chat-connection/chat-connection.js';
import type { ChatThreadElement } from '../../src/elements/chat-thread/chat-thread.js';
import { intercept, until, URL_OF_BACKEND as url } from '../support/mounted.js';

describe('the composer with a renewed opaque token', () => {
  const { open } = IDBFactory.prototype;
  beforeEach(() => new Promise((r) => (indexedDB.deleteDatabase('unified-chat').onsuccess = r)));
  afterEach(() => void (IDBFactory.prototype.open = open));
  const field = (thread: ChatThreadElement): HTMLTextAreaElement => thread.renderRoot.querySelector('textarea')!;
  const type = async (thread: ChatThreadElement, text: string): Promise<void> => {
    field(thread).value += text;
    field(thread).dispatchEvent(new InputEvent('input', { bubbles: true, composed: true }));
    await nextFrame();
  };

  for (const [storage, isTyping] of [
    ['blocked', false],
    ['works', false],
    ['works', true],
  ] as const) {
    it(`keeps the text being typed (storage ${storage}, ${isTyping ? 'still typing' : 'paused'})`, async () => {
      if (storage === 'blocked')
        IDBFactory.prototype.open = () => {
          throw new DOMException('', 'SecurityError');
        };
      const { backend, restore } = intercept();
      let count = 1;
      const provider = async (): Promise<string> => `opaque-${storage}-${isTyping}-${count}`;
      const connection = await fixture<ChatConnectionElement>(
        html`<chat-connection url=${url} .tokenProvider=${provider} share="false"><chat-thread style="height:400px" room="1"></chat-thread></chat-connection>`,
      );
      const thread = connection.querySelector('chat-thread')!;
      await until(() => connection.connection.state === 'connected' && field(thread));
      await type(thread, 'hello wor');
      expect(field(thread).value).to.equal('hello wor');
      backend.rejectedTokens.add(`opaque-${storage}-${isTyping}-1`);
      count = 2;
      backend.onSocket = 'hang';
      backend.socket.drop(4001);
      await until(() => backend.open.some((s) => s.url.includes('-2')));
      if (isTyping) await type(thread, 'ld');
      backend.onSocket = 'greet';
      backend.socket.accept();
      backend.socket.receive(backend.greeting(1));
      await until(() => connection.connection.state === 'connected' && field(thread).value !== '');
      const value = field(thread).value;
      connection.remove();
      restore();
      expect(value).to.equal(isTyping ? 'hello world' : 'hello wor');
    });
  }
});
