/** The command line of the doctor. */
import { parseArgs } from 'node:util';
import type { AuthMode } from '../transport/index.js';
import type { DiagnoseOptions } from './diagnose.js';

export const USAGE = `Checks a live chat backend against the contract (docs/PROTOCOL.md).

  npx unified-chat doctor --url https://api.example.com [options]

  --url URL              origin of the backend, with its base path if it has one
  --token TOKEN          token of a user who may chat. Prefer the environment variable UNIFIED_CHAT_TOKEN, which
                         keeps it out of the shell history and the process list. The doctor never prints it.
  --user-token-2 TOKEN   token of a second user (or UNIFIED_CHAT_USER_TOKEN_2): checks that rooms are closed to
                         non-members and, with --write, that messages are delivered to a member of --room, or that
                         frames of a non-member are refused
  --origin URL           origin of the site that uses the chat: checks CORS, and the Origin of the WebSocket
  --ws-path PATH         default /ws/chat/
  --api-path PATH        default /api/chat/
  --auth MODE            how the WebSocket receives the token: query (default), subprotocol, ticket
  --room ID              room for the checks; default: the first of the room list
  --write                sends about ten messages to --room, reads its history, and marks the messages as read
  --json                 prints the report as JSON
  --help                 prints this help

Without --write, the doctor changes no message, no read state and no room. It does not read message histories either,
because on some backends reading a history marks it as read. It subscribes to a room and unsubscribes at once; with
--auth ticket, it requests tickets. It also connects without a token and with a forged token, which may appear in the
server's logs.

Exit codes: 0 no check failed, 1 a check failed, 2 the doctor could not run (invalid options, for example).
`;

/** The command line is invalid. */
export class UsageError extends Error {}

const AUTH_MODES: readonly string[] = ['query', 'subprotocol', 'ticket'] satisfies AuthMode[];

export type CliOptions = DiagnoseOptions & { token: string; json: boolean };

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws {UsageError} */
export function parseArguments(argv: readonly string[], env: Environment): CliOptions | 'help' {
  const { values, positionals } = parse(argv);
  if (values.help) return 'help';
  const [command, ...rest] = positionals;
  // Error messages do not repeat an argument: it may be a token.
  if (command === undefined) throw new UsageError('The command is missing: npx unified-chat doctor --url …');
  if (command !== 'doctor') throw new UsageError('Unknown command. The only command is doctor.');
  if (rest.length > 0) throw new UsageError("Unexpected argument after 'doctor'.");
  const { url, auth = 'query', origin, room, write = false, json = false } = values;
  const token = values.token ?? env['UNIFIED_CHAT_TOKEN'];
  if (!url) throw new UsageError('--url is missing. Set it to the origin of the backend.');
  if (!token?.trim()) throw new UsageError('The token is missing. Set UNIFIED_CHAT_TOKEN, or use --token.');
  if (!AUTH_MODES.includes(auth)) throw new UsageError(`--auth must be one of ${AUTH_MODES.join(', ')}.`);
  if (origin !== undefined && !isOrigin(origin)) {
    throw new UsageError('--origin must be an origin without a path, such as https://my.site.');
  }
  if (write && room === undefined) {
    throw new UsageError('--write sends test messages and requires --room ID. Run without --write to list the rooms.');
  }
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

const isOrigin = (text: string): boolean =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).pathname === '/';

function parse(argv: readonly string[]) {
  try {
    const string = { type: 'string' } as const;
    const boolean = { type: 'boolean' } as const;
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        url: string,
        token: string,
        'user-token-2': string,
        origin: string,
        'ws-path': string,
        'api-path': string,
        auth: string,
        room: string,
        write: boolean,
        json: boolean,
        help: { ...boolean, short: 'h' },
      },
    });
  } catch (thrown) {
    throw new UsageError(thrown instanceof Error ? thrown.message : 'The options are invalid.');
  }
}
