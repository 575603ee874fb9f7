/** What must never be said, and what must be seen though the widget forgives it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MESSAGE, ROOM } from '../../src/doctor/shapes.js';
import { badTimes } from '../../src/doctor/times.js';
import { Redactor } from '../../src/doctor/redact.js';

const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoxfQ.c2lnbmF0dXJlLWtub3duLXRvLW5vYm9keQ';

describe('redaction', () => {
  const { text } = new Redactor(TOKEN, 'a+b/c d=é"ö-second-token', 'short');

  for (const [what, said] of [
    ['whole', TOKEN],
    ['in an address', `/ws/chat/?token=${encodeURIComponent(TOKEN)}&x=1`],
    ['its signature alone', TOKEN.split('.')[2]!],
    ['cut short by the server', TOKEN.slice(0, 25)],
    ['in base64', Buffer.from(TOKEN).toString('base64')],
    ['in base64url, as a subprotocol', `bearer.${Buffer.from(TOKEN).toString('base64url')}`],
    ['percent-encoded', encodeURIComponent('a+b/c d=é"ö-second-token')],
    ['in JSON', JSON.stringify({ detail: 'no: a+b/c d=é"ö-second-token' })],
  ] as const) {
    it(what, () => {
      const out = text(`before ${said} after`);
      assert.ok(out.includes('[token]') && out.startsWith('before ') && out.endsWith(' after'), out);
      for (let at = 0; at + 12 <= said.length; at++) assert.ok(!/^[\w+/%=.-]{12}$/.test(said.slice(at, at + 12)) || !out.includes(said.slice(at, at + 12)) || said.startsWith('/ws'), out);
    });
  }

  it('leaves everything else as it is', () => {
    assert.equal(text('GET /api/chat/rooms/ is answered with 404.'), 'GET /api/chat/rooms/ is answered with 404.');
    assert.equal(text('a short word'), 'a [token] word');
    assert.equal(new Redactor('', undefined).text('nothing'), 'nothing');
  });
});

describe('times', () => {
  for (const good of ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.123456+00:00', '2026-01-31T12:00:00-0530', '2026-01-31', null]) {
    it(`${good} is as agreed`, () => assert.deepEqual(badTimes({ created_at: good }, 'room'), []));
  }
  for (const bad of ['2026-01-31T12:00:00', '2026-01-31 12:00:00.5', 'yesterday', '', 1_769_860_800]) {
    it(`${JSON.stringify(bad)} is not`, () => assert.deepEqual(badTimes([{ last: { timestamp: bad } }], 'rooms'), [`rooms[0].last.timestamp: ${JSON.stringify(bad)}`]));
  }
  it('only what is named as one', () => assert.deepEqual(badTimes({ content: '2026-01-31T12:00:00', time_ago: '1 h' }, 'm'), []));
});

describe('shapes', () => {
  it('name every field that is not as agreed, and never what it says', () => {
    assert.deepEqual(ROOM({ id: '', name: 3, participants: [{ id: 1.5 }], unread_count: -1, last_message: null }, 'rooms[0]'), [
      'rooms[0].id is an empty text; it should be an id: a whole number, or a text that is not empty',
      'rooms[0].name is a number; it should be a text',
      'rooms[0].participants[0].id is a number; it should be an id: a whole number, or a text that is not empty',
      'rooms[0].unread_count is a number; it should be a whole number, not negative',
    ]);
    assert.deepEqual(ROOM('secret', 'rooms[1]'), ['rooms[1] is a text; it should be an object']);
    assert.deepEqual(MESSAGE({ id: 1, timestamp: '2026-01-31T12:00:00Z', sender: null, attachment: null, from_the_future: {} }, 'm'), []);
  });
});
