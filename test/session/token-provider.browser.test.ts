import { expect } from '@open-wc/testing';
import { scene } from '../support/connected.js';
import { tokenOf } from '../support/fake-backend.js';
import { partsLoaded } from '../support/lazy-parts.js';

const NETWORK_ERRORS: Record<string, unknown> = {
  'fetch in Chromium': new TypeError('Failed to fetch'),
  'fetch in Firefox': new TypeError('NetworkError when attempting to fetch resource.'),
  'fetch in Safari': new TypeError('Load failed'),
  'a deadline': new DOMException('signal timed out', 'TimeoutError'),
  axios: Object.assign(new Error('Network Error'), { code: 'ERR_NETWORK' }),
};

describe("the page's token provider", () => {
  for (const [name, error] of Object.entries(NETWORK_ERRORS)) {
    it(`10.8: a network error (${name}) does not sign out: the page is asked again until it answers`, async () => {
      let fails = true;
      let asked = 0;
      const { chat, clock, states, reasons } = scene({
        token: '',
        tokenProvider: async () => {
          asked++;
          if (fails) throw error;
          return tokenOf(1);
        },
      });
      chat.connect();
      await partsLoaded();
      await clock.advance(60_000);
      expect([states, reasons.at(-1)]).to.deep.equal([['connecting', 'error'], 'token_endpoint_unreachable']);
      expect(asked).to.be.within(4, 12);
      fails = false;
      await clock.advance(31_000);
      expect(chat.state).to.equal('connected');
      chat.disconnect();
    });
  }

  it('10.8: offline, the reason is the network', async () => {
    const { chat, clock, states } = scene({
      token: '',
      tokenProvider: () => Promise.reject(new TypeError('Failed to fetch')),
    });
    Object.defineProperty(navigator, 'onLine', { value: false, configurable: true });
    try {
      chat.connect();
      await partsLoaded();
      await clock.advance(10_000);
      expect(states).to.deep.equal(['connecting', 'offline']);
    } finally {
      Reflect.deleteProperty(navigator, 'onLine');
      chat.disconnect();
    }
  });

  it('10.8: any other error means that there is no token, and is reported', async () => {
    const { chat, clock, states, problems } = scene({
      token: '',
      tokenProvider: () => Promise.reject(new TypeError("Cannot read properties of undefined (reading 'token')")),
    });
    chat.connect();
    await partsLoaded();
    await clock.advance(10_000);
    expect(states).to.deep.equal(['connecting', 'unauthorized']);
    expect(problems[0]).to.contain('token_provider: The page failed to give a token');
    chat.disconnect();
  });
});
