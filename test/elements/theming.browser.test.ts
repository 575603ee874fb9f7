/**
 * The documented styling API of custom-elements.json: every token has an effect, every part exists and can be styled,
 * every state can be selected, and no undocumented part exists.
 */
import { aTimeout, expect, fixtureCleanup, html } from '@open-wc/testing';
import { room, tokenOf } from '../support/fake-backend.js';
import { intercept, mount, until, URL_OF_BACKEND } from '../support/mounted.js';
import { renderState, ELEMENT_STATES, type ElementState } from '../support/element-states.js';

interface Declaration {
  tagName?: string;
  cssParts?: { name: string }[];
  cssProperties?: { name: string }[];
  cssStates?: { name: string }[];
}

/** A non-default value by token name. */
const SENTINELS: [RegExp, string][] = [
  [/-(font)$/, '"A font"'],
  [/-line-height$/, '3.125'],
  [/-layer$/, '77'],
  [/-color-scheme$/, 'dark'],
  [/-focus-ring$/, '7px dotted rgb(1, 2, 3)'],
  [/-shadow$/, '0 0 13px rgb(1, 2, 3)'],
  [
    /-(font-size|font-size-small|space|radius|bubble-radius|avatar-size|avatar-radius|launcher-size|launcher-offset|panel-width|panel-height)$/,
    '11px',
  ],
  [/./, 'rgb(1, 2, 3)'],
];
const sentinel = (token: string): string => SENTINELS.find(([name]) => name.test(token))![1];

const LOOKED_AT = [
  ...[
    'color',
    'background-color',
    'color-scheme',
    'font-family',
    'font-size',
    'line-height',
    'box-shadow',
    'outline',
    'stroke',
    'fill',
    'z-index',
  ],
  ...[
    'padding',
    'margin',
    'gap',
    'width',
    'height',
    'border-radius',
    'border-color',
    'border-block-end-color',
    'inset',
    'max-width',
    'min-width',
    'max-height',
  ],
];
const PSEUDO = [undefined, '::before', '::after', '::placeholder'];

/** A textual snapshot of an element's computed styles. */
function picture(element: HTMLElement): string {
  return [element, ...element.shadowRoot!.querySelectorAll('*')]
    .flatMap((part) =>
      PSEUDO.map((pseudo) => getComputedStyle(part, pseudo)).map((style) =>
        LOOKED_AT.map((name) => style.getPropertyValue(name)).join('|'),
      ),
    )
    .join('\n');
}

const elements: Declaration[] = [];
const sheet = new CSSStyleSheet();

describe('the documented styling API', () => {
  before(async () => {
    const manifest = (await (await fetch('/custom-elements.json')).json()) as {
      modules: { declarations: Declaration[] }[];
    };
    elements.push(...manifest.modules.flatMap(({ declarations }) => declarations).filter(({ tagName }) => tagName));
    document.adoptedStyleSheets = [sheet];
  });
  after(() => {
    document.adoptedStyleSheets = [];
  });
  beforeEach(() => sheet.replaceSync('.stage { height: 400px } .stage > * { height: 100% }'));
  afterEach(() => fixtureCleanup());

  const declaration = (tag: string): Declaration => elements.find(({ tagName }) => tagName === tag)!;
  const stagesOf = (tag: string): ElementState[] => ELEMENT_STATES.filter((stage) => stage.tag === tag);
  const TAGS = ['chat-status', 'chat-rooms', 'chat-thread', 'chat-launcher'];

  for (const tag of TAGS) {
    it(`<${tag}>: every token has an effect`, async () => {
      const without = new Set((declaration(tag).cssProperties ?? []).map(({ name }) => name));
      expect(without.size).to.be.above(5);
      for (const stage of stagesOf(tag)) {
        const element = await renderState(stage);
        for (const focused of [
          undefined,
          element.shadowRoot!.querySelector<HTMLElement>('button, textarea, input, [tabindex="0"]'),
        ]) {
          focused?.focus();
          const plain = picture(element);
          for (const token of [...without]) {
            element.style.setProperty(token, sentinel(token));
            if (picture(element) !== plain) without.delete(token);
            element.style.removeProperty(token);
          }
        }
        fixtureCleanup();
      }
      expect([...without]).to.deep.equal([]);
    });

    it(`<${tag}>: no other token has`, async () => {
      const documented = new Set((declaration(tag).cssProperties ?? []).map(({ name }) => name));
      const others = new Set(
        elements
          .flatMap(({ cssProperties }) => cssProperties ?? [])
          .map(({ name }) => name)
          .filter((name) => !documented.has(name)),
      );
      const found = new Set<string>();
      for (const stage of stagesOf(tag)) {
        const element = await renderState(stage);
        for (const focused of [
          undefined,
          element.shadowRoot!.querySelector<HTMLElement>('button, textarea, input, [tabindex="0"]'),
        ]) {
          focused?.focus();
          const plain = picture(element);
          for (const token of others) {
            element.style.setProperty(token, sentinel(token));
            if (picture(element) !== plain) found.add(token);
            element.style.removeProperty(token);
          }
        }
        fixtureCleanup();
      }
      expect([...found], 'has an effect but is not documented').to.deep.equal([]);
    });

    it(`<${tag}>: every documented part exists and can be styled, and no other exists`, async () => {
      const promised = new Set((declaration(tag).cssParts ?? []).map(({ name }) => name));
      const found = new Set<string>();
      const unstyled = new Set<string>();
      sheet.insertRule('.stage > * { --of-a-part: none }');
      for (const name of promised) sheet.insertRule(`${tag}::part(${name}) { scroll-margin-top: 7px }`);
      for (const stage of stagesOf(tag)) {
        const element = await renderState(stage);
        for (const part of element.shadowRoot!.querySelectorAll('[part]')) {
          for (const name of part.part) found.add(name);
          if (getComputedStyle(part).scrollMarginTop !== '7px') for (const name of part.part) unstyled.add(name);
        }
        fixtureCleanup();
      }
      expect(
        [...found].filter((name) => !promised.has(name)),
        'rendered, and not documented',
      ).to.deep.equal([]);
      expect(
        [...promised].filter((name) => !found.has(name)),
        'documented, and never rendered',
      ).to.deep.equal([]);
      expect([...unstyled], 'out of reach').to.deep.equal([]);
    });
  }

  for (const tag of ['chat-connection', ...TAGS]) {
    it(`<${tag}>: every state can be selected`, async function () {
      if (!CSS.supports('selector(:state(open))')) this.skip();
      const promised = (declaration(tag).cssStates ?? []).map(({ name }) => name);
      expect(promised.length).to.be.above(0);
      for (const name of promised) sheet.insertRule(`${tag}:state(${name}) { --state-${name}: yes }`);
      const [seen, lacking] = [new Set<string>(), new Set<string>()];
      for (const stage of stagesOf(tag)) {
        const element = await renderState(stage);
        for (const name of promised)
          (getComputedStyle(element).getPropertyValue(`--state-${name}`) === 'yes' ? seen : lacking).add(name);
        fixtureCleanup();
      }
      // A connection has its own session; see below.
      if (tag === 'chat-connection') {
        expect([...seen]).to.deep.equal(['idle']);
        return;
      }
      expect(
        promised.filter((name) => !seen.has(name)),
        'never shown',
      ).to.deep.equal([]);
      expect(
        promised.filter((name) => !lacking.has(name)),
        'always shown',
      ).to.deep.equal([]);
    });
  }

  it('<chat-connection>: its states are those of its session', async function () {
    if (!CSS.supports('selector(:state(open))')) this.skip();
    const { backend, restore } = intercept((made) => (made.rooms = [room(1, 'A room', { unread_count: 2 })]));
    const { connection } = await mount(
      html`<chat-connection url=${URL_OF_BACKEND} token=${tokenOf(1)}></chat-connection>`,
    );
    await until(() => connection.matches(':state(unread)'));
    expect(connection.matches(':state(connected)')).to.equal(true);
    const is = async (state: string): Promise<void> => {
      await until(() => connection.connection.state === state);
      const shown = declaration('chat-connection')
        .cssStates!.filter(({ name }) => name !== 'unread' && connection.matches(`:state(${name})`))
        .map(({ name }) => name);
      expect(shown).to.deep.equal([state]);
      seen.add(state);
    };
    const seen = new Set<string>(['unread']);
    await is('connected');
    backend.onSocket = 'refuse';
    backend.sockets.at(-1)!.drop();
    await is('reconnecting');
    await is('polling');
    backend.onRequest = () => new TypeError('Failed to fetch');
    Object.defineProperty(navigator, 'onLine', { value: false, configurable: true });
    await is('offline');
    Reflect.deleteProperty(navigator, 'onLine');
    await is('error');
    backend.onRequest = () => undefined;
    backend.rejectedTokens.add(tokenOf(1));
    await is('unauthorized');
    backend.onSocket = 'hang';
    connection.token = tokenOf(1, { jti: 'next' });
    await is('reconnecting');
    connection.token = '';
    await is('idle');
    connection.connection.disconnect();
    connection.connection.connect();
    connection.token = tokenOf(1, { jti: 'third' });
    await is('connecting');
    expect([...seen].sort()).to.deep.equal(
      declaration('chat-connection')
        .cssStates!.map(({ name }) => name)
        .sort(),
    );
    fixtureCleanup();
    await aTimeout(0);
    restore();
  });
});
