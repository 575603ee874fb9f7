/** 12.17: what `<chat-status>` tells the person, and the developer, when `token-url` does not issue a token. */
import { aTimeout, expect, fixture, fixtureCleanup, html } from '@open-wc/testing';
import type { ChatStatusElement } from '../../src/elements/chat-status/chat-status.js';
import { json, page, tokenOf, type FakeBackend } from '../support/fake-backend.js';
import { all, intercept, one, text, until, URL_OF_BACKEND as url } from '../support/mounted.js';

const WHERE = `(${location.origin}/chat-token/)`;
const ANSWERED = 'The page could not get a token: token-url answered';

describe('12.17: <chat-status>, with a broken token-url', () => {
  let backend: FakeBackend;
  let restore: () => void;
  let answer: () => Response | Error;
  beforeEach(() => {
    ({ backend, restore } = intercept());
    // A request without a token is refused.
    backend.rejectedTokens.add('');
    const { fetch } = window;
    window.fetch = async (input, init) => {
      if (!String(input).endsWith('/chat-token/')) return fetch(input, init);
      const given = answer();
      if (given instanceof Error) throw given;
      return given;
    };
  });
  afterEach(async () => {
    fixtureCleanup();
    await aTimeout(0);
    restore();
  });

  async function status(): Promise<ChatStatusElement> {
    const connection = await fixture(
      html`<chat-connection url=${url} token-url="/chat-token/"><chat-status></chat-status></chat-connection>`,
    );
    const element = connection.querySelector('chat-status')!;
    await until(() => one(element, '[part=details]'));
    return element;
  }

  /** Opens the details. @returns the basics, and the failed checks. */
  async function details(element: ChatStatusElement): Promise<[basics: string, failed: string[]]> {
    one(element, '[part=details]').click();
    await until(() => /^Check complete/.test(text(one(element, '[part=progress]'))));
    const [list] = all(element, '[part=findings]');
    return [text(one(element, '[part=basics]')), [...list!.querySelectorAll('.finding.fail')].map((one) => text(one))];
  }

  for (const [what, given, code, says, fix] of [
    [
      'answers 500',
      () => json({}, 500),
      'token_endpoint_unreachable',
      `${ANSWERED} 500 ${WHERE}. Expected: 200 with {"token": "…"}.`,
      'The stack trace of the error is in the log of the server behind this address.',
    ],
    [
      'answers 404',
      () => page('<h1>Not found</h1>', 404),
      'token_endpoint_failing',
      `${ANSWERED} 404 ${WHERE}. Expected: 200 with {"token": "…"}.`,
      'Check the address: it is relative to the page',
    ],
    [
      'cannot be reached',
      () => new TypeError('Failed to fetch'),
      'token_endpoint_unreachable',
      `The page could not get a token: token-url got no answer ${WHERE}: ${location.host} cannot be reached.`,
      'Check that the server at this address is running.',
    ],
    [
      'answers with HTML',
      () => page('\n<!doctype html><title>Log in</title>', 200),
      'token_endpoint_failing',
      `${ANSWERED} a page (HTML) instead of a token ${WHERE}. Expected: {"token": "…"}.`,
      'must not be redirected to a login page',
    ],
    [
      'answers with other JSON',
      () => json({ jwt: 'a secret' }),
      'token_endpoint_failing',
      `${ANSWERED} no token ${WHERE}. Expected: {"token": "…"}.`,
      'Let token-url (data-token-url of loader.js) answer 200 with {"token": "…"} for a signed-in visitor',
    ],
  ] as const)
    it(`that ${what}: the headline says that the site cannot sign in, the details say why`, async () => {
      answer = given;
      const element = await status();
      expect(text(one(element, '[part=label]'))).to.equal('This site can’t sign you in right now.');
      expect(one(element, '[part=retry]'), 'the button to try again').to.not.equal(undefined);
      const [basics, failed] = await details(element);
      expect(basics).to.contain(`(${code})`);
      expect(failed, 'the only problem').to.have.length(1);
      expect(failed[0]).to.contain(`token.rest ${says} `).and.to.contain(fix).and.not.to.contain('secret');
    });

  it('the details say so, too, if the chat’s server cannot be reached either', async () => {
    answer = () => json({}, 500);
    const element = await status();
    backend.onRequest = () => new TypeError('Failed to fetch');
    const [, failed] = await details(element);
    expect(failed[0]).to.contain(`${ANSWERED} 500 ${WHERE}`);
    expect(failed[1]).to.contain('rest.reachable');
  });

  it('announces it, and says it in the language of the page', async () => {
    answer = () => page('', 404);
    const element = await status();
    await until(() => text(one(element, '[role=status]')) === 'This site can’t sign you in right now.');
    element.lang = 'de';
    element.requestUpdate();
    await until(() => text(one(element, '[part=label]')) === 'Diese Website kann dich gerade nicht anmelden.');
  });

  it('that fails when the token has expired says so; one without a signed-in visitor is no failure of the site', async () => {
    let issued = 0;
    answer = () => (issued++ ? page('', 404) : json({ token: tokenOf(1) }));
    const connection = await fixture(
      html`<chat-connection url=${url} token-url="/chat-token/"><chat-status></chat-status></chat-connection>`,
    );
    await until(() => backend.sockets.length === 1);
    const element = connection.querySelector('chat-status')!;
    await until(() => element.state === 'connected');
    backend.rejectedTokens.add(tokenOf(1));
    backend.socket.drop(4001, 'expired');
    await until(() => one(element, '[part=label]'));
    await until(() => element.state === 'unauthorized');
    expect(text(one(element, '[part=label]'))).to.equal('This site can’t sign you in right now.');
    answer = () => new Response(null, { status: 401 });
    one(element, '[part=retry]').click();
    await until(() => text(one(element, '[part=label]')) === 'You’re signed out.');
  });
});
