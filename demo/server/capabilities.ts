/** The capabilities that this server announces: see docs/PROTOCOL.md. */
import type { ClientFrame } from '../../src/protocol/client-frames.js';

const CAPABILITIES = [
  'idempotent_send',
  'ack',
  'user_channel',
  'sync',
  'edit',
  'delete',
  'reactions',
  'token_refresh',
  'receipts',
  'permissions',
  'around',
  'mark_unread',
  'uploads',
  'people',
  'create_room',
  'manage_room',
  'room_settings',
  'room_pages',
  'delivered',
  'hide_receipts',
] as const;

/** Delivery depends on these. */
const ESSENTIAL = ['idempotent_send', 'ack', 'user_channel', 'sync', 'token_refresh', 'receipts'] as const;

type Capability = (typeof CAPABILITIES)[number];
export type Removable = Exclude<Capability, (typeof ESSENTIAL)[number]>;

const isIn = <Name extends string>(names: readonly Name[], name: string): name is Name =>
  names.some((each) => each === name);

/** Capabilities that `--without` removes, to test clients against a server that lacks them. */
export const REMOVABLE = CAPABILITIES.filter((name): name is Removable => !isIn(ESSENTIAL, name));

export const isRemovable = (name: string): name is Removable => isIn(REMOVABLE, name);

/** The frames that exist only with a removable capability. */
const FRAMES: Partial<Record<ClientFrame['type'], Removable>> = {
  edit_message: 'edit',
  delete_message: 'delete',
  react: 'reactions',
  mark_unread: 'mark_unread',
  mark_delivered: 'delivered',
};

interface Source {
  baseline: boolean;
  without: readonly Removable[];
}

export const has = ({ baseline, without }: Source, capability: Removable): boolean =>
  !baseline && !without.includes(capability);

export const announced = ({ without }: Source): string[] =>
  CAPABILITIES.filter((capability) => !isIn(without, capability));

/** Whether the server handles frames of this type. */
export function handlesFrame(options: Source, type: ClientFrame['type']): boolean {
  const capability = FRAMES[type];
  return capability === undefined || has(options, capability);
}
