/**
 * Random and hostile values for the fuzz tests.
 *
 *   FUZZ_SEED=7      repeats the values of a seed. Default: random, and printed.
 *   FUZZ_SECONDS=60  total duration of all parts.
 */
import { Random } from '../soak/random.js';

export const SEED = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32)) >>> 0;
/** A share of the total time, in ms. */
export const budgetMs = (share: number): number => Number(process.env.FUZZ_SECONDS ?? 60) * 1_000 * share;
export const AGAIN = `FUZZ_SEED=${SEED} npm test -- --only fuzz`;

/** Must not appear in any log. */
export const SECRET = 'zq-secret-words';

const nested = (levels: number): unknown => {
  let value: unknown = 'x';
  for (let level = 0; level < levels; level++) value = { a: value };
  return value;
};

const BIDI = 'invoice\u202efdp.exe';
const STRINGS = [
  '',
  ' ',
  '0',
  '-1',
  '1e309',
  'NaN',
  'null',
  'true',
  '[object Object]',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '\u0000',
  '\ud800',
  '\ufffe',
  BIDI,
  '\u2066\u2069',
  '\u{1f468}\u200d\u{1f469}',
  'ｆｕｌｌ',
  '<img src=x onerror="globalThis.pwned=1">',
  '"><script>globalThis.pwned=1</script>',
  'javascript:globalThis.pwned=1',
  'data:text/html,<script>pwned=1</script>',
  '//evil.example/x',
  'https://bank.example@evil.example/',
  'https://xn--a.example/',
  "' or 1=1 --",
  '${7*7}',
  '{{7*7}}',
  '%00',
  '%',
  '../../etc/passwd',
  '2026-13-45',
  '+275760-09-13T00:00:00.001Z',
  '0000-01-01T00:00:00Z',
  '2026-11-27T10:00:00+99:99',
  '9007199254740993',
  '123456789012345678901234567890',
];
const NUMBERS = [0, -0, 1, -1, 0.5, 7, 2 ** 31, -(2 ** 31), 2 ** 53, 2 ** 53 + 2, 1e300, -1e300, 1e-9];

export class Hostile extends Random {
  text(): string {
    const kind = this.next();
    if (kind < 0.7) return this.of(STRINGS);
    if (kind < 0.8) return this.of(STRINGS) + this.of(STRINGS);
    return this.of(['x', 'https://example.com/ ', 'a\n', '\u202e', '.', '\u0301', '\u{1f600}']).repeat(
      this.between(1, 5_000),
    );
  }

  /** Any JSON value. */
  value(depth = 0): unknown {
    const kind = this.next();
    if (kind < 0.35) return this.text();
    if (kind < 0.55) return this.of(NUMBERS);
    if (kind < 0.65) return this.of([null, true, false]);
    if (kind < 0.75)
      return this.of([
        { toString: 1 },
        { toString: null, valueOf: null },
        { length: 1e9 },
        { then: 1 },
        JSON.parse('{"__proto__":{"polluted":1}}') as object,
        { constructor: { prototype: 1 } },
      ]);
    if (kind < 0.78) return nested(this.of([10, 100, 2_500]));
    if (depth > 2) return [];
    if (kind < 0.88) return Array.from({ length: this.between(0, 4) }, () => this.value(depth + 1));
    return Object.fromEntries(
      Array.from({ length: this.between(0, 4) }, () => [this.text().slice(0, 40), this.value(depth + 1)]),
    );
  }

  /** Corrupts some fields: replaces, removes or adds them. */
  corrupt<T extends object>(thing: T, often = 0.5, depth = 0): T {
    const spoilt = { ...thing } as Record<string, unknown>;
    for (const key of Object.keys(spoilt)) {
      if (this.next() >= often) continue;
      const inner = spoilt[key];
      if (typeof inner === 'object' && inner !== null && !Array.isArray(inner) && depth < 3 && this.next() < 0.6)
        spoilt[key] = this.corrupt(inner, often, depth + 1);
      else if (this.next() < 0.15) delete spoilt[key];
      else spoilt[key] = this.value();
    }
    if (this.next() < 0.1) spoilt[this.text().slice(0, 40)] = this.value();
    return spoilt as T;
  }
}
