/** The removable capabilities: correct, not announced, and wrong. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { REMOVABLE } from '../../demo/server/capabilities.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { CHECKS, type Report } from '../../src/doctor/index.js';
import { BEN, ROOM } from '../server/support.js';
import type { FaultName } from '../support/backend-faults.js';
import { diagnoseServer, diagnoseWithFault, failedIds, findingOf, WRITE } from './support.js';

/** A message that must be reported, and the start of the remedy. */
type Expected = [fault: FaultName, id: string, message: RegExp, fix: RegExp, alsoFails?: string[]];

const idsOf = (capability: string): string[] => Object.keys(CHECKS).filter((id) => id.startsWith(`${capability}.`));
const verdictsOf = (report: Report, ids: string[]): string[][] => ids.map((id) => [id, findingOf(report, id).verdict]);

const PERMISSIONS: Expected[] = [
  ['rooms without can', 'permissions.fields', /rooms\[0\]\.can is missing; expected an array of strings/, /"can"/],
  ['can as a text', 'permissions.fields', /rooms\[0\]\.can is a string/, /an array of the actions/],
  ['rooms without closed_reason', 'permissions.fields', /closed_reason is missing; expected a string or null/, /null/],
  [
    'closed room that allows to send',
    'permissions.closed',
    /rooms\[0\] has a closed_reason, but allows send and attach; /,
    /Leave out "send" and "attach" from "can"/,
  ],
];

const AROUND: Expected[] = [
  ['rooms without first_unread_id', 'around.rooms', /rooms\[0\]\.first_unread_id is missing; .* id or null/, /null if/],
  ['last_read_id as a boolean', 'around.rooms', /rooms\[0\]\.last_read_id is a boolean/, /"last_read_id"/],
  [
    'around ignored',
    'around.message',
    /the server ignores \?around and returns the newest/,
    /use this message of/,
    ['around.unknown'],
  ],
  [
    'around and limit ignored',
    'around.message',
    /ignores \?around and returns the newest page/,
    /has_older/,
    ['around.unknown'],
  ],
  ['at ignored', 'around.time', /ignores \?at and returns the newest page/, /first message at or after this time/],
  ['around refused', 'around.message', /returned 400 without a list of messages/, /target_id/, ['around.unknown']],
  [
    'page around without has_older and has_newer',
    'around.message',
    /no boolean 'has_older' and 'has_newer'/,
    /"has_older", "has_newer"/,
    ['around.time'],
  ],
  ['page around without its target', 'around.message', /does not contain the target/, /half from it/, ['around.time']],
  ['target_id of another message', 'around.message', /target_id is \d+; expected \d+/, /target_id/, ['around.time']],
  ['page around, newest first', 'around.message', /not sorted: the oldest/, /oldest first/, ['around.time']],
  ['has_older is always false', 'around.message', /but there are older messages/, /has_older/, ['around.time']],
  ['has_newer is always false', 'around.message', /but there are newer messages/, /has_newer/, ['around.time']],
  ['empty page around an unknown message', 'around.unknown', /<unknown message id> returned 200 instead of/, /404/],
];

const EDIT: Expected[] = [
  [
    'edit refused',
    'edit.message',
    /^PATCH \/api\/chat\/messages\/\d+\/ returned 405 instead of 200/,
    /do not announce/,
  ],
  ['edit answered with the old text', 'edit.message', /does not have the new content/, /answer 200 with the whole/],
  ['edited message without edited_at', 'edit.message', /has no edited_at/, /set edited_at to the current time/],
  ['edit not announced', 'edit.announced', /subscribed to the room, received no frame/, /"message_updated"/],
  ['repeated edit with another edited_at', 'edit.repeated', /has changed edited_at/, /change nothing, and answer 200/],
  ['repeated edit refused', 'edit.repeated', /but the same request returned 404/, /Check this before edited_at/],
  ['edits without conflicts', 'edit.conflict', /it overwrites the edit of another device/, /in the transaction/],
  ['conflict answered with 400', 'edit.conflict', /returned 400 instead of 409/, /answer 409/],
  ['conflict without the message', 'edit.conflict', /The answer 409 has no 'message'/, /the current message/],
  ['conflict with an outdated message', 'edit.conflict', /is not the current message/, /the current message/],
  ['conflict without the code', 'edit.conflict', /does not have the code 'conflict'/, /"code": "conflict"/],
  ['edits of others accepted', 'edit.access', /second user can edit a message of the first/, /only the author/],
  ['edits of others refused with 400', 'edit.access', /returned 400 instead of 403 or 404/, /with 403, or with 404/],
];

const REACTIONS: Expected[] = [
  ['reaction refused', 'reactions.toggle', /^POST \S+\/reactions\/ returned 405 instead of 200/, /do not announce/],
  ['answer to a reaction without it', 'reactions.toggle', /does not contain it/, /"user_ids"/, ['reactions.repeated']],
  ['reaction never removed', 'reactions.toggle', /reaction is still there/, /on: false/, ['reactions.repeated']],
  ['reaction not announced', 'reactions.announced', /received no frame about the change/, /"reactions_updated"/],
  [
    'reactions toggled',
    'reactions.repeated',
    /the same reaction has disappeared/,
    /Never toggle/,
    ['reactions.toggle'],
  ],
  ['repeated reaction refused', 'reactions.repeated', /but the same request returned 404/, /change nothing/],
  ['reaction counted twice', 'reactions.repeated', /counts 2 times/, /unique constraint/, ['reactions.toggle']],
];

const MARK_UNREAD: Expected[] = [
  ['marking as unread refused', 'mark_unread.message', /mark_unread\/ returned 405 instead of 200/, /do not announce/],
  ['marking as unread without a count', 'mark_unread.message', /no number 'unread_count'/, /"unread_count"/],
  ['repeated marking as unread refused', 'mark_unread.repeated', /but the same request returned 404/, /first time/],
];

const UPLOADS: Expected[] = [
  [
    'upload refused',
    'uploads.file',
    /^POST \/api\/chat\/uploads\/ returned 405 instead of 201/,
    /do not announce uploads/,
  ],
  ['upload without an id', 'uploads.file', /uploads\/ returned no id/, /answer 201 with \{"id"/],
  ['upload without a url', 'uploads.file', /returned no url, and not the state 'checking'/, /"url"/],
  ['repeated upload is another one', 'uploads.repeated', /have different ids/, /unique per user/],
  ['repeated upload refused', 'uploads.repeated', /the same one returned 404/, /answer was lost/],
  ['upload cannot be discarded', 'uploads.discard', /^DELETE \S+ returned 405 instead of 204/, /answer 204/],
  ['message with a file refused', 'uploads.message', /without text returned 400 instead of 201/, /empty "content"/],
  ['message without its files', 'uploads.message', /does not have the upload in 'attachments'/, /in this order/],
  ['message without the first URL', 'uploads.message', /'attachment' is not the URL/, /the URL of the first/],
  ['upload sent twice', 'uploads.used', /can be sent in two messages/, /belongs to one message/],
  ['used upload without a code', 'uploads.used', /does not have the code 'unknown_upload'/, /uploads the file again/],
  ['file needs a token', 'uploads.url', /without a token, returned 401 instead of 206/, /sign it instead/],
  ['file without ranges', 'uploads.url', /asked for a part .* returned 200 instead of 206/, /with 206, Content-Range/],
  ['part of a file is another one', 'uploads.url', /bytes=0-6 does not contain these bytes/, /only these bytes/],
  ['one message cannot be read', 'uploads.renewed', /^GET \S+ returned 405 instead of 200/, /valid again/],
  ['one message has no files', 'uploads.renewed', /does not have the file/, /valid again/],
];

const DELETE: Expected[] = [
  ['deletion refused', 'delete.message', /^DELETE \S+ returned 405 instead of 204/, /do not announce delete/],
  ['deletion answered with 200', 'delete.message', /returned 200 instead of 204/, /answer 204 without a body/],
  ['deletion not announced', 'delete.announced', /received no frame about the change/, /"message_deleted"/],
  ['repeated deletion refused', 'delete.repeated', /but the same request returned 404/, /already deleted/],
  ['deleted message keeps its content', 'delete.history', /has a content that is not empty/, /Keep a tombstone/],
  ['deleted message keeps attachment and reactions', 'delete.history', /has an attachment; reactions/, /null attach/],
  ['deleted message without deleted_at', 'delete.history', /has no deleted_at/, /deleted_at/],
  ['announced tombstone missing', 'delete.history', /but the history has no tombstone/, /Or keep nothing/],
  ['tombstone that is not announced', 'delete.history', /but the history has a tombstone/, /leave the message out/],
];

const DELIVERED: Expected[] = [
  [
    'mark_delivered unknown',
    'delivered.confirmed',
    /with an error: 'Unknown message type'/,
    /do not announce delivered/,
  ],
  ['mark_delivered ignored', 'delivered.confirmed', /delivered_up_to is \d+; expected \d+/, /"delivered_up_to"/],
  ['receipts without delivered_up_to', 'delivered.confirmed', /delivered_up_to is missing/, /"delivered_up_to"/],
  [
    'receipts without the user',
    'delivered.confirmed',
    /receipts\/ has no item of this user \(1\)/,
    /null for a member/,
  ],
  ['deliveries that move back', 'delivered.monotonic', /earlier message was confirmed: .* expected/, /was offline/],
];

const HIDE_RECEIPTS: Expected[] = [
  ['GET me/ without hide_receipts', 'hide_receipts.me', /returned 200 without a boolean 'hide_receipts'/, /GET me\//],
  [
    'greeting without hide_receipts',
    'hide_receipts.me',
    /In the greeting, .* missing; in GET me\/ it is false/,
    /greeting/,
  ],
  ['PATCH me/ refused', 'hide_receipts.change', /PATCH .*me\/ .* returned 405 instead of 200/, /answer 200/],
  ['PATCH me/ answered with the old value', 'hide_receipts.change', /was answered with hide_receipts true/, /in place/],
];

const PEOPLE: Expected[] = [
  ['people refused', 'people.list', /^GET \S+\/people\/ returned 405 instead of 200/, /do not announce people/],
  ['people without items', 'people.list', /no list 'items'/, /"items"/],
  ['people with e-mail addresses', 'people.list', /have the fields email\./, /nothing about a user but id/],
  ['people with the user', 'people.list', /contains the user/, /without the user/],
  ['members without roles', 'people.members', /items\[0\]\.role is missing/, /"role"/],
  ['members without the user', 'people.members', /do not contain the user/, /all members of the room/],
];

const ROOM_PAGES: Expected[] = [
  ['room pages ignored', 'room_pages.page', /no list 'items'/, /do not announce room_pages/],
  ['room page without as_of', 'room_pages.page', /no text 'as_of'/, /"as_of"/],
  ['room page without next', 'room_pages.page', /but there are more rooms/, /cursor of the next page/],
  ['since ignored', 'room_pages.since', /no list 'removed'/, /"removed"/],
  ['since without removed', 'room_pages.since', /no list 'removed'/, /"removed"/],
  ['since refused', 'room_pages.since', /returned 400 instead of 200/, /have changed since/],
];

const CREATE_ROOM: Expected[] = [
  ['creating rooms not possible', 'create_room.refusal', /returned 405 instead of 400/, /do not announce create_room/],
];

const MANAGE_ROOM: Expected[] = [
  ['renaming not possible', 'manage_room.rename', /returned 405 instead of 403/, /do not announce manage_room/],
  ['renaming by everybody', 'manage_room.rename', /although the user may not rename/, /answer 403/],
];

const ROOM_SETTINGS: Expected[] = [
  ['rooms without settings', 'room_settings.change', /settings of room 1 is missing/, /Give each room/],
  ['settings refused', 'room_settings.change', /\/me\/ returned 405 instead of 200/, /do not announce room_settings/],
  ['settings without notify', 'room_settings.change', /notify is missing/, /"notify"/],
];

/** `some`: not all of the checks need the option `write`. */
const FAULTS: [capability: string, needsWrite: boolean | 'some', Expected[]][] = [
  ['permissions', false, PERMISSIONS],
  ['around', false, AROUND],
  ['edit', true, EDIT],
  ['reactions', true, REACTIONS],
  ['mark_unread', true, MARK_UNREAD],
  ['uploads', true, UPLOADS],
  ['delivered', true, DELIVERED],
  ['hide_receipts', 'some', HIDE_RECEIPTS],
  ['delete', true, DELETE],
  ['people', false, PEOPLE],
  ['room_pages', false, ROOM_PAGES],
  ['create_room', true, CREATE_ROOM],
  ['manage_room', true, MANAGE_ROOM],
  ['room_settings', true, ROOM_SETTINGS],
];

describe('13.1, 13.2, 13.4: checks of capabilities', () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({ limits: { rate: 10_000, deletesPerUser: 10_000, uploadsPerUser: 10_000 } });
  });
  after(() => server.close());

  const closeRoom = (reason: string | null): Promise<unknown> =>
    server.database.query('update rooms set closed_reason = $2 where id = $1', [2, reason]);

  it('all pass on the reference backend, and leave no message that can be read', async () => {
    await closeRoom('The job is done.');
    const report = await diagnoseServer(server, { ...WRITE, userToken2: await server.signToken(BEN) });
    await closeRoom(null);
    assert.deepEqual(failedIds(report), []);
    for (const [capability] of FAULTS) {
      const ids = [`capability.${capability}`, ...idsOf(capability)];
      assert.deepEqual(
        verdictsOf(report, ids),
        ids.map((id) => [id, 'pass']),
      );
    }
    const [left] = await server.database.query<{ edited: number; reactions: number }>(
      `select (select count(*) from messages where content like '%(edited%')::int as edited,
         (select count(*) from reactions)::int as reactions`,
    );
    assert.deepEqual(left, { edited: 0, reactions: 0 });
  });

  for (const capability of REMOVABLE) {
    it(`${capability} is unsupported if the backend does not announce it`, async () => {
      const other = await startServer({ without: [capability] });
      try {
        const report = await diagnoseServer(other, { ...WRITE, userToken2: await other.signToken(BEN) });
        assert.deepEqual(failedIds(report), []);
        const ids = [`capability.${capability}`, ...idsOf(capability)];
        assert.deepEqual(
          verdictsOf(report, ids),
          ids.map((id) => [id, 'unsupported']),
        );
        assert.match(findingOf(report, ids[1]!).message, new RegExp(`does not announce ${capability}`));
      } finally {
        await other.close();
      }
    });
  }

  for (const [capability, needsWrite, faults] of FAULTS) {
    for (const [fault, id, message, fix, alsoFails = []] of faults) {
      it(`${id} fails: ${fault}`, async () => {
        const report = await diagnoseWithFault(fault, server, needsWrite ? WRITE : {});
        const finding = findingOf(report, id);
        assert.equal(finding.verdict, 'fail', finding.message);
        assert.match(finding.message, message);
        assert.match(finding.fix!, fix);
        assert.deepEqual(failedIds(report).sort(), [id, ...alsoFails].sort());
      });
    }

    it(`${capability} is checked ${needsWrite === true ? 'only with the option write' : 'without the option write'}`, async () => {
      const report = await diagnoseServer(server, { userToken2: await server.signToken(BEN) });
      const verdicts = new Set(verdictsOf(report, idsOf(capability)).map(([, verdict]) => verdict));
      if (needsWrite === true) assert.deepEqual([...verdicts], ['skipped']);
      else assert.ok(verdicts.has('pass'));
    });
  }

  it('delete passes if the backend keeps nothing of a deleted message, and says so', async () => {
    const report = await diagnoseWithFault('no tombstones', server, WRITE);
    assert.deepEqual(failedIds(report), []);
    assert.match(findingOf(report, 'delete.history').message, /does not contain a deleted message/);
  });

  it('a refused deletion leaves no reaction behind', async () => {
    await diagnoseWithFault('deletion refused', server, WRITE);
    assert.deepEqual(await server.database.query('select 1 from reactions'), []);
  });

  it('what the user may not do in the room is skipped', async () => {
    const report = await diagnoseWithFault('can without changes of messages', server, WRITE);
    assert.deepEqual(failedIds(report), []);
    for (const id of ['edit', 'reactions', 'delete'].flatMap(idsOf)) {
      assert.match(findingOf(report, id).message, /may not do this in room 1: its 'can' does not contain /, id);
    }
  });
});

describe('13.2: around', () => {
  it('reads no room with unread messages, except the room under test with the option write', async () => {
    const server = await startServer();
    try {
      await server.database.query('update members set read_up_to = 0, read_count = 0, read_time = $1', [new Date(0)]);
      const report = await diagnoseServer(server);
      for (const name of ['message', 'time', 'unknown']) {
        const { verdict, message } = findingOf(report, `around.${name}`);
        assert.equal(verdict, 'skipped');
        assert.match(
          message,
          /at least 6 messages, none of them unread; .*only --write --room ID reads a room with unread/,
        );
      }
      const written = await diagnoseServer(server, WRITE);
      assert.deepEqual(failedIds(written), []);
      assert.equal(findingOf(written, 'around.message').verdict, 'pass');
    } finally {
      await server.close();
    }
  });

  it('is skipped if no history is long enough to tell', async () => {
    const server = await startServer({ seed: 'transcript' });
    try {
      const report = await diagnoseServer(server, { room: ROOM });
      const { verdict, message } = findingOf(report, 'around.message');
      assert.equal(verdict, 'skipped');
      assert.match(message, /needs a room with at least 6 messages, none of them unread/);
    } finally {
      await server.close();
    }
  });
});
