/** Frames that are invalid, duplicated, reordered or lost, and page callbacks that throw. */
import { expect } from '@open-wc/testing';
import { settle } from '../support/fake-clock.js';
import { BASELINE, openFaultScene, type Frame } from '../support/fault-scene.js';

const DEEP = `{"type":"new_message","room_id":1,"message":${'['.repeat(10_000)}${']'.repeat(10_000)}}`;

describe('frames', () => {
  it('are duplicated', async () => {
    const f = await openFaultScene();
    f.onFrame = (frame, pass) => (pass(frame), pass(frame));
    f.sendAsOther('theirs');
    f.send('mine');
    await f.expectMinute('connected', 'connected', 0, 8);
    expect(f.texts()).to.deep.equal(['theirs', 'mine']);
    await f.expectRecovery();
  });

  it('are reordered', async () => {
    const f = await openFaultScene();
    const held: (() => void)[] = [];
    f.onFrame = (frame, pass) => void held.unshift(() => pass(frame));
    for (const text of ['one', 'two', 'three']) f.sendAsOther(text);
    f.onFrame = (frame, pass) => pass(frame);
    for (const release of held) release();
    f.send('mine');
    await f.expectMinute('connected', 'connected', 0, 8);
    expect(f.texts()).to.deep.equal(['one', 'two', 'three', 'mine']);
    await f.expectRecovery();
  });

  it('are lost on a live connection: the next frame reveals the gap', async () => {
    const f = await openFaultScene();
    f.server.frameFaults.push('drop', 'drop');
    for (const text of ['lost', 'lost too', 'heard']) f.sendAsOther(text);
    f.send('mine');
    await f.clock.advance(1_000);
    expect(f.texts()).to.deep.equal(['lost', 'lost too', 'heard', 'mine']);
    await f.expectMinute('connected', 'connected', 0, 8);
    await f.expectRecovery();
  });

  it('are lost without a next frame: the periodic check finds the gap', async () => {
    const f = await openFaultScene();
    f.server.frameFaults.push('drop');
    f.sendAsOther('lost');
    await f.expectMinute('connected', 'connected', 0, 8);
    expect(f.texts()).to.deep.equal(['lost']);
    await f.expectRecovery();
  });

  it('are malformed', async () => {
    const f = await openFaultScene();
    for (const text of [
      '',
      '{',
      'null',
      '[]',
      '7',
      '{"type":7}',
      '{"type":"new_message"}',
      '{"type":"new_message","room_id":1,"message":{"id":{}}}',
    ])
      f.receiveRaw(text);
    f.send('mine');
    await f.expectMinute('connected', 'connected', 0, 8);
    expect(f.problems.some((problem) => problem.startsWith('invalid_frame'))).to.equal(true);
    await f.expectRecovery();
  });

  it('have an unknown type: reported once', async () => {
    const f = await openFaultScene();
    for (let n = 0; n < 100; n++) f.socket.receive({ type: 'hologram', n });
    f.send('mine');
    await f.expectMinute('connected', 'connected', 0, 8);
    expect(f.problems.filter((problem) => problem.includes('hologram'))).to.have.length(1);
    await f.expectRecovery();
  });

  it('are binary', async () => {
    const f = await openFaultScene();
    f.receiveRaw(new ArrayBuffer(8));
    f.send('mine');
    await f.expectMinute('connected', 'connected', 0, 8);
    expect(f.problems.join()).to.contain('binary');
    await f.expectRecovery();
  });

  it('are nested 10,000 levels deep', async () => {
    const f = await openFaultScene();
    f.receiveRaw(DEEP);
    f.send('mine');
    await f.expectMinute('connected', 'connected', 0, 8);
    expect(f.texts()).to.deep.equal(['mine']);
    await f.expectRecovery();
  });

  it('try to pollute prototypes (__proto__)', async () => {
    const f = await openFaultScene();
    f.receiveRaw('{"type":"__proto__"}');
    f.receiveRaw(
      '{"type":"room_updated","room_id":1,"updates":{"__proto__":{"polluted":1},"constructor":{"polluted":1}}}',
    );
    f.receiveRaw('{"__proto__":{"type":"pong"},"type":"room_updated","room_id":"__proto__","updates":{"name":"x"}}');
    f.send('mine');
    await f.expectMinute('connected', 'connected', 0, 8);
    expect(Object.hasOwn(Object.prototype, 'polluted') || 'polluted' in {}).to.equal(false);
    await f.expectRecovery();
  });

  it('are 5 MB long', async () => {
    const f = await openFaultScene();
    f.sendAsOther('y'.repeat(5_000_000));
    f.send('mine');
    await f.expectMinute('connected', 'connected', 0, 8);
    await f.expectRecovery();
  });

  it('reach a page listener that throws', async () => {
    const f = await openFaultScene();
    const { reportError } = globalThis;
    const reported: unknown[] = [];
    globalThis.reportError = (error) => void reported.push(error);
    for (const name of ['chat-message', 'chat-send', 'chat-state-change', 'chat-unread-change'] as const) {
      f.chat.on(name, () => {
        throw new Error('of the page');
      });
    }
    f.sendAsOther('theirs');
    f.send('mine');
    f.server.cut(1006);
    await f.expectMinute('connected', 'connected', 1, 10);
    expect(reported.length).to.be.above(2);
    await f.expectRecovery();
    globalThis.reportError = reportError;
  });

  it('reach a page subscriber that throws', async () => {
    const f = await openFaultScene();
    // The error is rethrown globally, and would otherwise end this test.
    const { onerror } = window;
    window.onerror = null;
    const ignore = (event: Event): void => (event.preventDefault(), event.stopImmediatePropagation());
    for (const name of ['error', 'unhandledrejection']) addEventListener(name, ignore, { capture: true });
    f.chat.subscribe(() => {
      throw new Error('of the page');
    });
    try {
      f.sendAsOther('theirs');
      f.send('mine');
      f.server.cut(1006);
      await f.expectMinute('connected', 'connected', 1, 10);
      await f.expectRecovery();
    } finally {
      for (const name of ['error', 'unhandledrejection']) removeEventListener(name, ignore, { capture: true });
      window.onerror = onerror;
    }
  });
});

describe('a confirmation', () => {
  const isAck = ({ type }: Frame): boolean => type === 'message_ack';

  it('arrives as an echo before the acknowledgement', async () => {
    const f = await openFaultScene();
    f.onFrame = (frame, pass) => (isAck(frame) ? void f.clock.after(1_000, () => pass(frame)) : pass(frame));
    f.send('one');
    f.send('two');
    await f.expectMinute('connected', 'connected', 0, 8);
    await f.expectRecovery();
  });

  it('arrives as an acknowledgement before the echo', async () => {
    const f = await openFaultScene();
    f.onFrame = (frame, pass) =>
      frame.type === 'new_message' ? void f.clock.after(1_000, () => pass(frame)) : pass(frame);
    f.send('one');
    f.send('two');
    await f.expectMinute('connected', 'connected', 0, 8);
    await f.expectRecovery();
  });

  it('is lost, both acknowledgement and echo: REST is asked with the same id', async () => {
    const f = await openFaultScene();
    f.onFrame = (frame, pass) => (isAck(frame) || frame.type === 'new_message' ? undefined : pass(frame));
    f.send('one');
    f.send('two');
    await f.expectMinute('connected', 'connected', 0, 12);
    expect(f.sent.map(({ outcome }) => outcome)).to.deep.equal(['rest', 'rest']);
    await f.expectRecovery();
  });

  it('acknowledges an unknown message', async () => {
    const f = await openFaultScene();
    f.socket.receive({
      type: 'message_ack',
      room_id: 1,
      _tempId: 'of nobody',
      message: {
        id: 900,
        room: 1,
        content: 'ghost',
        timestamp: '2026-11-23T12:00:00Z',
        sender: { id: 1, username: 'ana' },
      },
    });
    f.send('mine');
    await f.expectMinute('connected', 'connected', 0, 8);
    expect(f.texts()).to.deep.equal(['mine']);
    await f.expectRecovery();
  });

  it('is an echo without the message id', async () => {
    const f = await openFaultScene(undefined, BASELINE);
    f.onFrame = (frame, pass) => {
      const { _tempId, ...message } = (frame.message ?? {}) as Frame;
      pass(frame.type === 'new_message' ? { ...frame, message } : frame);
    };
    f.send('the same');
    f.send('the same, almost');
    await f.expectMinute('connected', 'connected', 0, 20);
    await f.expectRecovery();
  });

  it('never arrives from a baseline backend: the history is searched before a retry', async () => {
    const f = await openFaultScene(undefined, BASELINE);
    f.onFrame = (frame, pass) => (frame.type === 'new_message' ? undefined : pass(frame));
    f.send('one');
    f.send('two');
    await f.expectMinute('connected', 'connected', 0, 30);
    expect(f.requests.filter(({ method }) => method === 'POST')).to.have.length(0);
    await f.expectRecovery();
  });

  it('rejects the message permanently', async () => {
    const f = await openFaultScene();
    f.send('forbidden words');
    f.send('fine words');
    await f.expectMinute('connected', 'connected', 0, 8);
    expect(f.sent.map(({ outcome }) => outcome)).to.deep.equal(['invalid', 'websocket']);
    await f.expectRecovery('forbidden words');
  });
});

describe('a change', () => {
  it('edits a message that has not arrived yet', async () => {
    const f = await openFaultScene();
    f.server.frameFaults.push('drop');
    const row = f.sendAsOther('first words');
    f.server.edit(row, 'second words');
    f.send('mine');
    await f.expectMinute('connected', 'connected', 0, 8);
    expect(f.texts()).to.deep.equal(['second words', 'mine']);
    await f.expectRecovery();
  });

  it('deletes a message that has not arrived yet', async () => {
    const f = await openFaultScene();
    f.server.frameFaults.push('drop');
    const row = f.sendAsOther('regretted');
    f.server.delete(row);
    f.send('mine');
    await settle();
    await f.expectMinute('connected', 'connected', 0, 8);
    // A tombstone.
    expect(f.texts()).to.deep.equal(['', 'mine']);
    await f.expectRecovery();
  });
});
