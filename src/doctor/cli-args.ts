/** What the doctor can be told on a command line. */
import { parseArgs } from 'node:util';
import type { AuthMode } from '../transport/index.js';
import type { DiagnoseOptions } from './diagnose.js';

export const USAGE = `Examines a live chat backend against the contract (docs/PROTOCOL.md), point by point.

  npx unified-chat doctor --url https://api.example.com [options]

  --url URL              origin of the backend, with a base path where it has one
  --token TOKEN          of a person who may chat. Better: in the environment, UNIFIED_CHAT_TOKEN, so that it
                         stands in no shell history and in no list of processes. It is never printed.
  --user-token-2 TOKEN   of another person (or UNIFIED_CHAT_USER_TOKEN_2): whether rooms are closed to strangers,
                         and, with --write, whether messages reach the others
  --origin URL           the site that the chat is to stand on: examines CORS, and whether its socket is let in
  --ws-path PATH         default /ws/chat/
  --api-path PATH        default /api/chat/
  --auth MODE            how the token travels on the socket: query (default), subprotocol, ticket
  --room ID              a room to talk about; default the first of the list
  --write                sends about eight messages into --room, reads its history, marks the messages as read
  --json                 the report as JSON
  --help

Without --write nothing is stored. Histories are not read then either: on some backends, reading one marks it as read.
A room is subscribed to, and requests without a token and with a forged one are made; both leave lines in logs.

Ends with 0: nothing is wrong. 1: something is. 2: it could not be run (what it was told makes no sense).
`;

/** What was told makes no sense; the message says how. */
export class WrongArguments extends Error {}

const AUTH_MODES: readonly string[] = ['query', 'subprotocol', 'ticket'] satisfies AuthMode[];

export type Wanted = DiagnoseOptions & { token: string; json: boolean };

/** @throws {WrongArguments} */
export function readArguments(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Wanted | 'help' {
  const { values, positionals } = parse(argv);
  if (values.help) return 'help';
  const [command, ...more] = positionals;
  // What was typed is not repeated: it may be a token that lost its flag.
  if (command !== 'doctor') throw new WrongArguments(command === undefined ? 'Say what to do: npx unified-chat doctor --url …' : 'There is one command: doctor.');
  if (more.length > 0) throw new WrongArguments("There is a word too many after 'doctor'.");
  const { url, auth = 'query', origin, room, write = false, json = false } = values;
  const token = values.token ?? env['UNIFIED_CHAT_TOKEN'];
  if (!url) throw new WrongArguments('--url is missing: where is the backend?');
  if (!token?.trim()) throw new WrongArguments('There is no token: set UNIFIED_CHAT_TOKEN, or give --token.');
  if (!AUTH_MODES.includes(auth)) throw new WrongArguments(`--auth is one of ${AUTH_MODES.join(', ')}.`);
  if (origin !== undefined && !isOrigin(origin)) throw new WrongArguments('--origin is the origin of a site, without a path: https://my.site');
  if (write && room === undefined) throw new WrongArguments('--write sends test messages, so say into which room: --room ID. A run without --write lists the rooms.');
  return {
    url,
    token,
    userToken2: values['user-token-2'] ?? env['UNIFIED_CHAT_USER_TOKEN_2'],
    auth: auth as AuthMode,
    origin: origin && new URL(origin).origin,
    wsPath: values['ws-path'],
    apiPath: values['api-path'],
    room,
    write,
    json,
  };
}

const isOrigin = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).pathname === '/';

function parse(argv: readonly string[]) {
  try {
    const text = { type: 'string' } as const;
    const flag = { type: 'boolean' } as const;
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { url: text, token: text, 'user-token-2': text, origin: text, 'ws-path': text, 'api-path': text, auth: text, room: text, write: flag, json: flag, help: { ...flag, short: 'h' } },
    });
  } catch (thrown) {
    throw new WrongArguments(thrown instanceof Error ? thrown.message : 'The options cannot be read.');
  }
}
