/**
 * Runs browser tests in WebKitGTK: Xvfb, WebKitWebDriver, MiniBrowser, and the required subset of WebDriver. It
 * resembles Puppeteer to `@web/test-runner-commands`, so `sendKeys`, `sendMouse` and `setViewport` work here too.
 */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

const START_MS = 20_000;
/** Puppeteer key names to WebDriver key codes. */
const KEYS = {
  Backspace: '\uE003', Tab: '\uE004', Enter: '\uE007', Shift: '\uE008', Control: '\uE009', Alt: '\uE00A', Escape: '\uE00C', Space: ' ',
  PageUp: '\uE00E', PageDown: '\uE00F', End: '\uE010', Home: '\uE011', ArrowLeft: '\uE012', ArrowUp: '\uE013', ArrowRight: '\uE014',
  ArrowDown: '\uE015', Insert: '\uE016', Delete: '\uE017', Meta: '\uE03D',
}; // prettier-ignore
const BUTTONS = { left: 0, middle: 1, right: 2 };

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/**
 * A separate display, invisible to the developer. Without a window manager, the window under the pointer has the focus,
 * and the pointer rests in the middle, so the display is smaller than any window.
 * @returns the process, and the display name.
 */
async function startDisplay(program) {
  const child = spawn(program, ['-displayfd', '3', '-screen', '0', '320x240x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const number = await new Promise((resolve, reject) => {
    child.once('error', reject).once('exit', () => reject(new Error('Xvfb exited before it had a display.')));
    child.stdio[3].once('data', (data) => resolve(String(data).trim()));
  });
  return { child, name: `:${number}` };
}

export function webkitLauncher({ driver, browser, display }) {
  const children = [];
  const active = new Map();
  let base = '';
  let session;
  let exitHook;

  async function call(method, path, body) {
    const response = await fetch(`${base}${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    });
    const { value } = await response.json();
    if (!response.ok)
      throw new Error(`WebKitWebDriver, ${method} ${path}: ${value?.message || value?.error || response.status}`);
    return value;
  }
  const inSession = async (method, path, body) => call(method, `/session/${await session}${path}`, body);

  async function start() {
    const shown = display ? await startDisplay(display) : undefined;
    if (shown) children.push(shown.child);
    const port = await freePort();
    const env = {
      ...process.env,
      ...(shown && { DISPLAY: shown.name }),
      GDK_BACKEND: 'x11',
      LIBGL_ALWAYS_SOFTWARE: '1',
      NO_AT_BRIDGE: '1',
    };
    children.push(spawn(driver, [`--port=${port}`], { env, stdio: 'ignore' }));
    exitHook = () => children.forEach((child) => child.kill());
    process.once('exit', exitHook);
    base = `http://127.0.0.1:${port}`;
    for (const deadline = Date.now() + START_MS; ;) {
      if (
        await fetch(`${base}/status`).then(
          (response) => response.ok,
          () => false,
        )
      )
        break;
      if (Date.now() > deadline) throw new Error(`WebKitWebDriver did not answer within ${START_MS / 1000} s.`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { sessionId } = await call('POST', '/session', {
      capabilities: {
        alwaysMatch: {
          browserName: 'MiniBrowser',
          pageLoadStrategy: 'none',
          'webkitgtk:browserOptions': { binary: browser, args: ['--automation'] },
        },
      },
    });
    return sessionId;
  }

  const perform = (...sources) => inSession('POST', '/actions', { actions: sources });
  const keys = (...actions) =>
    perform({
      type: 'key',
      id: 'keyboard',
      actions: actions.map(([type, key]) => ({ type, value: KEYS[key] ?? key })),
    });
  const pointer = (...actions) =>
    perform({ type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions });
  const moveTo = (x, y) => ({ type: 'pointerMove', duration: 0, x: Math.round(x), y: Math.round(y) });
  const down = (button = 'left') => ({ type: 'pointerDown', button: BUTTONS[button] });
  const up = (button = 'left') => ({ type: 'pointerUp', button: BUTTONS[button] });

  const page = {
    keyboard: {
      type: (text) =>
        keys(
          ...[...text].flatMap((key) => [
            ['keyDown', key],
            ['keyUp', key],
          ]),
        ),
      press: (key) => keys(['keyDown', key], ['keyUp', key]),
      down: (key) => keys(['keyDown', key]),
      up: (key) => keys(['keyUp', key]),
    },
    mouse: {
      move: (x, y) => pointer(moveTo(x, y)),
      click: (x, y, { button } = {}) => pointer(moveTo(x, y), down(button), up(button)),
      down: ({ button } = {}) => pointer(down(button)),
      up: ({ button } = {}) => pointer(up(button)),
      reset: () => inSession('DELETE', '/actions'),
    },
    async setViewport({ width, height }) {
      const script = 'return [window.outerWidth - window.innerWidth, window.outerHeight - window.innerHeight]';
      const [x, y] = await inSession('POST', '/execute/sync', { script, args: [] });
      await inSession('POST', '/window/rect', { width: width + x, height: height + y });
    },
    emulateMediaFeatures: () => Promise.reject(new Error('emulateMedia is not supported in WebKit.')),
  };

  return {
    name: 'WebKit',
    type: 'puppeteer',
    // There is only one window.
    concurrency: 1,
    async startSession(id, url) {
      active.set(id, url);
      session ??= start();
      await inSession('POST', '/url', { url });
    },
    isActive: (id) => active.has(id),
    getBrowserUrl: (id) => active.get(id),
    getPage: () => page,
    async stopSession(id) {
      active.delete(id);
      await inSession('DELETE', '/actions');
      await inSession('POST', '/url', { url: 'about:blank' });
      return {};
    },
    startDebugSession: () => Promise.reject(new Error('Debugging in WebKit is not supported; use another browser.')),
    async stop() {
      if (!session) return;
      await inSession('DELETE', '').catch(() => {});
      for (const child of children.reverse()) child.kill();
      process.off('exit', exitHook);
    },
  };
}
