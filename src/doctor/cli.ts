#!/usr/bin/env node
/** The command `npx unified-chat doctor`. Node only; built into dist/doctor/cli.js. */
import { WebSocket } from 'ws';
import { parseArguments, USAGE, UsageError } from './cli-args.js';
import { createPrinter } from './cli-print.js';
import { diagnose } from './diagnose.js';
import { Redactor } from './redact.js';
import { withWs } from './upgrade-request.js';

const EXIT = { healthy: 0, failed: 1, couldNotRun: 2 } as const;

/** Waits until the text is flushed: `process.exit` would truncate output to a pipe. */
const write = (stream: NodeJS.WriteStream, text: string): Promise<void> =>
  new Promise((resolve) => void stream.write(text, () => resolve()));

async function main(): Promise<number> {
  // Before the arguments are parsed, because an error about them may contain a token.
  let redactor = new Redactor(process.env['UNIFIED_CHAT_TOKEN'], process.env['UNIFIED_CHAT_USER_TOKEN_2']);
  try {
    const parsed = parseArguments(process.argv.slice(2), process.env);
    if (parsed === 'help') {
      await write(process.stdout, USAGE);
      return EXIT.healthy;
    }
    const { json, ...options } = parsed;
    redactor = new Redactor(options.token, options.userToken2);
    const interrupt = new AbortController();
    process.once('SIGINT', () => interrupt.abort());
    const { finish, ...listeners } = createPrinter({ json, out: process.stdout, progress: process.stderr });
    const report = await diagnose({ ...options, ...withWs(WebSocket), ...listeners, signal: interrupt.signal });
    await write(process.stdout, finish(report));
    return report.healthy ? EXIT.healthy : EXIT.failed;
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const hint = error instanceof UsageError ? "\nSee 'npx unified-chat doctor --help' for the options." : '';
    await write(process.stderr, `${redactor.redact(error.message)}${hint}\n`);
    return EXIT.couldNotRun;
  }
}

// Closing sockets would keep the process alive.
process.exit(await main());
