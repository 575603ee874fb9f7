/**
 * Capabilities `create_room`, `manage_room` and `room_settings`. The requests change nothing: the doctor creates no room,
 * and sets what is set already.
 */
import type { CheckContext } from './check-context.js';
import { isAllowedIn } from './check-permissions.js';
import type { CheckId } from './checks.js';
import { formatList } from './format-list.js';
import { isResponse } from './raw-request.js';
import { bodyOf, changeFailure } from './sent-message.js';
import { isRecord, SETTINGS } from './shapes.js';
import type { WriteContext } from './write-context.js';

const CREATE_FIX =
  'On POST rooms/ {"user_ids", "name", "context", "context_token", "text"}, answer 201 with {"room", "created"}, and ' +
  '400 {"user_ids": [message]} if it names no other user. Otherwise do not announce create_room.';
const RENAME_FIX =
  'On PATCH rooms/{id}/ {"name"}, answer 200 with the room. If the user may not rename it (action "rename"), answer ' +
  '403 with {"detail", "code": "not_allowed"}. Otherwise do not announce manage_room.';
const SETTINGS_FIX =
  'On PATCH rooms/{id}/me/, change the settings in the body for this user only, and answer 200 with all: {"pinned", ' +
  '"archived", "muted_until", "notify"}. Give each room the same as "settings". Otherwise do not announce ' +
  'room_settings.';

interface Check {
  capability: string;
  id: CheckId;
  run(write: WriteContext, path: string): Promise<void>;
}

const CHECKS: readonly Check[] = [
  { capability: 'create_room', id: 'create_room.refusal', run: checkCreate },
  { capability: 'manage_room', id: 'manage_room.rename', run: checkRename },
  { capability: 'room_settings', id: 'room_settings.change', run: checkSettings },
];

export async function checkRoomChanges(write: WriteContext): Promise<void> {
  const { context, room } = write;
  for (const { capability, id, run } of CHECKS) {
    if (!context.hasCapability(capability)) {
      context.findings.unsupported(id, `The backend does not announce ${capability}.`);
      continue;
    }
    context.startCheck(id);
    await run(write, `rooms/${encodeURIComponent(room)}/`);
  }
}

async function checkCreate({ context }: WriteContext): Promise<void> {
  const id: CheckId = 'create_room.refusal';
  const failure = changeFailure(await context.request('rooms/', { method: 'POST', body: { user_ids: [] } }), 400);
  const route = context.routePath('rooms/');
  if (failure) context.findings.fail(id, `POST ${route} without users ${failure}.`, CREATE_FIX);
  else context.findings.pass(id);
}

/** The room in the list, as it was received. */
const entryOf = ({ roomEntries }: CheckContext, room: unknown): Record<string, unknown> => {
  const entry = roomEntries.find((each) => isRecord(each) && String(each['id']) === String(room));
  return isRecord(entry) ? entry : {};
};

async function checkRename({ context, room }: WriteContext, path: string): Promise<void> {
  const { findings } = context;
  const id: CheckId = 'manage_room.rename';
  const { name } = entryOf(context, room);
  if (typeof name !== 'string' || name.trim() !== name || name === '')
    return findings.skip('the room has no name that can be set again', id);
  const result = await context.request(path, { method: 'PATCH', body: { name } });
  const route = `PATCH ${context.routePath(path)}`;
  const isForbidden = isResponse(result) && result.status === 403;
  if (context.hasCapability('permissions') && !isAllowedIn(context, room, 'rename')) {
    if (isForbidden) return findings.pass(id, 'The user may not rename the room, and is refused.');
    const failure = changeFailure(result, 403) || 'was accepted';
    return findings.fail(id, `${route} ${failure}, although the user may not rename the room.`, RENAME_FIX);
  }
  if (isForbidden && !context.hasCapability('permissions'))
    return findings.pass(id, 'The user may not rename the room.');
  const failure = changeFailure(result);
  if (failure) return findings.fail(id, `${route} ${failure}.`, RENAME_FIX);
  if (bodyOf(result)['name'] !== name || String(bodyOf(result)['id']) !== String(room))
    return findings.fail(id, `The answer to ${route} is not the room with its name.`, RENAME_FIX);
  findings.pass(id);
}

async function checkSettings({ context, room }: WriteContext, path: string): Promise<void> {
  const { findings } = context;
  const id: CheckId = 'room_settings.change';
  const { settings } = entryOf(context, room);
  const missing = SETTINGS(settings, `settings of room ${room}`);
  if (missing.length > 0) return findings.fail(id, `${formatList(missing)}.`, SETTINGS_FIX);
  const { pinned } = settings as Record<string, unknown>;
  const result = await context.request(`${path}me/`, { method: 'PATCH', body: { pinned } });
  const route = `PATCH ${context.routePath(`${path}me/`)}`;
  const failure = changeFailure(result);
  if (failure) return findings.fail(id, `${route} ${failure}.`, SETTINGS_FIX);
  const problems = SETTINGS(bodyOf(result), 'the answer');
  if (problems.length > 0) return findings.fail(id, `${route}: ${formatList(problems)}.`, SETTINGS_FIX);
  findings.pass(id);
}
