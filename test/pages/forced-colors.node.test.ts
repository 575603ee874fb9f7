/** 12.6: Windows contrast themes replace all colours, so that nothing may be told apart by a background alone. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startSite, type Site } from './site.js';

const html = `<!doctype html><html lang="en"><head><script type="module" src="/dist/chat.js"></script>
<style>chat-thread { height: 400px }</style></head><body><chat-connection token-url="/token/1">
<chat-rooms selected="1"></chat-rooms><chat-thread></chat-thread><chat-launcher></chat-launcher>
</chat-connection></body></html>`;

describe('12.6: forced colours', () => {
  let site: Site;
  before(async () => void (site = await startSite({ html: { '/forced': html } })));
  after(() => site.close());

  it('tell apart the selected room, own and other messages, badge, button and page', async () => {
    const { page } = await site.open('/forced');
    const session = await page.createCDPSession();
    await session.send('Emulation.setEmulatedMedia', { features: [{ name: 'forced-colors', value: 'active' }] });
    await page.waitForFunction(() => {
      const root = (tag: string): ShadowRoot => document.querySelector(tag)!.shadowRoot!;
      return (
        root('chat-thread').querySelector('.own .bubble') &&
        root('chat-thread').querySelector('.other .bubble') &&
        root('chat-rooms').querySelector('.badge') &&
        root('chat-thread').querySelector('.avatar, .no-avatar')
      );
    });
    const styles = await page.evaluate(() => {
      const style = (tag: string, selector: string): CSSStyleDeclaration =>
        getComputedStyle(document.querySelector(tag)!.shadowRoot!.querySelector(selector)!);
      return {
        selected: style('chat-rooms', '[aria-selected=true]').backgroundColor,
        other: style('chat-rooms', '[aria-selected=false]').backgroundColor,
        borders: [
          ['chat-thread', '.own .bubble'],
          ['chat-thread', '.other .bubble'],
          ['chat-thread', '.send'],
          ['chat-rooms', '.badge'],
          ['chat-launcher', '.button'],
        ].map(([tag, selector]) => style(tag!, selector!).borderTopWidth),
      };
    });
    assert.notEqual(styles.selected, styles.other);
    assert.deepEqual(styles.borders, ['3px', '1px', '1px', '1px', '1px']);
  });
});
