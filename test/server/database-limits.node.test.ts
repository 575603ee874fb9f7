/** Limits on what the server waits for, and what it says about them. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import pg from 'pg';
import { openDatabase } from '../../demo/server/database/database.js';
import { migrate } from '../../demo/server/database/migrations.js';
import { startServer } from '../../demo/server/server.js';
import { missingPrograms } from '../support/find-programs.mjs';
import { startPostgres } from '../support/services.js';
import { rest, within, withServer } from './support.js';

const missing = missingPrograms();
const skip = missing.length > 0 && `not on this machine: ${missing.join(', ')}`;

it('12.21: ends statements, and waiting for a connection, after a time; but not migrations', { skip }, async () => {
  const postgres = await startPostgres();
  const database = await openDatabase({ kind: 'url', url: postgres.url }, { statementMs: 100, connectionMs: 200 });
  const other = new pg.Client({ connectionString: postgres.url });
  try {
    await other.connect();
    await assert.rejects(within(database.query('select pg_sleep(30)'), 'the timeout'), { code: '57014' });
    for (const statement of ['create table busy (id int)', 'begin', 'lock table busy']) await other.query(statement);
    await assert.rejects(within(database.query('select * from busy'), 'the timeout'), { code: '57014' });
    await other.query('rollback');

    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const holding = Array.from({ length: 5 }, () => database.transaction(() => held).catch(() => {}));
    await assert.rejects(within(database.query('select 1'), 'the timeout'), /timeout exceeded when trying to connect/);
    release();
    await Promise.all(holding);
    assert.deepEqual(await database.query('select 1 as one'), [{ one: 1 }], 'the pool recovers');

    // Another server runs its migrations for longer than a statement may take.
    await other.query('select pg_advisory_lock(7204118)');
    const migrating = migrate(database);
    await other.query('select pg_sleep(0.3)');
    await other.query('select pg_advisory_unlock(7204118)');
    await within(migrating, 'the migrations');
  } finally {
    await other.end();
    await database.close();
    await postgres.stop();
  }
});

it('12.21: /healthz asks the database, once for many requests', () =>
  withServer({}, async (server) => {
    const { query } = server.database;
    const health = async () => {
      const { status, body } = await rest(server, null, '/healthz');
      return [status, body];
    };
    assert.deepEqual(await health(), [200, { status: 'ok' }]);
    let asked = 0;
    let fail = (): void => {};
    const pending = new Promise<never>((_, reject) => (fail = () => reject(new Error('gone'))));
    server.database.query = ((sql: string, params?: unknown[]) =>
      sql === 'select 1' ? (asked++, pending) : query(sql, params)) as typeof query;
    const answers = Promise.all(Array.from({ length: 5 }, health));
    // Answered after the others, so these have arrived.
    for (let n = 0; n < 5; n++) await rest(server, null, '/nothing');
    fail();
    for (const answer of await answers) assert.deepEqual(answer, [503, { status: 'unavailable' }]);
    assert.ok(asked >= 1 && asked < 5, `${asked} queries for 5 requests`);
    server.database.query = query;
    assert.deepEqual(await health(), [200, { status: 'ok' }], 'the database is back');
  }));

it('12.21: says that without Redis every process counts for itself', { skip }, async () => {
  const postgres = await startPostgres();
  try {
    const lines: string[] = [];
    const logTo = { write: (line: string) => void lines.push(line) };
    const options = { logTo, logLevel: 'warn' as const };
    const server = await startServer({ ...options, database: { kind: 'url', url: postgres.url } });
    await server.close();
    assert.equal(lines.filter((line) => line.includes('every process counts limits for itself')).length, 1);
    await withServer(options, () => Promise.resolve());
    assert.equal(lines.length, 1, 'an embedded database has one process');
  } finally {
    await postgres.stop();
  }
});
