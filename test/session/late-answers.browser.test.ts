import { expect } from '@open-wc/testing';
import { json } from '../support/fake-backend.js';
import { settle } from '../support/fake-clock.js';
import { openFaultScene, type FaultScene } from '../support/fault-scene.js';
import { delayAnswers } from '../support/held-answers.js';

describe('a message that changes before the answer to its request arrives', () => {
  const CHANGES: Record<string, { change: (f: FaultScene) => void; shown: string[] }> = {
    'deleted on another device: it does not reappear': {
      change: ({ server }) => server.delete(server.rows[0]!),
      // A tombstone.
      shown: [''],
    },
    'edited on another device: the new text stays': {
      change: ({ server }) => server.edit(server.rows[0]!, 'edited'),
      shown: ['edited'],
    },
  };
  for (const [title, { change, shown }] of Object.entries(CHANGES)) {
    it(title, async () => {
      const { f, delay: hold } = await delayAnswers();
      f.server.socketFault = 'refuse';
      f.server.cut(1006);
      await settle();
      const release = await hold(/^POST /, () => f.send('mine'));
      await f.clock.advance(500);
      expect(f.server.rows.map(({ content }) => content)).to.deep.equal(['mine']);
      f.server.socketFault = 'none';
      await f.clock.advance(6_000);
      expect(f.chat.state).to.equal('connected');
      change(f);
      await f.clock.advance(1_000);
      expect(f.texts()).to.deep.equal(shown);
      await release();
      await f.clock.advance(120_000);
      expect(f.texts()).to.deep.equal(shown);
      f.chat.disconnect();
    });
  }

  it('10.16: resent by REST and deleted: it does not reappear', async () => {
    const { f, delay: hold } = await delayAnswers();
    // Neither echo nor acknowledgement.
    f.onFrame = (frame, pass) =>
      frame.type === 'message_ack' || frame.type === 'new_message' ? undefined : pass(frame);
    const release = await hold(/^POST /, () => f.send('mine'));
    await f.clock.advance(7_000);
    f.onFrame = (frame, pass) => pass(frame);
    f.server.delete(f.server.rows[0]!);
    await f.clock.advance(3_000);
    await release();
    await f.clock.advance(120_000);
    // A tombstone.
    expect(f.texts()).to.deep.equal(['']);
    f.chat.disconnect();
  });
});

describe('the answer to a sent message', () => {
  it('10.24: HTTP 500 for ten minutes: the message is sent afterwards', async () => {
    const f = await openFaultScene();
    f.server.socketFault = 'refuse';
    f.server.restFault = 'broken';
    f.server.cut(1006);
    await settle();
    f.send('mine');
    await f.clock.advance(600_000);
    const during = f.chat.messages(1).map(({ delivery, error }) => `${delivery} ${error?.code ?? ''}`);
    f.heal();
    await f.clock.advance(120_000);
    const after = f.chat.messages(1).map(({ delivery }) => delivery);
    f.chat.disconnect();
    expect([during, after]).to.deep.equal([['sending '], ['sent']]);
  });

  it('10.31: a message of another room is not accepted', async () => {
    const f = await openFaultScene((s) => (s.server.socketFault = 'refuse'));
    f.onRequest = (method) =>
      method === 'POST'
        ? json(
            { id: 999, room: 2, sender: { id: 2 }, content: 'somebody else', timestamp: '2026-11-23T12:00:00Z' },
            201,
          )
        : undefined;
    f.send('mine');
    await f.clock.advance(10_000);
    const shown = f.texts();
    f.chat.disconnect();
    expect(shown).to.not.include('somebody else');
  });
});
