/** A wrong WebSocket path is told from a refused token, a refused site and a failed server. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import type { DiagnoseOptions } from '../../src/doctor/index.js';
import type { FaultName } from '../support/backend-faults.js';
import { diagnoseWithFault, failedIds, findingOf, SITE } from './support.js';

interface ExpectedCause {
  fault: FaultName;
  options?: Partial<DiagnoseOptions>;
  id: string;
  message: RegExp;
  fix: RegExp;
  /** Checks that must not pass: nothing shows what they claim. */
  unproven?: string[];
}

const WRONG_PATH = { wsPath: '/ws/wrong/' };
const TOKEN_AND_ROUTE = ['token.query', 'socket.route'];

const CAUSES: Record<string, ExpectedCause> = {
  'a wrong path on Django Channels': {
    fault: 'Channels: 500 without a route',
    options: WRONG_PATH,
    id: 'socket.route',
    message:
      /500 at \/ws\/wrong\/, and also at \/ws\/wrong\/unified-chat-doctor\/.* A WebSocket opens at \/ws\/chat\/\.$/,
    fix: /--ws-path.*ValueError/,
    unproven: TOKEN_AND_ROUTE,
  },
  'a wrong path on Django Channels, without --origin': {
    fault: 'Channels: origin checked before the path',
    options: WRONG_PATH,
    id: 'socket.route',
    message: /500 at \/ws\/wrong\//,
    fix: /--ws-path/,
    unproven: TOKEN_AND_ROUTE,
  },
  'a wrong path on Django Channels, with --origin': {
    fault: 'Channels: origin checked before the path',
    options: { ...WRONG_PATH, origin: SITE },
    id: 'socket.route',
    message: /500 at \/ws\/wrong\//,
    fix: /--ws-path/,
    unproven: TOKEN_AND_ROUTE,
  },
  'a wrong path where the server answers 403, and the default path opens': {
    fault: '403 without a route',
    options: WRONG_PATH,
    id: 'socket.route',
    message: /no WebSocket at \/ws\/wrong\/.* A WebSocket opens at \/ws\/chat\//,
    fix: /--ws-path/,
    unproven: TOKEN_AND_ROUTE,
  },
  'a server that answers 403 at every path': {
    fault: '403 at every path',
    id: 'socket.upgrade',
    message: /refused with 403; at \S+, which should have no route, .*the path, the token or the origin.*REST accepts/,
    fix: /--ws-path[^]*parse_qs/,
    unproven: TOKEN_AND_ROUTE,
  },
  'a wrong path behind a check that does not find the token': {
    fault: 'token not read from the query string',
    options: WRONG_PATH,
    id: 'socket.upgrade',
    message: /the path, the token or the origin/,
    fix: /--ws-path/,
    unproven: TOKEN_AND_ROUTE,
  },
  'a token that is not read from the query string, without --origin': {
    fault: 'Channels: origin and path checked before the token',
    id: 'token.query',
    message: /refused with 403; REST accepts the same token\. The WebSocket accepts it in the header Authorization/,
    fix: /parse_qs/,
  },
  'a token that is not read from the query string, at a wrong path of a server that accepts every path': {
    fault: 'WebSocket at every path, token in the header Authorization',
    options: WRONG_PATH,
    id: 'token.query',
    message: /The WebSocket accepts it in the header Authorization/,
    fix: /parse_qs/,
    unproven: ['socket.route'],
  },
  'a server that fails at the path of the chat': {
    fault: '500 at the path of the chat',
    id: 'socket.upgrade',
    message: /returned 500\..* so \/ws\/chat\/ exists and the server failed/,
    fix: /stack trace/,
  },
  'a server that accepts every path and never greets': {
    fault: 'WebSocket at every path, without a greeting',
    options: WRONG_PATH,
    id: 'socket.greeting',
    message: /no greeting within 3 s/,
    fix: /Check the path too/,
    unproven: TOKEN_AND_ROUTE,
  },
  'a server that accepts every path and closes with 4001': {
    fault: 'WebSocket at every path, closed with 4001',
    options: WRONG_PATH,
    id: 'token.query',
    message: /closed with 4001; at \S+, which should have no route/,
    fix: /--ws-path/,
    unproven: ['socket.route'],
  },
};

describe('12.22: the path of the WebSocket', () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({ allowedOrigins: [SITE] });
  });
  after(() => server.close());

  for (const [name, { fault, options, id, message, fix, unproven = [] }] of Object.entries(CAUSES)) {
    it(`12.22: ${name}`, async () => {
      const report = await diagnoseWithFault(fault, server, options);
      assert.deepEqual(failedIds(report), [id]);
      assert.match(findingOf(report, id).message, message);
      assert.match(findingOf(report, id).fix!, fix);
      for (const each of unproven) assert.notEqual(findingOf(report, each).verdict, 'pass', each);
    });
  }

  it('12.22: a refused token is still the cause if other paths are answered differently', async () => {
    const report = await diagnoseWithFault('valid token: WebSocket opened, then closed with 4001', server);
    assert.deepEqual(failedIds(report), ['token.query']);
    assert.equal(findingOf(report, 'socket.route').verdict, 'pass');
  });
});
