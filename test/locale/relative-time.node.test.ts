import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { relativeTime, type RelativeTimeLocale } from '../../src/locale/relative-time.js';
import { Time } from '../../src/protocol/schema.js';

const locale: RelativeTimeLocale = {
  lang: 'en',
  term: (key) => key,
  time: (iso) => new Date(iso).toLocaleTimeString('en-GB', { timeStyle: 'short' }),
  format: (_name, options) => new Intl.DateTimeFormat('en-GB', options),
};

describe('12.10: times', () => {
  const now = new Date(2026, 10, 28, 12).getTime();
  const minute = 60_000;
  const day = 24 * 60 * minute;
  for (const [name, at, expected] of [
    ['less than a minute', now - 30_000, 'now'],
    ['a clock that is a little slow', now + 30_000, 'now'],
    ['a clock that is wrong by hours', now + 120 * minute, '14:00'],
    ['minutes', now - 5 * minute, '5m ago'],
    ['yesterday', now - day, 'yesterday'],
    ['this year', now - 30 * day, '29 Oct'],
    ['another year', now - 400 * day, '24 Oct 2025'],
    ['a clock that is wrong by a year', now + 400 * day, '2 Jan 2028'],
  ] as const)
    it(`${name}: ${expected}`, () => {
      assert.equal(relativeTime(locale, new Date(at).toISOString(), now), expected);
    });

  for (const [given, expected] of [
    ['2026-11-22 22:28:57+00', '2026-11-22T22:28:57+00:00'],
    ['2026-11-22T22:28:57.123456+0530', '2026-11-22T22:28:57.123456+05:30'],
    ['2026-11-22T22:28:57z', '2026-11-22T22:28:57Z'],
    ['2026-11-22 22:28', '2026-11-22T22:28Z'],
    ['2026-11-22T22:28:57.1-08:00', '2026-11-22T22:28:57.1-08:00'],
    ['2026-11-22', '2026-11-22'],
  ])
    it(`${given} is read as ${expected}, as every engine parses it`, () => {
      assert.equal(Time.parse(given), expected);
    });
});
