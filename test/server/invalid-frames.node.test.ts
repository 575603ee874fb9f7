/** Sockets that repeat invalid frames: they are closed, and do not fill the log. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { FakeClock } from '../support/fake-clock.js';
import { ANA, BEN, CLEO, join, openSocket, ROOM, within } from './support.js';

const DANA = 4;
const MAX = 5;
/** Invalid JSON, no object, an unknown type, fields of another type, and a binary frame. */
const INVALID = ['{', '[]', '{"type":"fly"}', '{"type":"sync","rooms":[]}', Buffer.from('{"type":"ping"}')];

describe('12.21: invalid frames', () => {
  const clock = new FakeClock();
  const lines: Record<string, unknown>[] = [];
  let onLine = (): void => {};
  let server: RunningServer;
  before(async () => {
    server = await startServer({
      clock,
      limits: { invalidFramesPerSocket: MAX },
      logLevel: 'warn',
      logTo: {
        write(line) {
          const { time: _time, level: _level, ...fields } = JSON.parse(line) as Record<string, unknown>;
          lines.push(fields);
          onLine();
        },
      },
    });
  });
  after(() => server.close());

  /** What was logged about a user, until the totals of a closed socket. */
  const loggedAbout = (userId: number): Promise<object[]> =>
    within(
      (async () => {
        const found = (): Record<string, unknown>[] => lines.filter(({ user }) => user === userId);
        while (!found().some(({ msg }) => msg === 'frames rejected'))
          await new Promise<void>((resolve) => (onLine = resolve));
        return found();
      })(),
      'the totals in the log',
    );

  it('12.21: close their socket with 1008 after too many of them, with three lines in the log', async () => {
    const [ana, other] = [await join(server, ANA), await join(server, ANA)];
    for (const frame of INVALID) {
      ana.socket.send(frame);
      assert.equal((await ana.take('error'))['code'], 'invalid');
    }
    // Those that are queued with the last one are not processed.
    for (let n = 0; n < 50; n++) ana.send('{');
    assert.equal((await within(ana.closed, 'the socket to be closed')).code, 1008);
    assert.equal(ana.frames.filter(({ type }) => type === 'error').length, 1);
    await other.ask({ type: 'ping' }, 'pong');
    assert.deepEqual(await loggedAbout(ANA), [
      { user: ANA, code: 'invalid', msg: 'frame rejected' },
      { user: ANA, msg: 'socket closed: too many invalid frames' },
      { user: ANA, totals: { invalid: MAX + 1 }, msg: 'frames rejected' },
    ]);
    other.close();
  });

  it('12.21: are tolerated at a low rate', async () => {
    const dana = await join(server, DANA);
    for (let minute = 0; minute < 3; minute++) {
      for (let n = 0; n < MAX; n++) await dana.ask({ type: 'fly' }, 'error');
      await clock.advance(60_000);
    }
    await dana.ask({ type: 'ping' }, 'pong');
    dana.close();
  });

  it('12.21: close a notifications socket, too', async () => {
    const ben = await openSocket(server, await server.signToken(BEN), { path: `/ws/notifications/${BEN}/` });
    for (let n = 0; n <= MAX; n++) ben.send({ action: 'fly' });
    assert.equal((await within(ben.closed, 'the socket to be closed')).code, 1008);
    assert.equal((await loggedAbout(BEN)).length, 3);
  });

  it('12.21: differ from valid frames that are refused, which close nothing and are logged once', async () => {
    const cleo = await join(server, CLEO);
    for (let n = 0; n < 4 * MAX; n++) await cleo.ask({ type: 'subscribe_room', room_id: ROOM }, 'error');
    await cleo.ask({ type: 'mark_read', room_id: 2, up_to: 999 }, 'error');
    cleo.socket.close();
    await within(cleo.closed, 'the socket to be closed');
    assert.deepEqual(await loggedAbout(CLEO), [
      { user: CLEO, code: 'access_denied', frame: 'subscribe_room', room: ROOM, msg: 'frame rejected' },
      { user: CLEO, code: 'unknown_message', frame: 'mark_read', room: 2, msg: 'frame rejected' },
      { user: CLEO, totals: { access_denied: 4 * MAX, unknown_message: 1 }, msg: 'frames rejected' },
    ]);
  });
});
