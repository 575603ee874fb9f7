/**
 * Faults that last: an hour later they cost no more than in their first minute. Beside the fault matrix, whose rows each say what one
 * minute of a fault costs.
 */
import { expect } from '@open-wc/testing';
import type { ReasonCode } from '../../src/session/index.js';
import { json, page } from '../support/fake-backend.js';
import { BASELINE, FULL, meet, type FaultScene } from '../support/fault-scene.js';

const DOWN = (): Error => new TypeError('Failed to fetch');

/** Each with what is shown for it. */
const LASTING: Record<string, { state: 'polling' | 'error'; reason: ReasonCode; begin(scene: FaultScene): void }> = {
  'a handshake that is refused, and 503 for all of REST': {
    state: 'error',
    reason: 'server_failing',
    begin: (f) => (f.onRequest = () => page('<h1>Unavailable</h1>', 503)),
  },
  'a handshake that is refused, and 500 for all of REST': {
    state: 'error',
    reason: 'server_failing',
    begin: (f) => (f.onRequest = () => json({ detail: 'Oops.' }, 500)),
  },
  'a server that cannot be reached': { state: 'error', reason: 'server_unreachable', begin: (f) => (f.onRequest = DOWN) },
  'a server that never answers': {
    state: 'error',
    reason: 'server_slow',
    begin: (f) => {
      f.server.socketFault = 'hang';
      f.onRequest = () => 'hang';
    },
  },
  'a handshake that is refused while REST works': { state: 'polling', reason: 'websocket_blocked', begin: () => {} },
  'a handshake that hangs while REST works': { state: 'polling', reason: 'websocket_blocked', begin: (f) => (f.server.socketFault = 'hang') },
  'a captive portal': { state: 'error', reason: 'unexpected_answer', begin: (f) => (f.server.restFault = 'portal') },
  'an origin that is refused': {
    state: 'error',
    reason: 'origin_refused',
    begin: (f) => (f.onRequest = (_method, _path, { mode }) => (mode === 'no-cors' ? undefined : DOWN())),
  },
  'access that is refused': { state: 'error', reason: 'access_refused', begin: (f) => (f.onRequest = () => json({ detail: 'No.' }, 403)) },
};

describe('a fault that lasts', () => {
  for (const [backend, capabilities] of [['a full', FULL], ['a baseline', BASELINE]] as const) {
    for (const [fault, { state, reason, begin }] of Object.entries(LASTING)) {
      const isRefusal = /500|access/.test(fault);
      for (const since of ['from the start', 'after a good time'] as const) {
        it(`10.9: minute 60 of ${fault}, ${since}, on ${backend} backend`, async () => {
          const prepare = (scene: FaultScene): void => {
            scene.server.socketFault = 'refuse';
            begin(scene);
          };
          const f = await meet(since === 'from the start' ? prepare : undefined, capabilities);
          if (since !== 'from the start') {
            await f.clock.advance(61_000);
            prepare(f);
            f.server.cut(1006);
          }
          f.send('patient');
          const minute = async (): Promise<{ sockets: number; requests: number }> => {
            const [sockets, requests] = [f.constructed, f.requests.length];
            await f.clock.advance(60_000);
            return { sockets: f.constructed - sockets, requests: f.requests.length - requests };
          };
          const costs = [await minute()];
          while (costs.length < 60) costs.push(await minute());
          await f.shows(state, since !== 'from the start' && reason === 'websocket_blocked' ? 'websocket_lost' : reason);
          const said = `minutes 1, 2, 10, 30, 60: ${[0, 1, 9, 29, 59].map((at) => JSON.stringify(costs[at])).join()}`;
          expect(costs[59]!.sockets, `sockets: ${said}`).to.be.at.most(costs[0]!.sockets);
          expect(costs[59]!.requests, `requests: ${said}`).to.be.at.most(costs[0]!.requests);
          // Nor any minute in between, give or take one look over REST; and as long as REST fails, it is asked seldom.
          expect(Math.max(...costs.map(({ requests }) => requests)), `the worst minute: ${said}`).to.be.at.most(costs[0]!.requests + 3);
          if (state === 'error') expect(costs[59]!.requests, said).to.be.at.most(4);
          // What is refused once and again is its author's to send again.
          const failed = f.chat.messages(1).filter(({ delivery }) => delivery === 'failed').map(({ content }) => content);
          if (failed.length > 0) expect(isRefusal, 'is refused').to.equal(true);
          await f.heals(...failed);
        });
      }
    }
  }
});
