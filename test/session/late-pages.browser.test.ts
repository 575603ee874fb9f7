import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import { settle } from '../support/fake-clock.js';
import { json } from '../support/fake-backend.js';
import { openFaultScene, type FaultScene } from '../support/fault-scene.js';
import { delayAnswers } from '../support/held-answers.js';

const BEFORE = /GET .*before=/;
const AFTER = /GET .*after=/;

const numbers = (f: FaultScene): number[] => f.chat.messages(1).map(({ id }) => Number(id));
/** Ids that do not follow their predecessor. */
const holes = (ids: readonly number[]): number[] => ids.slice(1).filter((id, at) => id !== ids[at]! + 1);

describe('late data', () => {
  it('10.19: finds a lost frame after three pairs of reordered frames', async () => {
    const f = await openFaultScene();
    await f.clock.advance(1_000);
    for (let n = 0; n < 3; n++) {
      const held: (() => void)[] = [];
      f.onFrame = (frame, pass) => void held.unshift(() => pass(frame));
      f.sendAsOther(`a${n}`);
      f.sendAsOther(`b${n}`);
      f.onFrame = (frame, pass) => pass(frame);
      for (const release of held) release();
      await f.clock.advance(2_000);
    }
    f.server.frameFaults.push('drop');
    f.sendAsOther('lost');
    f.sendAsOther('heard');
    await f.clock.advance(120_000);
    await f.expectRecovery();
  });

  it('10.19: finds a lost frame although messages arrive during each periodic check', async () => {
    const f = await openFaultScene();
    let n = 0;
    let on = true;
    f.onSent = (frame) => {
      if (frame.type === 'sync' && on && '1' in (frame.rooms as object)) f.sendAsOther(`during ${n++}`);
      return true;
    };
    await f.clock.advance(300_000);
    on = false;
    f.server.frameFaults.push('drop');
    f.sendAsOther('lost');
    f.sendAsOther('heard');
    await f.clock.advance(120_000);
    expect(n).to.be.greaterThan(2);
    await f.expectRecovery();
  });

  const WHILE_DOWN: Record<string, (f: FaultScene) => void> = {
    'an older page with a message that was deleted while the socket was down': ({ server }) =>
      server.delete(server.rows[60]!),
    'an older page with a message that was edited while the socket was down': ({ server }) =>
      server.edit(server.rows[60]!, 'edited'),
    'an older page after the room was reloaded from its newest page': (f) => {
      for (let n = 0; n < 80; n++) f.sendAsOther(`gap${n}`);
      f.server.deleteChanges();
    },
  };
  for (const [title, whileDown] of Object.entries(WHILE_DOWN)) {
    it(title, async () => {
      const { f, delay: hold } = await delayAnswers(120);
      const release = await hold(BEFORE, () => f.chat.loadOlder(1));
      f.server.cut(1006);
      await settle();
      whileDown(f);
      await f.clock.advance(8_000);
      expect(f.chat.state).to.equal('connected');
      await release();
      await f.expectRecovery();
    });
  }

  it('10.22: an older page after the room was closed and reopened', async () => {
    const leaves: (() => void)[] = [];
    const original = ChatConnection.prototype.openRoom;
    ChatConnection.prototype.openRoom = function (this: ChatConnection, id) {
      const leave = original.call(this, id);
      leaves.push(leave);
      return leave;
    };
    after(() => void (ChatConnection.prototype.openRoom = original));
    const { f, delay: hold } = await delayAnswers(220, { room: 2 });
    await f.chat.loadOlder(2);
    await settle();
    const release = await hold(BEFORE, () => f.chat.loadOlder(2));
    leaves.forEach((run) => run());
    await f.clock.advance(12_000);
    f.chat.openRoom(2);
    await settle();
    await release();
    await f.expectRecovery();
  });

  it('10.22: an older page after the oldest messages were released', async () => {
    const { f, delay: hold } = await delayAnswers(2_300);
    f.chat.setAway(1, true);
    while (f.chat.messages(1).length < 2_000) await f.chat.loadOlder(1);
    const release = await hold(BEFORE, () => f.chat.loadOlder(1));
    f.chat.setAway(1, false);
    f.sendAsOther('live');
    await settle();
    await release();
    expect(holes(numbers(f))).to.deep.equal([]);
  });

  it('10.22: a newer page after jumping to the end', async () => {
    const { f, delay: hold } = await delayAnswers(2_300);
    f.chat.setAway(1, true);
    for (let n = 0; n < 45; n++) await f.chat.loadOlder(1);
    expect(f.chat.data.threads.get('1')!.hasNewer).to.equal(true);
    const release = await hold(AFTER, () => f.chat.loadNewer(1));
    await f.chat.loadNewest(1);
    await settle();
    await release();
    await f.clock.advance(2_000);
    const ids = numbers(f);
    expect([holes(ids), ids.at(-1), f.chat.data.threads.get('1')!.hasNewer]).to.deep.equal([[], 2300, false]);
  });

  it('10.22: the last newer page, with messages missed while the socket was down', async () => {
    const { f, delay: hold } = await delayAnswers(2_200);
    f.chat.setAway(1, true);
    for (let n = 0; n < 40; n++) await f.chat.loadOlder(1);
    expect(f.chat.data.threads.get('1')!.hasNewer).to.equal(true);
    while (numbers(f).at(-1)! < 2_150) await f.chat.loadNewer(1);
    const release = await hold(AFTER, () => f.chat.loadNewer(1));
    f.server.cut(1006);
    await settle();
    f.sendAsOther('missed one');
    f.sendAsOther('missed two');
    await f.clock.advance(8_000);
    expect(f.chat.state).to.equal('connected');
    await release();
    // Like a thread whose reader is at the end of the loaded messages.
    while (f.chat.data.threads.get('1')!.hasNewer) await f.chat.loadNewer(1);
    f.chat.setAway(1, false);
    f.sendAsOther('live');
    await f.clock.advance(120_000);
    const { hasNewer } = f.chat.data.threads.get('1')!;
    expect([hasNewer, f.texts().slice(-3)]).to.deep.equal([false, ['missed one', 'missed two', 'live']]);
    f.chat.disconnect();
  });

  it('10.23: a page without readable messages does not hide earlier ones', async () => {
    const f = await openFaultScene((s) => {
      for (let n = 0; n < 150; n++) s.server.store(1, 2, `m${n}`);
      const original = s.fetch;
      (s as unknown as { fetch: typeof fetch }).fetch = async (input, init) => {
        const answer = await original(input, init);
        if (!String(input).includes('before=')) return answer;
        const body = JSON.parse(await answer.text()) as { messages: { id: number; timestamp: unknown }[] };
        for (const message of body.messages) if (message.id > 50) message.timestamp = null;
        return json(body);
      };
    });
    await f.clock.advance(5_000);
    await f.chat.loadOlder(1).catch(() => {});
    const thread = f.chat.data.threads.get('1')!;
    f.chat.disconnect();
    expect([thread.timeline[0]?.content, thread.leftOut]).to.deep.equal(['m0', 50]);
  });
});
