/** Ids that lose digits in JSON, and preflight responses that browsers cannot reuse. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { roundedIds } from '../../src/doctor/rounded-ids.js';
import { MESSAGE } from '../../src/doctor/shapes.js';
import { diagnoseServer, diagnoseWithFault, failedIds, findingOf, SITE } from './support.js';

let server: RunningServer;
before(async () => {
  server = await startServer({ allowedOrigins: [SITE] });
});
after(() => server.close());

describe('12.22: ids beyond 2^53', () => {
  it('12.22: fail ids.rest and ids.socket, with all their digits and the fix', async () => {
    const report = await diagnoseWithFault('job ids beyond 2^53 as numbers', server);
    assert.deepEqual(failedIds(report), ['ids.rest', 'ids.socket']);
    for (const id of failedIds(report)) {
      assert.match(findingOf(report, id).message, /: job 9007199254740993 becomes 9007199254740992\.$/);
      assert.match(findingOf(report, id).fix!, /Send these ids as strings/);
    }
  });

  it('12.22: pass on a backend without them', async () => {
    const report = await diagnoseServer(server);
    for (const id of ['ids.rest', 'ids.socket']) assert.equal(findingOf(report, id).verdict, 'pass');
  });

  for (const [text, expected] of [
    ['{"id":9007199254740993}', ['id 9007199254740993 becomes 9007199254740992']],
    ['{"room_id" : -9007199254740993}', ['room_id -9007199254740993 becomes -9007199254740992']],
    ['{"message_ids":[1,9007199254740993]}', ['message_ids 9007199254740993 becomes 9007199254740992']],
    ['{"id":9007199254740991}', []],
    ['{"id":"9007199254740993"}', []],
    ['{"content":"\\"id\\":9007199254740993","id":1}', []],
    ['{"duration_ns":9007199254740993}', []],
    ['{"id":1,"ratio":0.12345678901234567}', []],
  ] as [string, string[]][]) {
    it(`12.22: ${text} has ${expected.length} rounded ids`, () => assert.deepEqual(roundedIds(text), expected));
  }

  it('12.22: are named in the message about the field', () => {
    const message = JSON.parse('{"id":9007199254740993,"timestamp":""}') as unknown;
    assert.match(MESSAGE(message, 'm')[0]!, /^m\.id is a number beyond 2\^53 − 1; expected an id/);
  });
});

describe('12.22: Access-Control-Max-Age', () => {
  for (const [fault, message] of [
    ['CORS without Access-Control-Max-Age', /has no Access-Control-Max-Age\. Browsers reuse it for 5 s, the default/],
    ['Access-Control-Max-Age of a minute', /has Access-Control-Max-Age: 60\. Browsers reuse it for 60 s/],
  ] as const) {
    it(`12.22: is a note, not a failure: ${fault}`, async () => {
      const report = await diagnoseWithFault(fault, server, { origin: SITE });
      assert.deepEqual(failedIds(report), []);
      const finding = findingOf(report, 'cors.max-age');
      assert.equal(finding.verdict, 'note');
      assert.match(finding.message, message);
    });
  }

  it('12.22: passes with the value of the reference backend', async () => {
    const { verdict, message } = findingOf(await diagnoseServer(server, { origin: SITE }), 'cors.max-age');
    assert.deepEqual([verdict, message], ['pass', 'Browsers may reuse a preflight response for up to 7200 s.']);
  });
});
