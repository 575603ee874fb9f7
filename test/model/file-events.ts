/** Files of messages (`connection.uploads`): their events, and what holds for them at the end. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Id } from '../../src/protocol/index.js';
import { mark, type ModelServer, type Row, type UploadFault } from '../support/model-server.js';
import { event, index, personIn, pick, plainEvent, room, roomIn, type Event } from './events.js';
import { sendIn } from './room-events.js';
import { identityOf, type Owner, type Scenario, type Tab } from './scenario.js';
import type { Simulation } from './simulation.js';

/** A tab adds a file. @returns its id; undefined if it was not added, or belongs to the next known user. */
async function add(sim: Simulation, tab: Tab, room: Id): Promise<string | undefined> {
  const { tenant, chat } = tab;
  const isKnown = chat.user !== null;
  const person = personIn(sim, tab);
  const owner = isKnown ? mark(tenant, person) : '[??]';
  const content = `bytes ${owner} ${'x'.repeat(sim.scenario.files.size)}`;
  const file = new File([content], `file ${owner}`, { type: 'text/plain' });
  const { uploadId } = await chat.uploads.add(room, file);
  if (isKnown) sim.scenario.files.set(uploadId, { tenant, person, tab, uploadId, content, isDiscarded: false });
  return isKnown ? uploadId : undefined;
}

/** The files of a room that the user of a tab has added, and that no message has. */
function unsentIn({ scenario }: Simulation, { chat }: Tab, room: Id): string[] {
  const sent = new Set(scenario.sent.flatMap(({ files }) => files));
  return [...chat.data.uploads.values()]
    .filter(({ roomId, state }) => roomId === room && state !== 'blocked')
    .filter(({ uploadId }) => scenario.files.has(uploadId) && !sent.has(uploadId))
    .map(({ uploadId }) => uploadId);
}

/** A tab adds files, and sends them at once. */
async function sendFiles(sim: Simulation, [at, which, count = 1]: [room: number, tab: number, count?: number]) {
  const tab = pick(sim.tabs, which);
  if (!tab) return;
  const inRoom = roomIn(sim, tab, at);
  const most = tab.chat.data.capabilities.includes('uploads') ? count : 1;
  const send = async (): Promise<void> => {
    const added = await Promise.all(Array.from({ length: most }, () => add(sim, tab, inRoom)));
    const attachments = added.filter((id) => id !== undefined);
    const isOwn = attachments.every((id) => sim.scenario.files.get(id)!.person === tab.chat.user?.id);
    const isBlocked = attachments.some((id) => tab.chat.data.uploads.get(id)?.state === 'blocked');
    if (attachments.length === most && isOwn && !isBlocked && !tab.isGone)
      sendIn(sim, tab, inRoom, 'with a file', { attachments });
  };
  await sim.settled(send());
}

/** The number of files of a message, if the backend takes several. */
const MANY = 2;

export const fileEvents: fc.Arbitrary<Event>[] = [
  event('send a file', fc.tuple(room, index), sendFiles),
  event('send files', fc.tuple(room, index, fc.constantFrom(1, 2)), sendFiles),
  event('add a file', fc.tuple(room, index), (sim, [at, which]) => {
    const tab = pick(sim.tabs, which);
    return tab && sim.settled(add(sim, tab, roomIn(sim, tab, at)));
  }),
  event('send added files', fc.tuple(room, index, fc.boolean()), (sim, [at, which, many]) => {
    const tab = pick(sim.tabs, which);
    if (!tab?.chat.user) return;
    const inRoom = roomIn(sim, tab, at);
    const isMany = many && tab.chat.data.capabilities.includes('uploads');
    const attachments = unsentIn(sim, tab, inRoom).slice(0, isMany ? MANY : 1);
    if (attachments.length > 0) sendIn(sim, tab, inRoom, 'with added files', { attachments });
  }),
  event('discard a file', fc.tuple(index, index), (sim, [at, which]) => {
    const tab = pick(sim.tabs, which);
    const found = tab && pick([...tab.chat.data.uploads.keys()], at);
    if (!found) return;
    const file = sim.scenario.files.get(found);
    tab.chat.uploads.discard(found).then(() => file && (file.isDiscarded = true), sim.recordRejection);
  }),
  event('retry a file', fc.tuple(index, index), (sim, [at, which]) => {
    const tab = pick(sim.tabs, which);
    const found = tab && pick([...tab.chat.data.uploads.keys()], at);
    if (found) tab.chat.uploads.retry(found).catch(sim.recordRejection);
  }),
  event('pause uploads', fc.tuple(index, fc.boolean()), (sim, [which, on]) => {
    const tab = pick(sim.tabs, which);
    if (!tab) return;
    tab.chat.uploads[on ? 'pause' : 'resume']().catch(sim.recordRejection);
  }),
  event(
    'upload fault',
    fc.constantFrom<UploadFault>('none', 'unavailable', 'too-large', 'lost', 'lost'),
    (sim, fault) => sim.all.forEach(({ uploads }) => (uploads.fault = fault)),
  ),
  plainEvent('uploads expire', (sim) => sim.all.forEach(({ uploads }) => uploads.expire())),
];

// ————— At the end

/** Every tab uploads again. */
export const resumeUploads = (sim: Simulation): void =>
  sim.tabs.forEach(({ chat }) => void chat.uploads.resume().catch(sim.recordRejection));

/** Each file is in the message with which it was sent, once, and has the same bytes. */
export async function checkFiles(sim: Simulation, { tenant, person }: Owner): Promise<void> {
  const server = sim.servers[tenant];
  const { scenario } = sim;
  const rows = server.rows.filter(({ sender }) => sender === person);
  const sentFiles = rows.flatMap((row) => row.sentFiles);
  assert.equal(new Set(sentFiles.map(({ id }) => id)).size, sentFiles.length, 'a file is in two messages');
  for (const { identity, files, ...owner } of scenario.sent) {
    const row = rows.find(({ versions }) => identityOf(versions[0]!) === identity);
    if (owner.tenant === tenant && owner.person === person && row) await checkFilesOf(scenario, server, row, files);
  }
  for (const { chat, isBlocked } of sim.tabs) {
    for (const { uploadId, state, isOnDevice } of chat.data.uploads.values()) {
      assert.ok(!server.has('uploads') || !/pending|uploading/.test(state), `upload ${uploadId} is ${state} at rest`);
      assert.ok(!scenario.files.get(uploadId)?.isDiscarded || isOnDevice, `upload ${uploadId} was discarded`);
      const message = scenario.sent.find(({ files }) => files.includes(uploadId));
      const isStored = rows.some(({ versions }) => identityOf(versions[0]!) === message?.identity);
      assert.ok(!isStored, `upload ${uploadId} is still listed, although its message is stored`);
    }
    if (!isBlocked) checkLost(sim, chat.data);
  }
}

async function checkFilesOf(
  { files: added }: Scenario,
  server: ModelServer,
  row: Row,
  files: readonly string[],
): Promise<void> {
  if (server.has('uploads') && server.hasMe)
    assert.deepEqual(
      row.sentFiles.map(({ key }) => key),
      files,
      `the files of ${row.versions[0]}`,
    );
  const contents = await Promise.all(row.sentFiles.map(({ file }) => file.text()));
  assert.deepEqual(
    contents,
    files.map((id) => added.get(id)!.content),
    `the bytes of the files of ${row.versions[0]}`,
  );
}

/** A file that was kept on the device is not lost. */
function checkLost({ scenario }: Simulation, { threads }: Tab['chat']['data']): void {
  for (const { content, error, delivery } of [...threads.values()].flatMap(({ timeline }) => timeline)) {
    if (delivery !== 'failed' || error?.code !== 'file_lost') continue;
    const files = scenario.sent.find(({ identity }) => identity === identityOf(content))?.files ?? [];
    for (const id of files) assert.ok(scenario.files.get(id)?.tab.isBlocked, `file ${id} of ${content} is lost`);
  }
}
