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
    await page.waitForFunction(() =>
      [
        ['chat-thread', '.own .bubble'],
        ['chat-thread', '.other .bubble'],
        ['chat-rooms', '.badge'],
        ['chat-launcher', '.button'],
      ].every(([tag, selector]) => document.querySelector(tag!)?.shadowRoot?.querySelector(selector!)),
    );
    const styles = await page.evaluate(() => {
      const [selected, other] = ['true', 'false'].map((isSelected) =>
        document.querySelector('chat-rooms')!.shadowRoot!.querySelector(`[aria-selected=${isSelected}]`),
      );
      return {
        selected: getComputedStyle(selected!).backgroundColor,
        other: getComputedStyle(other!).backgroundColor,
        borders: [
          ['chat-thread', '.own .bubble'],
          ['chat-thread', '.other .bubble'],
          ['chat-thread', '.send'],
          ['chat-rooms', '.badge'],
          ['chat-launcher', '.button'],
        ].map(
          ([tag, selector]) =>
            getComputedStyle(document.querySelector(tag!)!.shadowRoot!.querySelector(selector!)!).borderTopWidth,
        ),
      };
    });
    assert.notEqual(styles.selected, styles.other);
    assert.deepEqual(styles.borders, ['3px', '1px', '1px', '1px', '1px']);
  });
});
