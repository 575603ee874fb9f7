/** A large file passes through the server without being held in its memory. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { it } from 'node:test';
import { within } from './support.js';
import { sendFiles, textFile, upload } from './upload-client.js';

const MB = 1_000_000;
const FILE_BYTES = 64 * MB;
const MAX_GROWTH = 150 * MB;
const TIMEOUT_MS = 100_000;

it('a file of 64 MB is received, stored and served with less than 150 MB', { timeout: TIMEOUT_MS }, async () => {
  const child = fork(new URL('./upload-memory-server.ts', import.meta.url), { execArgv: ['--import', 'tsx'] });
  try {
    const ask = async (question: string): Promise<never> => {
      const answered = once(child, 'message') as Promise<[unknown]>;
      child.send(question);
      return (await within(answered, question, TIMEOUT_MS))[0] as never;
    };
    const { url, token } = (await ask('start')) as { url: string; token: string };
    const server = { url, signToken: () => Promise.resolve(token) };
    await sendFiles(server, 1, 1, [((await upload(server, 1, textFile('warm-up'))).body as { id: string }).id]);
    const before = (await ask('rss')) as number;
    const chunk = new Uint8Array(randomBytes(MB));
    const chunks = Array.from({ length: FILE_BYTES / MB - 1 }, () => chunk);
    const form = new FormData();
    form.set('file', new File(['%PDF-1.7\n', ...chunks], 'large.pdf'));
    const made = await fetch(`${url}/api/chat/uploads/`, {
      method: 'POST',
      body: form,
      headers: { Authorization: `Bearer ${token}` },
    });
    const attachment = (await made.json()) as { url: string; size: number };
    assert.equal(made.status, 201);
    let received = 0;
    for await (const part of (await fetch(new URL(attachment.url, url))).body!) received += part.length;
    assert.equal(received, attachment.size);
    const growth = ((await ask('peak')) as number) - before;
    assert.ok(growth < MAX_GROWTH, `${Math.round(growth / MB)} MB`);
  } finally {
    child.kill();
  }
});
