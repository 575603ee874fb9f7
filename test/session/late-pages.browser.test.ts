import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import { settle } from '../support/fake-clock.js';
import { json } from '../support/fake-backend.js';
import { meet, type FaultScene } from '../support/fault-scene.js';
import { holdAnswers } from '../support/held-answers.js';

const BEFORE = /GET .*before=/;
const AFTER = /GET .*after=/;

const numbers = (f: FaultScene): number[] => f.chat.messages(1).map(({ id }) => Number(id));
/** Ids that do not follow the one before them. */
const holes = (ids: readonly number[]): number[] => ids.slice(1).filter((id, at) => id !== ids[at]! + 1);

describe('what arrives late', () => {
  it('10.19: three pairs of reordered frames, then a lost one: it is found', async () => {
    const f = await meet();
    await f.clock.advance(1_000);
    for (let n = 0; n < 3; n++) {
      const held: (() => void)[] = [];
      f.onFrame = (frame, pass) => void held.unshift(() => pass(frame));
      f.say(`a${n}`);
      f.say(`b${n}`);
      f.onFrame = (frame, pass) => pass(frame);
      for (const letGo of held) letGo();
      await f.clock.advance(2_000);
    }
    f.server.frameFaults.push('drop');
    f.say('lost');
    f.say('heard');
    await f.clock.advance(120_000);
    await f.heals();
  });

  it('10.19: messages that arrive during the check of each minute, then a lost frame: it is found', async () => {
    const f = await meet();
    let n = 0;
    let on = true;
    f.onSent = (frame) => {
      if (frame.type === 'sync' && on && '1' in (frame.rooms as object)) f.say(`during ${n++}`);
      return true;
    };
    await f.clock.advance(300_000);
    on = false;
    f.server.frameFaults.push('drop');
    f.say('lost');
    f.say('heard');
    await f.clock.advance(120_000);
    expect(n).to.be.greaterThan(2);
    await f.heals();
  });

  const WHILE_DOWN: Record<string, (f: FaultScene) => void> = {
    '10.19: an older page, and a message of it that was deleted while the socket was down': ({ server }) => server.delete(server.rows[60]!),
    '10.19: an older page, and a message of it that was edited while the socket was down': ({ server }) => server.edit(server.rows[60]!, 'edited'),
    '10.22: an older page, after the room began again from its newest page': (f) => {
      for (let n = 0; n < 80; n++) f.say(`gap${n}`);
      f.server.forgetChanges();
    },
  };
  for (const [title, whileDown] of Object.entries(WHILE_DOWN)) {
    it(title, async () => {
      const { f, hold } = await holdAnswers(120);
      const letGo = await hold(BEFORE, () => f.chat.loadOlder(1));
      f.server.cut(1006);
      await settle();
      whileDown(f);
      await f.clock.advance(8_000);
      expect(f.chat.state).to.equal('connected');
      await letGo();
      await f.heals();
    });
  }

  it('10.22: an older page, after the room was closed and opened again', async () => {
    const leaves: (() => void)[] = [];
    const original = ChatConnection.prototype.openRoom;
    ChatConnection.prototype.openRoom = function (this: ChatConnection, id) {
      const leave = original.call(this, id);
      leaves.push(leave);
      return leave;
    };
    after(() => void (ChatConnection.prototype.openRoom = original));
    const { f, hold } = await holdAnswers(220, { room: 2 });
    await f.chat.loadOlder(2);
    await settle();
    const letGo = await hold(BEFORE, () => f.chat.loadOlder(2));
    leaves.forEach((run) => run());
    await f.clock.advance(12_000);
    f.chat.openRoom(2);
    await settle();
    await letGo();
    await f.heals();
  });

  it('10.22: an older page, after the oldest messages were released', async () => {
    const { f, hold } = await holdAnswers(2_300);
    f.chat.setAway(1, true);
    while (f.chat.messages(1).length < 2_000) await f.chat.loadOlder(1);
    const letGo = await hold(BEFORE, () => f.chat.loadOlder(1));
    f.chat.setAway(1, false);
    f.say('live');
    await settle();
    await letGo();
    expect(holes(numbers(f))).to.deep.equal([]);
  });

  it('10.22: a newer page, after the reader has jumped to the end', async () => {
    const { f, hold } = await holdAnswers(2_300);
    f.chat.setAway(1, true);
    for (let n = 0; n < 45; n++) await f.chat.loadOlder(1);
    expect(f.chat.data.threads.get('1')!.hasNewer).to.equal(true);
    const letGo = await hold(AFTER, () => f.chat.loadNewer(1));
    await f.chat.loadNewest(1);
    await settle();
    await letGo();
    await f.clock.advance(2_000);
    const ids = numbers(f);
    expect([holes(ids), ids.at(-1), f.chat.data.threads.get('1')!.hasNewer]).to.deep.equal([[], 2300, false]);
  });

  it('10.22: the last newer page, and messages that were missed while the socket was down', async () => {
    const { f, hold } = await holdAnswers(2_200);
    f.chat.setAway(1, true);
    for (let n = 0; n < 40; n++) await f.chat.loadOlder(1);
    expect(f.chat.data.threads.get('1')!.hasNewer).to.equal(true);
    while (numbers(f).at(-1)! < 2_150) await f.chat.loadNewer(1);
    const letGo = await hold(AFTER, () => f.chat.loadNewer(1));
    f.server.cut(1006);
    await settle();
    f.say('missed one');
    f.say('missed two');
    await f.clock.advance(8_000);
    expect(f.chat.state).to.equal('connected');
    await letGo();
    // As a thread does whose reader is at the end of the loaded messages.
    while (f.chat.data.threads.get('1')!.hasNewer) await f.chat.loadNewer(1);
    f.chat.setAway(1, false);
    f.say('live');
    await f.clock.advance(120_000);
    const { hasNewer } = f.chat.data.threads.get('1')!;
    expect([hasNewer, f.texts().slice(-3)]).to.deep.equal([false, ['missed one', 'missed two', 'live']]);
    f.chat.disconnect();
  });

  it('10.23: a page in which no message can be read does not hide those before it', async () => {
    const f = await meet((s) => {
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
