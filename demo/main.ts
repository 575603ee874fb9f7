/**
 * `npm start`: a marketplace page with the chat in it, and the other pages of demo/site. The backend is the real one (demo/server). On
 * faults.html Ana and Ben each reach it through a fault proxy (`/line/<name>`) that the page's panel controls.
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
import { createFaultLine, type FaultLine, type Faults } from './fault-proxy/fault-proxy.js';
import { isLoopback } from './loopback.js';
import { readDifferences, readNumber, readPlaces, readSecret, stop } from './server/command.js';
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

/** Who is who in the seed data. */
const PEOPLE = { ana: 1, ben: 2 } as const;
type Person = keyof typeof PEOPLE;
const isPerson = (name: string): name is Person => Object.hasOwn(PEOPLE, name);

const HOUR_S = 3_600;
/** What a careful host page would send; everything in the demo works under it. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'";

/** In place of the pages that start.mjs builds after the start. */
const stillBuilt =
  '<!doctype html><title>unified-chat</title><meta http-equiv="refresh" content="3"><p>This page is being built. It reloads by itself.</p>';

const differences = readDifferences(values.with);
if (values.reset) await rm(values.data, { recursive: true, force: true });

const lines = new Map<Person, FaultLine>();
/** Only to the chat's own routes: what comes out of a line comes from this machine, and must not reach those that trust it. */
const lineOf = (url = ''): FaultLine | undefined => {
  const [path] = url.split('?', 1) as [string];
  const name = /^\/line\/(\w+)\/(?:api|ws)\//.exec(path)?.[1];
  if (!name || !isPerson(name) || !URL.canParse(path, 'http://localhost') || new URL(path, 'http://localhost').pathname !== path) return undefined;
  return lines.get(name);
};

/** For routes that answer without a sign-in. With `HOST` the demo can be reached from other machines; these routes cannot. */
const onThisMachine: MiddlewareHandler<{ Bindings: HttpBindings }> = async (context, next) => {
  if (isLoopback(context.env.incoming)) return next();
  return context.json({ detail: 'The demo gives tokens on this machine alone: open it at http://localhost.' }, 403);
};

const pages = new Hono<{ Bindings: HttpBindings }>();
pages.use(async (context, next) => {
  await next();
  if (!context.res.headers.has('Content-Security-Policy')) context.header('Content-Security-Policy', POLICY);
  context.header('Cache-Control', 'no-store');
});
pages.get('/demo/token/:name', onThisMachine, async (context) => {
  const name = context.req.param('name');
  if (!isPerson(name)) return context.json({ detail: `No such person. There are: ${Object.keys(PEOPLE).join(', ')}.` }, 404);
  const expiresIn = Number(context.req.query('expires_in') ?? HOUR_S);
  return context.json({ token: await server.signToken(PEOPLE[name], { expiresIn }) });
});
// As a site of one's own has it, for whoever is signed in: here that is Ana.
pages.get('/chat-token/', onThisMachine, async (context) => context.json({ token: await server.signToken(PEOPLE.ana) }));
pages.get('/demo/faults/:name', onThisMachine, (context) => {
  const name = context.req.param('name');
  const line = isPerson(name) && lines.get(name);
  if (!line) return context.json({ detail: 'No such person.' }, 404);
  const { cut, ...wanted } = context.req.query();
  if (cut !== undefined) line.cut();
  const faults: Partial<Faults> = {};
  if (wanted.socket) faults.socket = wanted.socket as Faults['socket'];
  if (wanted.rest) faults.rest = wanted.rest as Faults['rest'];
  if (wanted.delay) faults.delayMs = Math.min(Number(wanted.delay) || 0, 10_000);
  line.set(faults);
  return context.json(line.faults);
});
for (const name of ['studio', 'playground']) pages.get(`/${name}`, (context) => context.redirect(`/dist/site/${name}/`));
pages.get('/ssr', onThisMachine, async (context) => {
  const nonce = randomBytes(16).toString('base64');
  context.header('Content-Security-Policy', POLICY.replace("style-src 'self'", `style-src 'self' 'nonce-${nonce}'`));
  const shell = await readFile('dist/demo/examples/ssr/index.html', 'utf8').catch(() => stillBuilt);
  const token = await server.signToken(PEOPLE.ana);
  return context.html(await renderPage({ shell: shell.replaceAll('../', '/dist/examples/'), backend: `http://127.0.0.1:${server.port}`, token, me: PEOPLE.ana, tokenUrl: '/demo/token/ana', nonce }));
});
pages.use('/dist/*', serveStatic({ root: './dist/demo', rewriteRequestPath: (path) => path.replace('/dist', '') }));
pages.get('/dist/:folder{site|examples}/*', (context, next) =>
  existsSync(`dist/demo/${context.req.param('folder')}`) ? next() : context.html(stillBuilt, 503),
);
pages.use('/examples/*', serveStatic({ root: './demo' }));
pages.use('*', serveStatic({ root: './demo/site' }));

const server = await startServer({
  port: readNumber('port', values.port) ?? 0,
  ...readPlaces(join(values.data, 'database')),
  secret: await readSecret(values.data),
  host: process.env.HOST ?? '127.0.0.1',
  baseline: values.baseline,
  differences,
  logLevel: 'warn',
  fetch: (request, incoming) => pages.fetch(request, { incoming }),
  onRequest: (request, response) => {
    const line = lineOf(request.url);
    line?.handleRequest(request, response);
    return line !== undefined;
  },
  onUpgrade: (request, socket, head) => {
    const line = lineOf(request.url);
    line?.handleUpgrade(request, socket, head);
    return line !== undefined;
  },
}).catch((thrown: unknown) => {
  const error = thrown as NodeJS.ErrnoException;
  stop(error.code === 'EADDRINUSE' ? `Port ${values.port} is in use. Choose another: PORT=8001 npm start` : error.message);
});

for (const name of Object.keys(PEOPLE) as Person[]) {
  lines.set(name, createFaultLine({ target: `http://127.0.0.1:${server.port}`, prefix: `/line/${name}` }));
}

console.log(`\n  unified-chat is running (${values.baseline ? 'baseline backend' : 'full backend'}): http://localhost:${server.port}\n  Ctrl-C stops it.\n`);

let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    for (const line of lines.values()) line.close();
    void server.close().then(() => process.exit(0));
  });
}
