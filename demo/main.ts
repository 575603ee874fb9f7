/**
 * `npm start`: a marketplace page with the chat in it, and the other pages of demo/site. The backend is the reference
 * backend (demo/server). On faults.html, Ana and Ben each use a fault proxy (`/line/<name>`), controlled by the page's
 * panel.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { HttpBindings } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono, type MiddlewareHandler } from 'hono';
import { renderPage } from './examples/ssr/page.js';
import { createFaultProxy, type FaultProxy, type Faults } from './fault-proxy/fault-proxy.js';
import { CONTENT_SECURITY_POLICY } from './content-security-policy.js';
import { isLoopback } from './loopback.js';
import {
  readDifferences,
  readNumber,
  readStorageOptions,
  readSecret,
  exitWithError,
} from './server/command-options.js';
import { startServer } from './server/server.js';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: process.env.PORT ?? '8000' },
    data: { type: 'string', default: '.data' },
    reset: { type: 'boolean', default: false },
    baseline: { type: 'boolean', default: false },
    with: { type: 'string', default: '' },
  },
});

/** Users of the seed data. */
const USERS = { ana: 1, ben: 2 } as const;
type DemoUser = keyof typeof USERS;
const isDemoUser = (name: string): name is DemoUser => Object.hasOwn(USERS, name);

const HOUR_S = 3_600;
/** Shown until start.mjs has built the page. */
const buildingPage =
  '<!doctype html><title>unified-chat</title><meta http-equiv="refresh" content="3"><p>This page is being built. It reloads automatically.</p>';

const differences = readDifferences(values.with);
if (values.reset) await rm(values.data, { recursive: true, force: true });

const proxies = new Map<DemoUser, FaultProxy>();
/** Only for the chat's own routes: proxied requests come from this machine, and must not reach routes that trust it. */
const proxyOf = (url = ''): FaultProxy | undefined => {
  const [path] = url.split('?', 1) as [string];
  const name = /^\/line\/(\w+)\/(?:api|ws)\//.exec(path)?.[1];
  if (
    !name ||
    !isDemoUser(name) ||
    !URL.canParse(path, 'http://localhost') ||
    new URL(path, 'http://localhost').pathname !== path
  )
    return undefined;
  return proxies.get(name);
};

/** For routes that need no sign-in. `HOST` can expose the demo to other machines, but not these routes. */
const loopbackOnly: MiddlewareHandler<{ Bindings: HttpBindings }> = async (context, next) => {
  if (isLoopback(context.env.incoming)) return next();
  return context.json({ detail: 'The demo issues tokens to this machine only. Open it at http://localhost.' }, 403);
};

const pages = new Hono<{ Bindings: HttpBindings }>();
pages.use(async (context, next) => {
  await next();
  if (!context.res.headers.has('Content-Security-Policy'))
    context.header('Content-Security-Policy', CONTENT_SECURITY_POLICY);
  context.header('Cache-Control', 'no-store');
});
pages.get('/demo/token/:name', loopbackOnly, async (context) => {
  const name = context.req.param('name');
  if (!isDemoUser(name))
    return context.json({ detail: `Unknown user. Available: ${Object.keys(USERS).join(', ')}.` }, 404);
  const expiresIn = Number(context.req.query('expires_in') ?? HOUR_S);
  return context.json({ token: await server.signToken(USERS[name], { expiresIn }) });
});
// A token endpoint like that of a real site, which knows the signed-in user: here always Ana.
pages.get('/chat-token/', loopbackOnly, async (context) => context.json({ token: await server.signToken(USERS.ana) }));
pages.get('/demo/faults/:name', loopbackOnly, (context) => {
  const name = context.req.param('name');
  const proxy = isDemoUser(name) && proxies.get(name);
  if (!proxy) return context.json({ detail: 'Unknown user.' }, 404);
  const { cut, ...wanted } = context.req.query();
  if (cut !== undefined) proxy.cut();
  const faults: Partial<Faults> = {};
  if (wanted.socket) faults.socket = wanted.socket as Faults['socket'];
  if (wanted.rest) faults.rest = wanted.rest as Faults['rest'];
  if (wanted.delay) faults.delayMs = Math.min(Number(wanted.delay) || 0, 10_000);
  proxy.set(faults);
  return context.json(proxy.faults);
});
for (const name of ['studio', 'playground'])
  pages.get(`/${name}`, (context) => context.redirect(`/dist/site/${name}/`));
pages.get('/ssr', loopbackOnly, async (context) => {
  const nonce = randomBytes(16).toString('base64');
  context.header(
    'Content-Security-Policy',
    CONTENT_SECURITY_POLICY.replace("style-src 'self'", `style-src 'self' 'nonce-${nonce}'`),
  );
  const shell = await readFile('dist/demo/examples/ssr/index.html', 'utf8').catch(() => buildingPage);
  const token = await server.signToken(USERS.ana);
  return context.html(
    await renderPage({
      shell: shell.replaceAll('../', '/dist/examples/'),
      backend: `http://127.0.0.1:${server.port}`,
      token,
      me: USERS.ana,
      tokenUrl: '/demo/token/ana',
      nonce,
    }),
  );
});
pages.use('/dist/*', serveStatic({ root: './dist/demo', rewriteRequestPath: (path) => path.replace('/dist', '') }));
pages.get('/dist/:folder{site|examples}/*', (context, next) =>
  existsSync(`dist/demo/${context.req.param('folder')}`) ? next() : context.html(buildingPage, 503),
);
pages.use('/examples/*', serveStatic({ root: './demo' }));
pages.use('*', serveStatic({ root: './demo/site' }));

const server = await startServer({
  port: readNumber('port', values.port) ?? 0,
  ...readStorageOptions(join(values.data, 'database')),
  secret: await readSecret(values.data),
  host: process.env.HOST ?? '127.0.0.1',
  baseline: values.baseline,
  differences,
  logLevel: 'warn',
  fetch: (request, incoming) => pages.fetch(request, { incoming }),
  onRequest: (request, response) => {
    const proxy = proxyOf(request.url);
    proxy?.handleRequest(request, response);
    return proxy !== undefined;
  },
  onUpgrade: (request, socket, head) => {
    const proxy = proxyOf(request.url);
    proxy?.handleUpgrade(request, socket, head);
    return proxy !== undefined;
  },
}).catch((thrown: unknown) => {
  const error = thrown as NodeJS.ErrnoException;
  exitWithError(
    error.code === 'EADDRINUSE' ? `Port ${values.port} is in use. Choose another: PORT=8001 npm start` : error.message,
  );
});

for (const name of Object.keys(USERS) as DemoUser[]) {
  proxies.set(name, createFaultProxy({ target: `http://127.0.0.1:${server.port}`, prefix: `/line/${name}` }));
}

console.log(
  `\n  unified-chat is running (${values.baseline ? 'baseline backend' : 'full backend'}): http://localhost:${server.port}\n  Ctrl-C stops it.\n`,
);

let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    for (const proxy of proxies.values()) proxy.close();
    void server.close().then(() => process.exit(0));
  });
}
