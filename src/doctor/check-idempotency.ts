/** Sends each message twice under one id, over the WebSocket, over REST and over both: it must be stored once. */
import { restFailure, socketFailure, type TestMessage, type WriteContext } from './write-context.js';

type Transport = 'socket' | 'rest';

const CASES = [
  ['idempotent.socket-socket', 'socket', 'socket'],
  ['idempotent.socket-rest', 'socket', 'rest'],
  ['idempotent.rest-rest', 'rest', 'rest'],
] as const;

const FIX =
  'Add a unique constraint on (sender, message id), valid for at least 24 h. The message id is _tempId on the ' +
  'WebSocket and the header Idempotency-Key on REST; both share one namespace. Answer the second request with the ' +
  'stored message. Otherwise do not announce idempotent_send.';

export async function checkIdempotency(write: WriteContext): Promise<void> {
  const { context } = write;
  const { findings } = context;
  if (!context.hasCapability('idempotent_send')) {
    for (const [id] of CASES) findings.unsupported(id, 'The backend does not announce idempotent_send.');
    return;
  }
  const attempts: { id: (typeof CASES)[number][0]; message: TestMessage; failure: string }[] = [];
  for (const [id, first, second] of CASES) {
    context.startCheck(id);
    const message = write.createMessage();
    attempts.push({ id, message, failure: await sendTwice(write, message, first, second) });
  }
  const history = await write.readHistory();
  for (const { id, message, failure } of attempts) {
    if (failure) findings.fail(id, failure, FIX);
    else if ('reason' in history) findings.skip(`the history cannot be read: ${history.reason}`, id);
    else {
      const copies = history.messages.filter(({ content }) => content === message.content).length;
      const announced = 'The backend announces idempotent_send, but a message sent twice under one id was stored';
      if (copies > 1) findings.fail(id, `${announced} ${copies} times.`, FIX);
      else if (copies === 1) findings.pass(id);
      else findings.fail(id, 'The message is not in the history.', FIX);
    }
  }
}

/** @returns the error, or ''. */
async function sendTwice(
  write: WriteContext,
  message: TestMessage,
  first: Transport,
  second: Transport,
): Promise<string> {
  const firstFailure = await send(write, first, message);
  if (firstFailure) return `The first message ${firstFailure}.`;
  const secondFailure = await send(write, second, message);
  return secondFailure && `The first message was stored, but the second one under the same id ${secondFailure}.`;
}

const send = async (write: WriteContext, transport: Transport, message: TestMessage): Promise<string> =>
  transport === 'socket'
    ? socketFailure(await write.sendBySocket(message))
    : restFailure(await write.sendByRest(message));
