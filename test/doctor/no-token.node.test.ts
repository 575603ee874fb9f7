/** A page that cannot get a token: the report names the reason, not a rejected token. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startServer } from '../../demo/server/server.js';
import { diagnose } from '../../src/doctor/index.js';
import { ChatError } from '../../src/transport/index.js';

for (const [what, error, expected] of [
  [
    'the token endpoint is at another address',
    new ChatError('unexpected_answer', 'token-url answered 404. Expected: {"token": "…"}.'),
    /^The page could not get a token: token-url answered 404\./,
  ],
  ['an error of the page, which may contain anything', new Error('a secret'), /^There is no token/],
] as const)
  it(`12: ${what}`, async () => {
    const server = await startServer();
    try {
      const { findings } = await diagnose({ url: server.url, tokenProvider: () => Promise.reject(error) });
      const finding = findings.find(({ id }) => id === 'token.rest')!;
      assert.equal(finding.verdict, 'fail');
      assert.match(finding.message, expected);
      assert.equal(finding.fix?.includes('token-url'), error instanceof ChatError);
      assert.ok(!JSON.stringify(findings).includes('a secret'));
    } finally {
      await server.close();
    }
  });
