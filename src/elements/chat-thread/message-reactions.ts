/** The reactions to a message. Pressing one adds or removes one's own. */
import { html, nothing, type TemplateResult } from 'lit';
import type { ChatMessage } from '../../client/index.js';
import { noop } from '../../internal/noop.js';
import { sameId, type Id, type Reaction } from '../../protocol/index.js';
import { isAllowed } from '../../store/permissions.js';
import { systemClock } from '../../transport/index.js';
import { firstName } from '../display-name.js';
import { isolated } from '../untrusted.js';
import type { RowContext } from './row-context.js';

/** Maximum number of different reactions shown. The others are counted. */
const MAX_REACTIONS = 20;
/** Longest reaction, in UTF-16 code units: some emoji have more than ten. */
const MAX_EMOJI = 20;
/** More people are counted. */
const MAX_NAMES = 20;

/** Below the bubble. */
export function reactions(message: ChatMessage, context: RowContext): TemplateResult | typeof nothing {
  const all = message.reactions ?? [];
  if (all.length === 0) return nothing;
  const more = all.length - MAX_REACTIONS;
  const { room: roomId } = message;
  const data = context.connection?.data;
  const react =
    roomId !== undefined && data && isAllowed(data, roomId, 'react', message, systemClock.now())
      ? (emoji: string, on: boolean): void =>
          void context.connection?.room(roomId).react(message.id, emoji, on).catch(noop)
      : undefined;
  return html`<span part="reactions" class="meta reactions"
    >${all.slice(0, MAX_REACTIONS).map((reaction) => renderReaction(roomId, reaction, context, react))}${more > 0 ? `+${more}` : nothing}</span
  >`;
}

/** @param react adds or removes the user's own reaction; undefined if the user may not react. */
function renderReaction(
  roomId: Id | undefined,
  reaction: Reaction,
  context: RowContext,
  react: ((emoji: string, on: boolean) => void) | undefined,
): TemplateResult {
  const { connection, localize, composer } = context;
  const { emoji, user_ids: ids } = reaction;
  const shown = html`<bdi>${emoji.slice(0, MAX_EMOJI)}</bdi> ${ids.length}`;
  const isMine = ids.some((id) => sameId(id, connection?.data.user?.id));
  const names = namesOf(roomId, ids, context);
  if (!react) return html`<span part="reaction" class="reaction" title=${names}>${shown}</span>`;
  const onClick = (): void => {
    react(emoji, !isMine);
    // The focused button is about to be removed.
    if (isMine && ids.length === 1) composer.focus();
  };
  return html`<button part="reaction" class="reaction" type="button" title=${names} aria-pressed=${isMine} aria-label=${localize.term('reaction', emoji.slice(0, MAX_EMOJI), ids.length)} @click=${onClick}>${shown}</button>`;
}

/** Who has reacted, as far as the room names its members. */
function namesOf(roomId: Id | undefined, ids: readonly Id[], { connection, localize }: RowContext): string {
  const { user, rooms } = connection?.data ?? { user: null, rooms: [] };
  const room = rooms.find(({ id }) => sameId(id, roomId));
  const names = ids.slice(0, MAX_NAMES).flatMap((id) => {
    if (sameId(id, user?.id)) return localize.term('you');
    const member = room?.participants.find((participant) => sameId(participant.id, id));
    return (member && firstName(member)) || [];
  });
  const others = ids.length - names.length;
  return joined(others > 0 ? [...names, `+${others}`] : names, localize.lang);
}

/** The last formatter: creating one is expensive, and most texts of a page are in one language. */
let formatter: { lang: string; list: Intl.ListFormat } | undefined;

function joined(names: readonly string[], lang: string): string {
  if (formatter?.lang !== lang) formatter = { lang, list: new Intl.ListFormat(lang) };
  return formatter.list.format(names.map(isolated));
}
