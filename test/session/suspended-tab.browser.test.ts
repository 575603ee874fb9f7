import { expect } from '@open-wc/testing';
import { settle } from '../support/fake-clock.js';
import { BASELINE, FULL, FaultScene } from '../support/fault-scene.js';
import { FakeBrowser } from '../support/fake-tabs.js';

describe('a suspended tab', () => {
  for (const [name, capabilities] of Object.entries({ full: FULL, baseline: BASELINE })) {
    for (const gap of [0, 5]) {
      it(`10.18: whose message was sent by another tab: its promise settles (${name}, ${gap})`, async () => {
        const original = globalThis.addEventListener;
        let current: Map<string, () => void> | undefined;
        (globalThis as { addEventListener: unknown }).addEventListener = function (
          what: string,
          run: () => void,
          options: unknown,
        ) {
          if (current && /^page(hide|show)$/.test(what)) return void current.set(what, run);
          return original.call(globalThis, what as 'load', run, options as object);
        };
        const browser = new FakeBrowser();
        const [one, two] = [new FaultScene(capabilities), new FaultScene(capabilities)];
        Object.assign(one, { tabs: browser.tab() });
        Object.assign(two, {
          server: one.server,
          clock: one.clock,
          token: one.token,
          storage: one.storage,
          tabs: browser.tab(),
        });
        await one.open();
        await one.clock.advance(3_000);
        current = new Map();
        const page = current;
        await two.open();
        await one.clock.advance(3_000);
        current = undefined;
        (globalThis as { addEventListener: unknown }).addEventListener = original;
        expect([one.chat.state, two.chat.state, one.server.open.length]).to.deep.equal(['connected', 'connected', 1]);
        one.server.restFault = 'down';
        one.server.socketFault = 'refuse';
        one.server.cut(1006);
        await one.clock.advance(1_000);
        const events: string[] = [];
        two.chat.on('chat-send', () => events.push('chat-send'));
        two.send('mine');
        await one.clock.advance(gap);
        page.get('pagehide')!();
        await settle();
        one.server.restFault = 'none';
        one.server.socketFault = 'none';
        await one.clock.advance(60_000);
        expect(one.server.rows.map(({ content }) => content)).to.deep.equal(['mine']);
        page.get('pageshow')!();
        await one.clock.advance(120_000);
        const shown = two.chat.messages(1).map(({ delivery, content }) => `${delivery} ${content}`);
        for (const { chat } of [one, two]) chat.disconnect();
        expect([shown, two.sent.map(({ outcome }) => outcome === 'sending'), events]).to.deep.equal([
          ['sent mine'],
          [false],
          ['chat-send'],
        ]);
      });
    }
  }
});
