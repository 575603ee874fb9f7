/** Ids that were rounded in anything that the server sent: see rounded-ids.ts. */
import type { CheckContext } from './check-context.js';
import { formatList } from './format-list.js';

const FIX =
  'Send these ids as strings, {"id": "9007199254740993"}, on REST and on the WebSocket, and accept strings in ' +
  'requests. Django REST framework: id = serializers.CharField(read_only=True).';

/** Runs after all other checks, because it examines everything that they received. */
export function checkIds({
  findings,
  restBodies,
  receivedFrames,
  roundedRestIds,
  roundedSocketIds,
}: CheckContext): void {
  const check = (id: 'ids.rest' | 'ids.socket', isEmpty: boolean, rounded: ReadonlySet<string>): void => {
    if (rounded.size === 0) return isEmpty ? undefined : findings.pass(id);
    const count = rounded.size === 1 ? '1 id is a JSON number' : `${rounded.size} ids are JSON numbers`;
    findings.fail(id, `${count} beyond 2^53 − 1, which JavaScript rounds: ${formatList([...rounded])}.`, FIX);
  };
  check('ids.rest', restBodies.length === 0, roundedRestIds);
  check('ids.socket', receivedFrames.length === 0, roundedSocketIds);
}
