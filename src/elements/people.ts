/** How people and rooms are called and pictured. */
import { html, nothing, type TemplateResult } from 'lit';
import { sameId, type Id, type Room, type User } from '../protocol/index.js';
import { attachmentUrl } from '../transport/index.js';

type Named = Pick<User, 'username' | 'first_name' | 'last_name'>;

export const fullName = (user: Named | null): string => (user && (`${user.first_name} ${user.last_name}`.trim() || user.username)) || '';

export const firstName = (user: Named | null): string => user?.first_name || user?.username || '';

/** The one other person of a direct room. */
export function partner(room: Room, me: Id | undefined): User | null {
  if (room.room_type !== 'direct') return null;
  const others = room.participants.filter(({ id }) => !sameId(id, me));
  return others.length === 1 ? others[0]! : null;
}

/** A direct room is called as the other person is; any other one as it says. */
export const roomName = (room: Room, me: Id | undefined): string => fullName(partner(room, me)) || room.name;

/** At most two letters, of whole characters: an emoji or a surrogate pair is never cut. */
export function initials(name: string): string {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0]!, words.at(-1)!] : words;
  return letters.map((word) => [...word][0]).join('').toLocaleUpperCase();
}

/** A picture, or initials where there is none. The name stands beside it, so it says nothing itself. */
export function avatar(name: string, picture: string | null | undefined, base: string): TemplateResult {
  const src = attachmentUrl(base, picture ?? null);
  return html`<span part="avatar" class="avatar" aria-hidden="true">
    ${initials(name)}${src ? html`<img src=${src} alt="" loading="lazy" @error=${hide} />` : nothing}
  </span>`;
}

/** A picture that cannot be loaded leaves the initials under it. */
function hide(event: Event): void {
  (event.target as HTMLImageElement).hidden = true;
}
