/**
 * Serves a page under a strict Content-Security-Policy: `/strict-page?backend=…&token=…` with chat.js and elements, or,
 * with `&loader`, only loader.js. The page records violations in `violations`. Bypasses the test runner, which would
 * inject a script.
 */
const watch = `globalThis.violations = [];
document.addEventListener('securitypolicyviolation', (event) => violations.push(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample));`;

export function strictPage(context, next) {
  if (context.path === '/strict-page/watch.js') {
    context.type = 'js';
    context.body = watch;
    return undefined;
  }
  // Response of the site's `token-url`.
  if (context.path === '/strict-page/token') {
    context.body = { token: context.query.token };
    return undefined;
  }
  if (context.path !== '/strict-page') return next();
  const { backend, token, loader } = context.query;
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `connect-src 'self' ${backend} ${backend.replace(/^http/, 'ws')}`,
    `img-src ${backend}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
  const address = `/strict-page/token?token=${token}`;
  const elements =
    loader === undefined
      ? `<script type="module" src="/dist/chat.js"></script>
        <chat-connection url="${backend}" token-url="${address}" notifications><chat-status always></chat-status><chat-rooms></chat-rooms><chat-thread></chat-thread></chat-connection>`
      : `<script async src="/dist/loader.js" data-url="${backend}" data-token-url="${address}"></script>`;
  context.respond = false;
  context.res.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy });
  context.res.end(
    `<!doctype html><html lang="en"><head><title>Strict</title><script src="/strict-page/watch.js"></script></head><body>${elements}</body></html>`,
  );
  return undefined;
}
