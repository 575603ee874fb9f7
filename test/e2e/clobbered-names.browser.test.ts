/** Elements with an id become properties of the window, and must not be mistaken for browser APIs. */
import { aTimeout, expect } from '@open-wc/testing';
import { openHostPage, type HostPage } from '../support/host-page.js';

const NAMES = [
  'trustedTypes',
  'litElementVersions',
  'litHtmlPolyfillSupport',
  'litElementHydrateSupport',
  'reactiveElementPolyfillSupport',
  'litPropertyMetadata',
  'ShadyDOM',
  'ShadyCSS',
  'process',
  'scheduler',
  'reportError',
  '__zod_globalConfig',
  'define',
  'module',
  'exports',
];

describe('10.26: an element whose id is the name of a browser API or library', () => {
  let page: HostPage;
  let errors: string[];
  beforeEach(async () => {
    page = await openHostPage();
    errors = [];
    page.window.addEventListener('error', (event) => {
      errors.push(event.message);
      event.preventDefault();
    });
  });
  afterEach(() => page.remove());

  for (const id of ['none', ...NAMES]) {
    it(`${id}: loader.js shows its button`, async () => {
      // Like browsers without Trusted Types.
      Reflect.deleteProperty(page.window, 'trustedTypes');
      page.document.body.insertAdjacentHTML('afterbegin', `<a id="${id}"></a>`);
      await page.script({ src: '/dist/loader.js', 'data-url': 'https://api.example' });
      await aTimeout(0);
      expect([page.document.querySelectorAll('chat-launcher').length, errors]).to.deep.equal([1, []]);
    });

    it(`${id}: chat.js registers its elements`, async () => {
      Reflect.deleteProperty(page.window, 'trustedTypes');
      page.document.body.insertAdjacentHTML(
        'afterbegin',
        `<a id="${id}"></a><a id="${id}"></a><chat-thread></chat-thread>`,
      );
      await page.script({ type: 'module', src: '/dist/chat.js' });
      await page.window.customElements.whenDefined('chat-thread');
      const thread = page.document.querySelector('chat-thread')!;
      await (thread as unknown as { updateComplete: Promise<boolean> }).updateComplete;
      expect([!!thread.shadowRoot?.textContent, errors]).to.deep.equal([true, []]);
    });
  }
});
