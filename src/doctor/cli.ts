#!/usr/bin/env node
/** `npx unified-chat doctor`: the doctor at a terminal. Node only; built into dist/doctor-cli.js. */
import { WebSocket } from 'ws';
import { readArguments, USAGE, WrongArguments } from './cli-args.js';
import { printer } from './cli-print.js';
import { diagnose } from './diagnose.js';
import { Redactor } from './redact.js';
import { withWs } from './upgrade.js';

const HEALTHY = 0;
const WRONG = 1;
const COULD_NOT_RUN = 2;

/** Waits until the text is out: to a pipe, `process.exit` would cut it. */
const write = (stream: NodeJS.WriteStream, text: string): Promise<void> => new Promise((resolve) => void stream.write(text, () => resolve()));

async function main(): Promise<number> {
  // Known before anything is said: what is wrong with the arguments may itself hold the token.
  let redactor = new Redactor(process.env['UNIFIED_CHAT_TOKEN'], process.env['UNIFIED_CHAT_USER_TOKEN_2']);
  try {
    const wanted = readArguments(process.argv.slice(2), process.env);
    if (wanted === 'help') {
      await write(process.stdout, USAGE);
      return HEALTHY;
    }
    const { json, ...options } = wanted;
    redactor = new Redactor(options.token, options.userToken2);
    const giveUp = new AbortController();
    process.once('SIGINT', () => giveUp.abort());
    const print = printer({ json, out: process.stdout, progress: process.stderr });
    const report = await diagnose({ ...options, ...withWs(WebSocket), ...print, signal: giveUp.signal });
    await write(process.stdout, print.end(report));
    return report.healthy ? HEALTHY : WRONG;
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const help = error instanceof WrongArguments ? "\n'npx unified-chat doctor --help' lists what it takes." : '';
    await write(process.stderr, `${redactor.text(error.message)}${help}\n`);
    return COULD_NOT_RUN;
  }
}

// Sockets on their way to close would hold the process for a while.
process.exit(await main());
