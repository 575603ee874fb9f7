/** Sending twice under one id stores once: by socket, by REST, and by one after the other. */
import { restFailure, socketFailure, type Desk, type Sample } from './write-context.js';

type Way = 'socket' | 'rest';

const CASES = [
  ['idempotent.socket-socket', 'socket', 'socket'],
  ['idempotent.socket-rest', 'socket', 'rest'],
  ['idempotent.rest-rest', 'rest', 'rest'],
] as const;

const MEND = 'Make (sender, id) unique where messages are stored, for 24 h or longer; the id is _tempId on the socket and the header Idempotency-Key on REST, one and the same. Answer the second with the message that is stored. Or do not name idempotent_send.';

export async function checkIdempotence(desk: Desk): Promise<void> {
  const { exam } = desk;
  const { findings } = exam;
  if (!exam.has('idempotent_send')) {
    for (const [id] of CASES) findings.missing(id, 'The backend does not have idempotent_send.');
    return;
  }
  const tried: { id: (typeof CASES)[number][0]; sample: Sample; wrong: string }[] = [];
  for (const [id, first, second] of CASES) {
    exam.begin(id);
    const sample = desk.sample();
    const once = await send(desk, first, sample);
    const twice = once ? '' : await send(desk, second, sample);
    tried.push({ id, sample, wrong: once ? `The first message ${once}.` : twice ? `The first message is stored, and the second, under the same id, ${twice}.` : '' });
  }
  const history = await desk.history();
  for (const { id, sample, wrong } of tried) {
    if (wrong) findings.wrong(id, wrong, MEND);
    else if ('because' in history) findings.skip(`the history cannot be read: ${history.because}`, id);
    else {
      const copies = history.messages.filter(({ content }) => content === sample.content).length;
      if (copies > 1) findings.wrong(id, `The backend names idempotent_send, and a message sent twice under one id is stored ${copies} times.`, MEND);
      else if (copies === 1) findings.pass(id);
      else findings.wrong(id, 'The message is in the history not even once.', MEND);
    }
  }
}

/** @returns what went wrong with it, in words. */
const send = async (desk: Desk, way: Way, sample: Sample): Promise<string> =>
  way === 'socket' ? socketFailure(await desk.bySocket(sample)) : restFailure(await desk.byRest(sample));
