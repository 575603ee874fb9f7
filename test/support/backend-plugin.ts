/**
 * Gives browser tests a real backend behind a fault proxy. In a test:
 *
 *     const backend = await startBackend({ baseline: true, differences: ['twice'] });   // test/support/backend.ts
 */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TestRunnerPlugin } from '@web/test-runner';
import type { Options } from '../../demo/server/options.js';
import type { Faults } from '../../demo/fault-proxy/fault-proxy.js';
import type { Remote } from '../../demo/fault-proxy/rules.js';

export interface StartOptions {
  baseline?: boolean;
  differences?: Options['differences'];
  limits?: Options['limits'];
  allowedOrigins?: Options['allowedOrigins'];
  heartbeatSeconds?: number;
  expiryWarningSeconds?: number;
}

/** What the commands take; each names the backend by `id`. */
export interface Commands {
  start: (payload: StartOptions) => Promise<{ id: number; url: string }>;
  stop: (payload: { id: number }) => Promise<void>;
  /** Starts the same server again, on the same port, with the same data. */
  again: (payload: { id: number }) => Promise<void>;
  end: (payload: { id: number }) => Promise<void>;
  token: (payload: { id: number; userId: number; expiresIn?: number }) => Promise<string>;
  faults: (payload: { id: number } & Partial<Faults>) => Promise<void>;
  cut: (payload: { id: number }) => Promise<void>;
  /** Calls a method of the fault line. */
  line: (payload: { id: number; call: Remote; given: unknown[] }) => Promise<unknown>;
  /** Sends a message over REST as somebody, past the proxy. */
  post: (payload: { id: number; userId: number; roomId: number; content: string }) => Promise<number>;
  /** What the server has stored of a room, by content. */
  stored: (payload: { id: number; roomId: number; content: string }) => Promise<number>;
}

/** To the process that runs the backends, and back. */
export interface Question {
  number: number;
  name: keyof Commands;
  payload: unknown;
}
export interface Reply {
  number: number;
  answer?: unknown;
  error?: string;
}

/** The backends run in a process of their own: a database at work would make the test runner deaf for seconds. */
export function backendPlugin(): TestRunnerPlugin {
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  let host: ChildProcess | undefined;
  let lastNumber = 0;

  const startHost = (): ChildProcess => {
    const child = fork(fileURLToPath(new URL('./backend-host.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] });
    child.on('message', ({ number, answer, error }: Reply) => {
      const asker = waiting.get(number);
      waiting.delete(number);
      if (error !== undefined) asker?.reject(new Error(error));
      // Nothing as an answer would say that the command is unknown.
      else asker?.resolve(answer ?? true);
    });
    child.on('exit', (code) => {
      for (const { reject } of waiting.values()) reject(new Error(`The process of the backends ended (${code}).`));
      waiting.clear();
      host = undefined;
    });
    return child;
  };

  return {
    name: 'backend',
    executeCommand({ command, payload }) {
      const name = /^backend:(\w+)$/.exec(command)?.[1];
      if (!name) return undefined;
      const child = (host ??= startHost());
      const number = ++lastNumber;
      return new Promise((resolve, reject) => {
        waiting.set(number, { resolve, reject });
        child.send({ number, name, payload });
      });
    },
    serverStop() {
      host?.disconnect();
    },
  };
}
