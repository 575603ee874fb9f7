/** Faults of real backends, each planted alone, each found by name: and nothing else is blamed. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Difference } from '../../demo/server/quirks.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import type { DiagnoseOptions } from '../../src/doctor/index.js';
import type { PlantName } from '../support/backend-faults.js';
import { BEN } from '../server/support.js';
import { examine, examineWith, finding, SITE, WRITE, wrongIds } from './support.js';

/** What was planted, what is said of it (`wrong` where nothing else is named), and what else is wrong because of it. */
const PLANTED: [fault: PlantName, id: string, says: RegExp, mend: RegExp, options?: Partial<DiagnoseOptions>, also?: string[]][] = [
  ['token not read from the query', 'token.query', /refused with 403; REST takes the same token.*header Authorization/, /parse_qs/],
  ['token read as a subprotocol', 'token.query', /takes it as a subprotocol/, /parse_qs/],
  ['good token accepted first, then closed with 4001', 'token.query', /accepted first and then closed with 4001/, /parse_qs/],
  ['times without offset', 'time.rest', /rooms\[\d\]\.\S+: "\d{4}-\d\d-\d\dT[\d:.]+"/, /USE_TZ/, {}, ['time.socket']],
  ['room_list fails with an error', 'socket.room-list', /datetime is not JSON serializable/, /DjangoJSONEncoder/],
  ['room_list fails with 1011', 'socket.room-list', /closes with 1011/, /DjangoJSONEncoder/],
  ['room_list never comes', 'socket.room-list', /not answered within 2 s/, /get_room_list/],
  ['REST route missing', 'rest.route', /GET \/api\/chat\/rooms\/ is answered with 404/, /--api-path/],
  ['CORS missing', 'cors.preflight', /Access-Control-Allow-Origin: missing/, /CORS_ALLOWED_ORIGINS/, { origin: SITE }, ['cors.origin', 'cors.refusal', 'cors.idempotency-key', 'cors.methods']],
  ['CORS without Idempotency-Key', 'cors.idempotency-key', /does not allow the header Idempotency-Key/, /Idempotency-Key/, { origin: SITE }],
  ['preflight asked for a token', 'cors.preflight', /answered with 401 \(a preflight carries no token/, /before the token is checked/, { origin: SITE }, ['cors.idempotency-key', 'cors.methods']],
  ['upgrade stripped, 404', 'socket.upgrade', /404.*as if no upgrade had been asked for/, /proxy_set_header Upgrade \$http_upgrade/],
  ['upgrade stripped, 200', 'socket.upgrade', /200 and a page of HTML titled 'Welcome to nginx!'/, /location \/ws\/chat\//],
  ['upgrade stripped, 426', 'socket.upgrade', /426/, /proxy_http_version 1\.1/],
  ['upgrade stripped, 400', 'socket.upgrade', /400/, /proxy_set_header Connection "upgrade"/],
  ['no socket at the path', 'socket.route', /no WebSocket at \/ws\/chat\/ \(404\)/, /--ws-path/],
  ['handshake redirected', 'socket.upgrade', /redirect \(301\) to \/ws\/chat/, /ws-path/],
  ['ASGI server down', 'socket.upgrade', /502/, /ASGI server running/],
  ['sends not idempotent', 'idempotent.socket-socket', /stored 2 times/, /Idempotency-Key/, WRITE, ['idempotent.socket-rest', 'idempotent.rest-rest']],
  ['bad token accepted on the socket', 'socket.bad-token', /forged token is opened and greeted/, /Check the token/, {}, ['socket.no-token']],
  ['missing token accepted on the socket', 'socket.no-token', /without any token is opened and greeted/, /Check the token/],
  ['bad token accepted by REST', 'rest.bad-token', /forged signature is let in/, /Check the token/],
  ['bad token closed with 1008', 'socket.refusal', /accepted and then closed with 1008, not with 4001/, /4001/],
  ['refuses with 403 instead of 401', 'rest.401', /answered with 403, not with 401/, /JWTAuthentication first/, {}, ['rest.bad-token']],
  ['sign-in page', 'rest.answer', /a sign-in page titled 'Please sign in'/, /Let the API path through/, {}, ['rest.401', 'rest.bad-token']],
  ['web app instead of the API', 'rest.answer', /the page of a web app titled 'My app'/, /index\.html/, {}, ['rest.401', 'rest.bad-token']],
  ['redirect to a sign-in', 'rest.redirect', /redirect \(302\) to \/login/, /asks for a sign-in/],
  ['no greeting', 'socket.greeting', /no greeting within 3 s/, /connection_established/],
  ['ping not answered', 'socket.ping', /ping is not answered/, /pong/],
  ['dies of an unknown frame', 'socket.unknown-frame', /closes with 1011 \(KeyError\) after a frame of a type that it does not know/, /Catch it/],
  ['dies of text that is no JSON', 'socket.malformed', /closes with 1003 after text that is no JSON/, /Catch it/],
  ['a room cannot be subscribed to', 'socket.subscribe', /'Access denied for …'/, /subscribed/],
  ['counts that are texts', 'rooms.fields', /rooms\[0\]\.unread_count is a text; it should be a whole number/, /docs\/PROTOCOL/, {}, ['rooms.one', 'rooms.unread']],
  ['ack claimed, and none comes', 'send.ack', /no message_ack/, /do not name ack/, WRITE, ['idempotent.socket-socket']],
  ['a gap in seq', 'sync.seq', /After change \d+ of room 1 comes change \d+/, /transaction/, WRITE],
  ['history without the newest', 'history.holds', /not on the newest page/, /oldest message first/, WRITE, ['history.after', 'idempotent.rest-rest']],
  ['open to strangers', 'rooms.foreign', /shown to somebody who is not in it/, /Answer 404/],
];

describe('planted faults', () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({ allowedOrigins: [SITE], limits: { rate: 10_000 } });
  });
  after(() => server.close());

  for (const [fault, id, says, mend, options, also = []] of PLANTED) {
    it(`${fault}: ${id}`, async () => {
      const report = await examineWith(fault, server, options);
      const found = finding(report, id);
      assert.equal(found.verdict, 'wrong');
      assert.match(found.says, says);
      assert.match(found.mend ?? '', mend);
      assert.deepEqual(wrongIds(report).sort(), [id, ...also].sort());
      assert.equal(report.healthy, false);
      assert.ok(!JSON.stringify(report.findings).includes(report.token.slice(-20)), 'the token is in no finding');
    });
  }

  it('says what it could not look at because of it', async () => {
    const report = await examineWith('no greeting', server, WRITE);
    assert.deepEqual([finding(report, 'socket.ping').verdict, finding(report, 'socket.ping').says], ['skipped', 'not before socket.greeting is mended']);
  });

  it('goes on with another socket where one has died', async () => {
    const report = await examineWith('room_list fails with 1011', server);
    for (const id of ['socket.subscribe', 'socket.unknown-frame', 'socket.malformed']) assert.equal(finding(report, id).verdict, 'pass');
  });

  it('a bad token that is shown the door, in whatever way, is not let in', async () => {
    const report = await examineWith('bad token closed with 1008', server);
    assert.equal(finding(report, 'socket.bad-token').verdict, 'pass');
  });
});

/** Differences that demo/server has switches for, those together that do not hide one another; and what is said of each. */
const SWITCHES: [Difference[], ...said: [id: string, verdict: string, says: RegExp][]][] = [
  [['temp-id-beside', 'twice', 'rest-silent'], ['send.temp-id', 'note', /beside the message/], ['send.once', 'note', /told twice/], ['send.announced', 'note', /on no socket/]],
  [['temp-id-none'], ['send.temp-id', 'note', /without _tempId/]],
  [
    ['socket-unread-zero', 'bad-room', 'html-errors', 'accept-then-4001'],
    ['rooms.unread', 'wrong', /room \d+ \(.*\): 0 on the socket, \d+ on REST/],
    ['rooms.list', 'wrong', /1 of \d rooms cannot be shown: rooms\[1\]\.id is null/],
    ['rest.401', 'wrong', /a page of HTML titled 'Error 401'/],
    ['socket.refusal', 'pass', /recognised/],
  ],
  [['paginated-rooms', 'string-ids', 'unknown-frames', 'history-marks-read'], ['rooms.list', 'pass', /5 rooms/]],
];

describe('differences of real backends', () => {
  for (const [differences, ...said] of SWITCHES) {
    it(differences.join(', '), async () => {
      const server = await startServer({ baseline: true, differences, allowedOrigins: [SITE] });
      try {
        const report = await examine(server, WRITE);
        for (const [id, verdict, says] of said) {
          const found = finding(report, id);
          assert.equal(found.verdict, verdict, found.says);
          assert.match(found.says, says);
        }
        if (said.every(([, verdict]) => verdict !== 'wrong')) assert.deepEqual(wrongIds(report), []);
      } finally {
        await server.close();
      }
    });
  }

  it('a site that is not allowed: origin.allowed, and the rest is looked at all the same', async () => {
    const server = await startServer({ allowedOrigins: [SITE] });
    try {
      const report = await examine(server, { origin: 'https://other.site', userToken2: await server.signToken(BEN) });
      assert.match(finding(report, 'origin.allowed').says, /refused \(403\) from https:\/\/other\.site, and opens without an Origin header/);
      assert.match(finding(report, 'origin.allowed').mend!, /OriginValidator/);
      assert.equal(finding(report, 'socket.room-list').verdict, 'pass');
      assert.deepEqual(wrongIds(report), ['origin.allowed', 'cors.preflight', 'cors.origin', 'cors.refusal', 'cors.idempotency-key', 'cors.methods']);
    } finally {
      await server.close();
    }
  });
});
