import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { invalidTimes } from '../../src/doctor/check-times.js';
import { Redactor } from '../../src/doctor/redact.js';
import { MESSAGE, ROOM } from '../../src/doctor/shapes.js';

const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoxfQ.c2lnbmF0dXJlLWtub3duLXRvLW5vYm9keQ';

describe('Redactor', () => {
  const { redact } = new Redactor(TOKEN, 'a+b/c d=é"ö-second-token', 'short');

  for (const [form, secret] of [
    ['in full', TOKEN],
    ['in a URL', `/ws/chat/?token=${encodeURIComponent(TOKEN)}&x=1`],
    ['of which only the signature is left', TOKEN.split('.')[2]!],
    ['that the server truncated', TOKEN.slice(0, 25)],
    ['in base64', Buffer.from(TOKEN).toString('base64')],
    ['in base64url, as a subprotocol', `bearer.${Buffer.from(TOKEN).toString('base64url')}`],
    ['percent-encoded', encodeURIComponent('a+b/c d=é"ö-second-token')],
    ['in JSON', JSON.stringify({ detail: 'no: a+b/c d=é"ö-second-token' })],
  ] as const) {
    it(`removes a token ${form}`, () => {
      const out = redact(`before ${secret} after`);
      assert.ok(out.includes('[token]') && out.startsWith('before ') && out.endsWith(' after'), out);
      for (let at = 0; at + 12 <= secret.length; at++) {
        const piece = secret.slice(at, at + 12);
        assert.ok(!/^[\w+/%=.-]{12}$/.test(piece) || !out.includes(piece) || secret.startsWith('/ws'), out);
      }
    });
  }

  it('keeps all other text', () => {
    assert.equal(redact('GET /api/chat/rooms/ returned 404.'), 'GET /api/chat/rooms/ returned 404.');
    assert.equal(redact('a short word'), 'a [token] word');
    assert.equal(new Redactor('', undefined).redact('nothing'), 'nothing');
  });
});

describe('invalidTimes', () => {
  for (const time of [
    '2026-01-31T12:00:00Z',
    '2026-01-31T12:00:00.123456+00:00',
    '2026-01-31T12:00:00-0530',
    '2026-01-31',
    null,
  ]) {
    it(`accepts ${time}`, () => assert.deepEqual(invalidTimes({ created_at: time }, 'room'), []));
  }
  for (const time of ['2026-01-31T12:00:00', '2026-01-31 12:00:00.5', 'yesterday', '', 1_769_860_800]) {
    it(`reports ${JSON.stringify(time)}`, () => {
      const expected = [`rooms[0].last.timestamp: ${JSON.stringify(time)}`];
      assert.deepEqual(invalidTimes([{ last: { timestamp: time } }], 'rooms'), expected);
    });
  }
  it('ignores fields whose name is not that of a time', () => {
    assert.deepEqual(invalidTimes({ content: '2026-01-31T12:00:00', time_ago: '1 h' }, 'm'), []);
  });
});

describe('shapes', () => {
  it('report the path and type of every invalid field, and never its value', () => {
    const room = { id: '', name: 3, participants: [{ id: 1.5 }], unread_count: -1, last_message: null };
    assert.deepEqual(ROOM(room, 'rooms[0]'), [
      'rooms[0].id is an empty string; expected an id (an integer or a non-empty string)',
      'rooms[0].name is a number; expected a string',
      'rooms[0].participants[0].id is a number; expected an id (an integer or a non-empty string)',
      'rooms[0].unread_count is a number; expected a non-negative integer',
    ]);
    assert.deepEqual(ROOM('secret', 'rooms[1]'), ['rooms[1] is a string; expected an object']);
    const message = { id: 1, timestamp: '2026-01-31T12:00:00Z', sender: null, attachment: null, from_the_future: {} };
    assert.deepEqual(MESSAGE(message, 'm'), []);
  });
});
