/**
 * Persistent faults: after an hour they cost no more than in the first minute. (The fault matrix covers one minute.)
 */
import { expect } from '@open-wc/testing';
import type { ReasonCode } from '../../src/locale/state-reasons.js';
import { json, page } from '../support/fake-backend.js';
import { BASELINE, FULL, openFaultScene, type FaultScene } from '../support/fault-scene.js';

const DOWN = (): Error => new TypeError('Failed to fetch');

/** Each with the displayed state. */
const LASTING: Record<string, { state: 'polling' | 'error'; reason: ReasonCode; begin(scene: FaultScene): void }> = {
  'a rejected handshake and 503 for all of REST': {
    state: 'error',
    reason: 'server_failing',
    begin: (f) => (f.onRequest = () => page('<h1>Unavailable</h1>', 503)),
  },
  'a rejected handshake and 500 for all of REST': {
    state: 'error',
    reason: 'server_failing',
    begin: (f) => (f.onRequest = () => json({ detail: 'Oops.' }, 500)),
  },
  'an unreachable server': { state: 'error', reason: 'server_unreachable', begin: (f) => (f.onRequest = DOWN) },
  'a server that never answers': {
    state: 'error',
    reason: 'server_slow',
    begin: (f) => {
      f.server.socketFault = 'hang';
      f.onRequest = () => 'hang';
    },
  },
  'a rejected handshake while REST works': { state: 'polling', reason: 'websocket_blocked', begin: () => {} },
  'a hanging handshake while REST works': {
    state: 'polling',
    reason: 'websocket_blocked',
    begin: (f) => (f.server.socketFault = 'hang'),
  },
  'a captive portal': { state: 'error', reason: 'unexpected_answer', begin: (f) => (f.server.restFault = 'portal') },
  'a rejected origin': {
    state: 'error',
    reason: 'origin_refused',
    begin: (f) => (f.onRequest = (_method, _path, { mode }) => (mode === 'no-cors' ? undefined : DOWN())),
  },
  'denied access': {
    state: 'error',
    reason: 'access_refused',
    begin: (f) => (f.onRequest = () => json({ detail: 'No.' }, 403)),
  },
};

describe('a persistent fault', () => {
  for (const [backend, capabilities] of [
    ['a full', FULL],
    ['a baseline', BASELINE],
  ] as const) {
    for (const [fault, { state, reason, begin }] of Object.entries(LASTING)) {
      const isRefusal = /500|access/.test(fault);
      for (const since of ['from the start', 'after a healthy phase'] as const) {
        it(`10.9: minute 60 of ${fault}, ${since}, on ${backend} backend`, async () => {
          const prepare = (scene: FaultScene): void => {
            scene.server.socketFault = 'refuse';
            begin(scene);
          };
          const f = await openFaultScene(since === 'from the start' ? prepare : undefined, capabilities);
          if (since !== 'from the start') {
            await f.clock.advance(61_000);
            prepare(f);
            f.server.cut(1006);
          }
          f.send('patient');
          const minute = async (): Promise<{ sockets: number; requests: number }> => {
            const [sockets, requests] = [f.socketAttempts, f.requests.length];
            await f.clock.advance(60_000);
            return { sockets: f.socketAttempts - sockets, requests: f.requests.length - requests };
          };
          const costs = [await minute()];
          while (costs.length < 60) costs.push(await minute());
          await f.expectState(
            state,
            since !== 'from the start' && reason === 'websocket_blocked' ? 'websocket_lost' : reason,
          );
          const summary = `minutes 1, 2, 10, 30, 60: ${[0, 1, 9, 29, 59].map((at) => JSON.stringify(costs[at])).join()}`;
          expect(costs[59]!.sockets, `sockets: ${summary}`).to.be.at.most(costs[0]!.sockets);
          expect(costs[59]!.requests, `requests: ${summary}`).to.be.at.most(costs[0]!.requests);
          // Nor does any other minute, within one REST poll; while REST fails, polls are rare.
          expect(Math.max(...costs.map(({ requests }) => requests)), `the worst minute: ${summary}`).to.be.at.most(
            costs[0]!.requests + 3,
          );
          if (state === 'error') expect(costs[59]!.requests, summary).to.be.at.most(4);
          // Messages that were rejected repeatedly are left for the user to retry.
          const failed = f.chat
            .messages(1)
            .filter(({ delivery }) => delivery === 'failed')
            .map(({ content }) => content);
          if (failed.length > 0) expect(isRefusal, 'is refused').to.equal(true);
          await f.expectRecovery(...failed);
        });
      }
    }
  }
});
