/** The examples of demo/examples, built by their frameworks, in Chromium with the real backend. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import type { ElementHandle, Page } from 'puppeteer-core';
import type { ChatConnectionElement } from '../../src/index.js';
import { DJANGO_PACKAGES, findDjango } from '../support/find-programs.mjs';
import { startSite, type Site } from './site.js';

const EXAMPLES = {
  plain: '/examples/plain/',
  react: '/built/react/',
  vue: '/built/vue/',
  svelte: '/built/svelte/',
  angular: '/built/angular/',
};

const connected = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => {
    const thread = document.querySelector('chat-thread')?.shadowRoot;
    return (
      document.querySelector<ChatConnectionElement>('chat-connection')?.connection?.state === 'connected' &&
      thread?.querySelector('li')
    );
  });
async function write(page: Page, words: string): Promise<void> {
  const field = (await page.evaluateHandle(() =>
    document.querySelector('chat-thread')!.shadowRoot!.querySelector('textarea')!,
  )) as ElementHandle<HTMLTextAreaElement>;
  await field.type(`${words}\n`);
}
const field = (page: Page): Promise<string> =>
  page.evaluate(() => document.querySelector('chat-thread')!.shadowRoot!.querySelector('textarea')!.value);
const arrived = (page: Page, words: string): Promise<unknown> =>
  page.waitForFunction(
    (wanted) =>
      [...document.querySelector('chat-thread')!.shadowRoot!.querySelectorAll('.own')].some(
        (row) => row.textContent.includes(wanted) && !row.querySelector('.clock'),
      ),
    {},
    words,
  );
const value = (page: Page, id: string): Promise<string> => page.$eval(`#${id}`, (element) => element.textContent);

describe('the examples', () => {
  let site: Site;
  before(async () => {
    site = await startSite({ folders: { '/built': 'dist/demo/examples', '/examples': 'demo/examples' } });
  });
  after(() => site.close());

  for (const [name, path] of Object.entries(EXAMPLES)) {
    it(`${name}: accepts the token, emits events, sending can be prevented`, async () => {
      const { page, output } = await site.open(path);
      await connected(page);
      await page.waitForFunction(() => document.querySelector('#state')?.textContent === 'connected');
      assert.match(await value(page, 'unread'), /^[1-9]\d*$/);
      await write(page, `hello from ${name}`);
      await arrived(page, `hello from ${name}`);
      await page.click('#quiet');
      await write(page, 'not to be sent');
      assert.equal(await field(page), 'not to be sent');
      assert.equal(
        await page.evaluate(() =>
          document
            .querySelector<ChatConnectionElement>('chat-connection')!
            .connection.messages(1)
            .some(({ content }) => content === 'not to be sent'),
        ),
        false,
      );
      assert.deepEqual(
        output.filter((words) => !words.startsWith('Angular is running in development mode')),
        [],
      );
      await page.close();
    });
  }
});

describe('elements loaded after the first render', () => {
  let site: Site;
  before(async () => {
    site = await startSite({ folders: { '/built': 'dist/demo/examples' } });
  });
  after(() => site.close());

  for (const name of ['react', 'vue', 'svelte', 'angular']) {
    it(`10.39, 10.40: ${name}: the token arrives by attribute, event and property; a thread without its room shows no other`, async () => {
      const { page, output } = await site.open(`/built/${name}/late.html`);
      await page.waitForFunction(
        () =>
          [...document.querySelectorAll('chat-connection')].map((element) => element.connection?.state).join() ===
          'connected,connected,connected',
      );
      await page.waitForFunction(() =>
        document.querySelector('chat-rooms')!.shadowRoot!.querySelector('[aria-selected=true]'),
      );
      const thread = (): Promise<string> =>
        page.evaluate(() => {
          const root = document.querySelector('chat-thread')!.shadowRoot!;
          return `${root.querySelectorAll('li').length > 0 ? 'messages' : 'none'}, ${root.querySelector('textarea') ? 'a field' : 'no field'}`;
        });
      assert.equal(await thread(), 'none, no field');
      await page.click('#open');
      await page.waitForFunction(() => document.querySelector('chat-thread')!.shadowRoot!.querySelector('li'));
      assert.equal(await thread(), 'messages, a field');
      assert.deepEqual(
        output.filter((words) => !words.startsWith('Angular is running in development mode')),
        [],
      );
      await page.close();
    });
  }
});

const python = findDjango();
/** Prints the user id of the token on stdin, if SimpleJWT with the key of the argument accepts it. */
const SIMPLE_JWT = `
import sys, django
from django.conf import settings
settings.configure(SECRET_KEY=sys.argv[1], INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"], USE_TZ=True)
django.setup()
from rest_framework_simplejwt.tokens import AccessToken
print(AccessToken(sys.stdin.read())["user_id"])
`;

describe(
  'the Django example',
  {
    skip: python
      ? false
      : `Python with Django, PyJWT and SimpleJWT is not installed (Debian: ${DJANGO_PACKAGES.join(' ')})`,
  },
  () => {
    const port = 20_000 + (process.pid % 10_000);
    const secret = 'a secret that two servers share, and nobody else';
    let site: Site;
    let django: ChildProcess;
    before(async () => {
      site = await startSite({}, { secret, allowedOrigins: [`http://127.0.0.1:${port}`] });
      django = spawn(python!, ['demo/examples/django/site.py', 'runserver', '--noreload', `127.0.0.1:${port}`], {
        env: { ...process.env, CHAT_URL: site.url, JWT_SECRET: secret },
        stdio: 'ignore',
      });
      for (;;) {
        const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
        if (answer?.ok) break;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    });
    after(async () => {
      django.kill();
      await site.close();
    });

    it('shows signed out; then a user signs in with a session and token, and talks', async () => {
      const { page, output } = await site.open(`http://127.0.0.1:${port}/`);
      const status = (): Promise<string> =>
        page.evaluate(() => document.querySelector('chat-status')!.shadowRoot!.textContent);
      await page.waitForFunction(() => document.querySelector('chat-status')?.getAttribute('state') === 'unauthorized');
      assert.match(await status(), /You’re signed out/);
      await page.click('a[href="/login/1"]');
      await connected(page);
      await write(page, 'hello from Django');
      await arrived(page, 'hello from Django');
      // The browser logs the expected 401.
      assert.deepEqual(
        output.filter((words) => !/401/.test(words)),
        [],
      );
      await page.close();
    });

    it('12.23: issues tokens that djangorestframework-simplejwt accepts', async () => {
      const { page } = await site.open(`http://127.0.0.1:${port}/login/1`);
      const token = await page.evaluate(async () => {
        const { token } = (await (await fetch('/chat-token/')).json()) as { token: string };
        return token;
      });
      await page.close();
      const check = (key: string): string =>
        execFileSync(python!, ['-c', SIMPLE_JWT, key], {
          input: token,
          encoding: 'utf8',
          stdio: ['pipe', 'pipe', 'pipe'],
        });
      assert.equal(check(secret).trim(), '1');
      assert.throws(() => check('another key'), /Token is invalid/);
    });
  },
);
