/** Child processes of a test: their output is captured, and they end with the test, as do their folders. */
import { spawn, type ChildProcess } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const START_MS = 30_000;

const running = new Set<ChildProcess>();
const folderNames = new Set<string>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folderNames) rmSync(folder, { recursive: true, force: true });
});
// Signals do not run exit handlers by default.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export function makeFolder(owner: { uid?: number; gid?: number } = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'unified-chat-'));
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid!);
  folderNames.add(folder);
  return folder;
}

export interface Program {
  child: ChildProcess;
  /** The output so far. */
  output(): string;
  ended: Promise<number | null>;
  end(signal?: NodeJS.Signals): Promise<void>;
}

interface RunOptions {
  env?: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
}

export function run(path: string, args: string[], options: RunOptions = {}): Program {
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (data: string) => (output += data));
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', (error) => ((output += String(error)), resolve(1)));
    child.once('close', (code) => (running.delete(child), resolve(code)));
  });
  return {
    child,
    output: () => output,
    ended,
    async end(signal = 'SIGTERM') {
      child.kill(signal);
      await ended;
    },
  };
}

/** Waits until `isReady`. If the program exits or is late, its output is the error. */
export async function until(program: Program, isReady: () => boolean | Promise<boolean>): Promise<void> {
  let hasEnded = false;
  void program.ended.then(() => (hasEnded = true));
  for (const startedAt = Date.now(); !(await isReady());) {
    if (hasEnded || Date.now() - startedAt > START_MS)
      throw new Error(`${program.child.spawnfile} did not start:\n${program.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  folderNames.delete(folder);
}
