/** Content of the log, and the cost of redaction. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createLog, redact } from '../../demo/server/log.js';
import { ANA, BEN, join, openSocket, rest, ROOM, withServer } from './support.js';

const PRIVATE = 'the words of Ana';
const FILE = 'her-diary.txt';

/** The fastest of several runs, in ms. */
function timeOf(run: () => void): number {
  const times = Array.from({ length: 3 }, () => {
    const at = performance.now();
    run();
    return performance.now() - at;
  });
  return Math.min(...times);
}

for (const [what, piece] of Object.entries({
  'token prefixes': 'eyJ',
  'tokens without dots': 'eyJhbGci',
  pairs: 'eyJa.',
  'encoded dots': 'eyJ%2E',
  parameters: '?token=',
  subprotocols: 'bearer.',
  'percent signs': '%2',
  spaces: ' ',
})) {
  it(`10.37: redacts ${what} in linear time`, () => {
    // With backtracking, 16 times the length would take 256 times as long: more than 10 s.
    const text = piece.repeat(262_144 / piece.length);
    const ms = timeOf(() => void redact(text));
    assert.ok(ms < 500, `256 kB took ${ms} ms`);
  });
}

it('10.37: truncates a long path and Origin before authentication', async () => {
  const lines: string[] = [];
  await withServer({ logLevel: 'info', logTo: { write: (line) => void lines.push(line) } }, async (server) => {
    // Node accepts 16 kB of headers.
    for (const evil of ['eyJ'.repeat(4_000), 'x'.repeat(12_000)]) {
      await rest(server, null, `rooms/${evil}`);
      await assert.rejects(openSocket(server, 'x', { origin: `https://${evil}` }), /refused 403/);
      await assert.rejects(openSocket(server, 'x', { path: `/ws/chat/${evil}/` }), /refused 404/);
    }
    assert.ok(lines.length > 4);
    for (const line of lines) assert.ok(line.length < 1_500, `${line.length}: ${line.slice(0, 100)}`);
    assert.ok(!lines.join('').includes('eyJ'));
  });
});

it('10.37: redacts a token at any position of a long text', () => {
  const token = `eyJhbGciOiJIUzI1NiJ9.${'p'.repeat(300)}.${'s'.repeat(43)}`;
  for (let before = 0; before < 700; before += 7) {
    const lines: string[] = [];
    createLog({ logLevel: 'info', logTo: { write: (line) => void lines.push(line) } }).info(
      { path: `${token} ${' '.repeat(before)}${token}` },
      token,
    );
    assert.ok(!/eyJ|ppp|sss/.test(lines[0]!), lines[0]);
    JSON.parse(lines[0]!);
  }
});

for (const [what, fail] of Object.entries({
  'of the database': () => {
    // Like PostgreSQL: values in the message, the detail and the parameters.
    const error = new Error(`invalid input syntax for type json: "${PRIVATE}"\n    at ${PRIVATE}`);
    throw Object.assign(error, {
      name: 'DatabaseError',
      code: '22P02',
      table: 'messages',
      detail: `Failing row contains (7, ${PRIVATE}, ${FILE}).`,
      where: PRIVATE,
      query: `select '${PRIVATE}'`,
      params: [PRIVATE, Buffer.from(PRIVATE)],
    });
  },
  'of a parser': () => JSON.parse(PRIVATE) as unknown,
  'with a cause': () => {
    throw new Error(`first ${PRIVATE}`, { cause: new Error(PRIVATE) });
  },
})) {
  it(`10.37: logs no text, file name or bytes of users after an error ${what}`, async () => {
    const lines: string[] = [];
    await withServer({ logLevel: 'info', logTo: { write: (line) => void lines.push(line) } }, async (server) => {
      const ana = await join(server, ANA, ROOM);
      const ben = await join(server, BEN, ROOM);
      const form = (): FormData => {
        const data = new FormData();
        data.set('room', '1');
        data.set('content', PRIVATE);
        data.set('attachment', new File([PRIVATE], FILE, { type: 'text/plain' }));
        return data;
      };
      const sent = await rest(server, ANA, 'rooms/1/send_message/', { method: 'POST', body: form() });
      const { query } = server.database;
      // Authentication still works.
      const broken = (sql: string, params?: unknown[]): Promise<object[]> =>
        /from users/.test(sql) && !/messages/.test(sql) ? query(sql, params) : new Promise(() => fail());
      server.database.query = broken as typeof query;
      server.database.transaction = () => new Promise(() => fail());
      ana.send({ type: 'send_message', room_id: ROOM, content: PRIVATE, _tempId: 'x' });
      await ana.take('error');
      assert.equal((await rest(server, ANA, 'rooms/1/send_message/', { method: 'POST', body: form() })).status, 500);
      assert.equal((await rest(server, null, String(sent.body.attachment))).status, 500);
      server.database.query = query;
      ben.close();
      ana.close();
    });
    const log = lines.join('');
    assert.match(log, /"msg":"frame failed"/);
    assert.match(log, /"msg":"request failed"/);
    assert.match(log, /"stack":"at /);
    for (const word of [
      PRIVATE,
      FILE,
      'diary',
      Buffer.from(PRIVATE).toString('base64'),
      [...Buffer.from(PRIVATE)].join(),
    ])
      assert.ok(!log.includes(word), `${word} in: ${lines.find((line) => line.includes(word))?.slice(0, 300)}`);
  });
}
