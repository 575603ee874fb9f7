/** Each fault of a real backend, injected alone, fails its own check, and no unrelated one. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Difference } from '../../demo/server/quirks.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import type { DiagnoseOptions } from '../../src/doctor/index.js';
import { BEN } from '../server/support.js';
import type { FaultName } from '../support/backend-faults.js';
import { diagnoseServer, diagnoseWithFault, failedIds, findingOf, SITE, WRITE } from './support.js';

interface ExpectedFailure {
  fault: FaultName;
  /** The check that must fail, with this message and this fix. */
  id: string;
  message: RegExp;
  fix: RegExp;
  options?: Partial<DiagnoseOptions>;
  /** Other checks that fail as a consequence. */
  alsoFails?: string[];
}

const FROM_SITE = { origin: SITE };

const HANDSHAKE_FAILURES: ExpectedFailure[] = [
  {
    fault: 'token not read from the query string',
    id: 'token.query',
    message: /refused with 403; REST accepts the same token\. The WebSocket accepts it in the header Authorization/,
    fix: /parse_qs/,
  },
  {
    fault: 'token read from the subprotocol only',
    id: 'token.query',
    message: /The WebSocket accepts it as a subprotocol/,
    fix: /parse_qs/,
  },
  {
    fault: 'valid token: WebSocket opened, then closed with 4001',
    id: 'token.query',
    message: /opened and then closed with 4001/,
    fix: /parse_qs/,
  },
  {
    fault: 'upgrade removed by a proxy: 404',
    id: 'socket.upgrade',
    message: /404.*as a plain HTTP request would/,
    fix: /proxy_set_header Upgrade \$http_upgrade/,
  },
  {
    fault: 'upgrade removed by a proxy: 200',
    id: 'socket.upgrade',
    message: /200 and an HTML page titled 'Welcome to nginx!'/,
    fix: /location \/ws\/chat\//,
  },
  {
    fault: 'upgrade removed by a proxy: 426',
    id: 'socket.upgrade',
    message: /426/,
    fix: /proxy_http_version 1\.1/,
  },
  {
    fault: 'upgrade removed by a proxy: 400',
    id: 'socket.upgrade',
    message: /400/,
    fix: /proxy_set_header Connection "upgrade"/,
  },
  {
    fault: 'no WebSocket at the path',
    id: 'socket.route',
    message: /no WebSocket at \/ws\/chat\/ \(404\)/,
    fix: /--ws-path/,
  },
  {
    fault: 'handshake redirected',
    id: 'socket.upgrade',
    message: /redirect \(301\) to \/ws\/chat/,
    fix: /ws-path/,
  },
  { fault: 'ASGI server down', id: 'socket.upgrade', message: /502/, fix: /ASGI server is running/ },
  {
    fault: 'forged and missing token accepted by the WebSocket',
    id: 'socket.bad-token',
    message: /with a forged token was accepted and received the greeting/,
    fix: /Verify the token/,
    alsoFails: ['socket.no-token', 'notifications.no-token', 'notifications.access', 'non-member.subscribe'],
  },
  {
    fault: 'missing token accepted by the WebSocket',
    id: 'socket.no-token',
    message: /without a token was accepted and received the greeting/,
    fix: /Verify the token/,
    alsoFails: ['notifications.no-token'],
  },
  {
    fault: 'bad token: WebSocket closed with 1008',
    id: 'socket.rejection',
    message: /opened and then closed with 1008 instead of 4001/,
    fix: /4001/,
  },
  {
    fault: 'no greeting',
    id: 'socket.greeting',
    message: /no greeting within 3 s/,
    fix: /connection_established/,
  },
];

const FRAME_FAILURES: ExpectedFailure[] = [
  {
    fault: 'get_room_list answered with an error',
    id: 'socket.room-list',
    message: /datetime is not JSON serializable/,
    fix: /DjangoJSONEncoder/,
  },
  {
    fault: 'get_room_list: WebSocket closed with 1011',
    id: 'socket.room-list',
    message: /closed the WebSocket with 1011/,
    fix: /DjangoJSONEncoder/,
  },
  {
    fault: 'get_room_list not answered',
    id: 'socket.room-list',
    message: /did not answer get_room_list within 2 s/,
    fix: /get_room_list/,
  },
  { fault: 'ping not answered', id: 'socket.ping', message: /did not answer a ping/, fix: /pong/ },
  {
    fault: 'unknown frame: WebSocket closed with 1011',
    id: 'socket.unknown-frame',
    message: /closed the WebSocket with 1011 \(KeyError\) after a frame of unknown type/,
    fix: /Catch the error/,
  },
  {
    fault: 'malformed JSON: WebSocket closed with 1003',
    id: 'socket.malformed',
    message: /closed the WebSocket with 1003 after malformed JSON/,
    fix: /Catch the error/,
  },
  {
    fault: 'subscribe_room answered with an error',
    id: 'socket.subscribe',
    message: /'Access denied for …'/,
    fix: /subscribed/,
  },
];

const REST_FAILURES: ExpectedFailure[] = [
  {
    fault: 'REST route missing',
    id: 'rest.route',
    message: /GET \/api\/chat\/rooms\/ returned 404/,
    fix: /--api-path/,
  },
  {
    fault: 'sign-in page',
    id: 'rest.json',
    message: /a sign-in page titled 'Please sign in'/,
    fix: /Exempt the API path/,
    alsoFails: ['rest.401', 'rest.bad-token'],
  },
  {
    fault: 'web app instead of the API',
    id: 'rest.json',
    message: /the page of a web app titled 'My app'/,
    fix: /index\.html/,
    alsoFails: ['rest.401', 'rest.bad-token'],
  },
  {
    fault: 'redirect to a sign-in page',
    id: 'rest.redirect',
    message: /redirect \(302\) to \/login/,
    fix: /asks for a sign-in/,
  },
  {
    fault: 'forged token accepted by REST',
    id: 'rest.bad-token',
    message: /accepted a token with a forged signature/,
    fix: /Verify the token/,
  },
  {
    fault: 'bad token refused with 403 instead of 401',
    id: 'rest.401',
    message: /answered with 403 instead of 401/,
    fix: /JWTAuthentication first/,
    alsoFails: ['rest.bad-token'],
  },
  {
    fault: 'rooms readable for non-members',
    id: 'rooms.access',
    message: /readable for a user who is not a member/,
    fix: /Return 404/,
  },
  {
    fault: 'unread counts sent as strings',
    id: 'rooms.fields',
    message: /rooms\[0\]\.unread_count is a string; expected a non-negative integer/,
    fix: /docs\/PROTOCOL/,
    alsoFails: ['rooms.detail', 'rooms.unread'],
  },
  {
    fault: 'times without UTC offset',
    id: 'timestamps.rest',
    message: /rooms\[\d\]\.\S+: "\d{4}-\d\d-\d\dT[\d:.]+"/,
    fix: /USE_TZ/,
    alsoFails: ['timestamps.socket'],
  },
  {
    fault: 'no CORS headers',
    id: 'cors.preflight',
    message: /Access-Control-Allow-Origin: missing/,
    fix: /CORS_ALLOWED_ORIGINS/,
    options: FROM_SITE,
    alsoFails: ['cors.origin', 'cors.error-response', 'cors.idempotency-key', 'cors.methods'],
  },
  {
    fault: 'CORS without Idempotency-Key',
    id: 'cors.idempotency-key',
    message: /does not allow the header Idempotency-Key/,
    fix: /Idempotency-Key/,
    options: FROM_SITE,
  },
  {
    fault: 'token required for preflight requests',
    id: 'cors.preflight',
    message: /has status 401 \(a preflight request carries no token/,
    fix: /before the token is checked/,
    options: FROM_SITE,
    alsoFails: ['cors.idempotency-key', 'cors.methods'],
  },
];

const WRITE_FAILURES: ExpectedFailure[] = [
  {
    fault: 'sends not idempotent',
    id: 'idempotent.socket-socket',
    message: /stored 2 times/,
    fix: /Idempotency-Key/,
    alsoFails: ['idempotent.socket-rest', 'idempotent.rest-rest'],
  },
  {
    fault: 'ack announced but not sent',
    id: 'send.ack',
    message: /no message_ack/,
    fix: /do not announce ack/,
    alsoFails: ['idempotent.socket-socket'],
  },
  {
    fault: 'gap in seq',
    id: 'sync.seq',
    message: /In room 1, change \d+ is followed by change \d+/,
    fix: /transaction/,
  },
  {
    fault: 'newest message missing in the history',
    id: 'history.contains-sent',
    message: /not on the newest page/,
    fix: /oldest message first/,
    alsoFails: ['history.after', 'idempotent.rest-rest', 'delete.history'],
  },
].map((failure) => ({ ...failure, options: WRITE }) as ExpectedFailure);

describe('injected faults', () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({ allowedOrigins: [SITE], limits: { rate: 10_000, uploadsPerUser: 10_000 } });
  });
  after(() => server.close());

  for (const failure of [...HANDSHAKE_FAILURES, ...FRAME_FAILURES, ...REST_FAILURES, ...WRITE_FAILURES]) {
    const { fault, id, message, fix, options, alsoFails = [] } = failure;
    it(`${id} fails: ${fault}`, async () => {
      const report = await diagnoseWithFault(fault, server, options);
      const finding = findingOf(report, id);
      assert.equal(finding.verdict, 'fail');
      assert.match(finding.message, message);
      assert.match(finding.fix ?? '', fix);
      assert.deepEqual(failedIds(report).sort(), [id, ...alsoFails].sort());
      assert.equal(report.healthy, false);
      assert.ok(!JSON.stringify(report.findings).includes(report.token.slice(-20)), 'no finding contains the token');
    });
  }

  it('a failed check skips those that depend on it, with the reason', async () => {
    const { verdict, message } = findingOf(await diagnoseWithFault('no greeting', server, WRITE), 'socket.ping');
    assert.deepEqual([verdict, message], ['skipped', 'needs socket.greeting, which failed']);
  });

  it('the checks continue on a new WebSocket after the server closed one', async () => {
    const report = await diagnoseWithFault('get_room_list: WebSocket closed with 1011', server);
    for (const id of ['socket.subscribe', 'socket.unknown-frame', 'socket.malformed']) {
      assert.equal(findingOf(report, id).verdict, 'pass');
    }
  });

  it('a bad token counts as rejected even if the close code is wrong', async () => {
    const report = await diagnoseWithFault('bad token: WebSocket closed with 1008', server);
    assert.equal(findingOf(report, 'socket.bad-token').verdict, 'pass');
  });
});

type ExpectedFinding = [id: string, verdict: string, message: RegExp];

/** Differences that demo/server can simulate, in groups that do not hide each other. */
const DIFFERENCES: [Difference[], ...findings: ExpectedFinding[]][] = [
  [
    ['temp-id-beside', 'twice', 'rest-silent'],
    ['send.temp-id', 'note', /beside the message/],
    ['send.no-duplicate', 'note', /delivered twice/],
    ['send.broadcast', 'note', /on no WebSocket/],
  ],
  [['temp-id-none'], ['send.temp-id', 'note', /without _tempId/]],
  [
    ['socket-unread-zero', 'bad-room', 'html-errors', 'accept-then-4001'],
    ['rooms.unread', 'fail', /room \d+ \(.*\): 0 on the WebSocket, \d+ on REST/],
    ['rooms.list', 'fail', /1 of \d rooms cannot be displayed: rooms\[1\]\.id is null/],
    ['rest.401', 'fail', /an HTML page titled 'Error 401'/],
    ['socket.rejection', 'pass', /recognize/],
  ],
  [
    ['paginated-rooms', 'string-ids', 'unknown-frames', 'history-marks-read'],
    ['rooms.list', 'pass', /5 rooms/],
  ],
];

describe('differences between real backends', () => {
  for (const [differences, ...expected] of DIFFERENCES) {
    it(differences.join(', '), async () => {
      const server = await startServer({ baseline: true, differences, allowedOrigins: [SITE] });
      try {
        const report = await diagnoseServer(server, WRITE);
        for (const [id, verdict, message] of expected) {
          const finding = findingOf(report, id);
          assert.equal(finding.verdict, verdict, finding.message);
          assert.match(finding.message, message);
        }
        if (expected.every(([, verdict]) => verdict !== 'fail')) assert.deepEqual(failedIds(report), []);
      } finally {
        await server.close();
      }
    });
  }

  it('a site that is not allowed fails origin.allowed, and the WebSocket is still checked', async () => {
    const server = await startServer({ allowedOrigins: [SITE] });
    try {
      const userToken2 = await server.signToken(BEN);
      const report = await diagnoseServer(server, { origin: 'https://other.site', userToken2 });
      const { message, fix } = findingOf(report, 'origin.allowed');
      assert.match(message, /refused \(403\) from https:\/\/other\.site, but opens without an Origin header/);
      assert.match(fix!, /OriginValidator/);
      assert.equal(findingOf(report, 'socket.room-list').verdict, 'pass');
      const corsIds = ['preflight', 'origin', 'error-response', 'idempotency-key', 'methods'].map(
        (name) => `cors.${name}`,
      );
      assert.deepEqual(failedIds(report), ['origin.allowed', ...corsIds]);
    } finally {
      await server.close();
    }
  });
});
