/** Capabilities `edit`, `reactions`, `mark_unread`, `delivered` and `delete`: the doctor changes one message that it has sent itself. */
import { DELETE_CHECKS, checkDelete } from './check-delete.js';
import { checkDelivered, DELIVERED_CHECKS } from './check-delivered.js';
import { checkEdit, EDIT_CHECKS } from './check-edit.js';
import { checkMarkUnread, MARK_UNREAD_CHECKS } from './check-mark-unread.js';
import { isAllowedIn } from './check-permissions.js';
import { checkReactions, EMOJI, REACTION_CHECKS } from './check-reactions.js';
import type { CheckId } from './checks.js';
import { SentMessage } from './sent-message.js';
import type { WriteContext } from './write-context.js';

interface Change {
  capability: string;
  /** In `can`, with the capability `permissions`. Undefined: allowed to every member. */
  action?: string;
  ids: readonly CheckId[];
  check(sent: SentMessage): Promise<void>;
}

/** Deletes last: the message is gone then. */
const CHANGES: readonly Change[] = [
  { capability: 'edit', action: 'edit_own', ids: EDIT_CHECKS, check: checkEdit },
  { capability: 'reactions', action: 'react', ids: REACTION_CHECKS, check: checkReactions },
  { capability: 'mark_unread', ids: MARK_UNREAD_CHECKS, check: checkMarkUnread },
  { capability: 'delivered', ids: DELIVERED_CHECKS, check: checkDelivered },
  { capability: 'delete', action: 'delete_own', ids: DELETE_CHECKS, check: checkDelete },
];

export async function checkMessageChanges(write: WriteContext): Promise<void> {
  const { context, room } = write;
  const { findings } = context;
  const possible = CHANGES.filter(({ capability, action, ids }) => {
    if (!context.hasCapability(capability)) {
      for (const id of ids) findings.unsupported(id, `The backend does not announce ${capability}.`);
      return false;
    }
    if (action === undefined || isAllowedIn(context, room, action)) return true;
    findings.skip(`the user may not do this in room ${room}: its 'can' does not contain ${action}`, ...ids);
    return false;
  });
  if (possible.length === 0) return;
  const sent = await SentMessage.send(write);
  if (!sent) return findings.skip('the message was not stored: see send.rest', ...possible.flatMap(({ ids }) => ids));
  const canReact = possible.some(({ capability }) => capability === 'reactions');
  for (const { capability, check } of possible) {
    // Its tombstone must not have the reaction any more.
    if (capability === 'delete' && canReact) await sent.react(EMOJI, true);
    await check(sent);
  }
  if (canReact && !findings.has('delete.message', 'pass')) await sent.react(EMOJI, false);
}
