/** Frames that are wrong, come twice, in another order, or never; and a page that breaks when it is told. */
import { expect } from '@open-wc/testing';
import { settle } from '../support/fake-clock.js';
import { BASELINE, meet, type Frame } from '../support/fault-scene.js';

const DEEP = `{"type":"new_message","room_id":1,"message":${'['.repeat(10_000)}${']'.repeat(10_000)}}`;

describe('frames', () => {
  it('come twice', async () => {
    const f = await meet();
    f.onFrame = (frame, pass) => (pass(frame), pass(frame));
    f.say('theirs');
    f.send('mine');
    await f.minute('connected', 'connected', 0, 8);
    expect(f.texts()).to.deep.equal(['theirs', 'mine']);
    await f.heals();
  });

  it('come in another order', async () => {
    const f = await meet();
    const held: (() => void)[] = [];
    f.onFrame = (frame, pass) => void held.unshift(() => pass(frame));
    for (const text of ['one', 'two', 'three']) f.say(text);
    f.onFrame = (frame, pass) => pass(frame);
    for (const letGo of held) letGo();
    f.send('mine');
    await f.minute('connected', 'connected', 0, 8);
    expect(f.texts()).to.deep.equal(['one', 'two', 'three', 'mine']);
    await f.heals();
  });

  it('are lost behind the back of a living line: the next one shows the hole', async () => {
    const f = await meet();
    f.server.frameFaults.push('drop', 'drop');
    for (const text of ['lost', 'lost too', 'heard']) f.say(text);
    f.send('mine');
    await f.clock.advance(1_000);
    expect(f.texts()).to.deep.equal(['lost', 'lost too', 'heard', 'mine']);
    await f.minute('connected', 'connected', 0, 8);
    await f.heals();
  });

  it('are lost, and no other one follows: the next look finds it', async () => {
    const f = await meet();
    f.server.frameFaults.push('drop');
    f.say('lost');
    await f.minute('connected', 'connected', 0, 8);
    expect(f.texts()).to.deep.equal(['lost']);
    await f.heals();
  });

  it('are not as agreed', async () => {
    const f = await meet();
    for (const text of ['', '{', 'null', '[]', '7', '{"type":7}', '{"type":"new_message"}', '{"type":"new_message","room_id":1,"message":{"id":{}}}']) f.raw(text);
    f.send('mine');
    await f.minute('connected', 'connected', 0, 8);
    expect(f.problems.some((problem) => problem.startsWith('invalid_frame'))).to.equal(true);
    await f.heals();
  });

  it('are of a kind that nobody knows: said once', async () => {
    const f = await meet();
    for (let n = 0; n < 100; n++) f.socket.receive({ type: 'hologram', n });
    f.send('mine');
    await f.minute('connected', 'connected', 0, 8);
    expect(f.problems.filter((problem) => problem.includes('hologram'))).to.have.length(1);
    await f.heals();
  });

  it('are binary', async () => {
    const f = await meet();
    f.raw(new ArrayBuffer(8));
    f.send('mine');
    await f.minute('connected', 'connected', 0, 8);
    expect(f.problems.join()).to.contain('binary');
    await f.heals();
  });

  it('are nested 10,000 levels deep', async () => {
    const f = await meet();
    f.raw(DEEP);
    f.send('mine');
    await f.minute('connected', 'connected', 0, 8);
    expect(f.texts()).to.deep.equal(['mine']);
    await f.heals();
  });

  it('want to change what all objects are made of (__proto__)', async () => {
    const f = await meet();
    f.raw('{"type":"__proto__"}');
    f.raw('{"type":"room_updated","room_id":1,"updates":{"__proto__":{"polluted":1},"constructor":{"polluted":1}}}');
    f.raw('{"__proto__":{"type":"pong"},"type":"room_updated","room_id":"__proto__","updates":{"name":"x"}}');
    f.send('mine');
    await f.minute('connected', 'connected', 0, 8);
    expect(Object.hasOwn(Object.prototype, 'polluted') || 'polluted' in {}).to.equal(false);
    await f.heals();
  });

  it('are 5 MB long', async () => {
    const f = await meet();
    f.say('y'.repeat(5_000_000));
    f.send('mine');
    await f.minute('connected', 'connected', 0, 8);
    await f.heals();
  });

  it('are told to a listener of the page that throws', async () => {
    const f = await meet();
    const { reportError } = globalThis;
    const reported: unknown[] = [];
    globalThis.reportError = (error) => void reported.push(error);
    for (const name of ['chat-message', 'chat-send', 'chat-state-change', 'chat-unread-change'] as const) {
      f.chat.on(name, () => {
        throw new Error('of the page');
      });
    }
    f.say('theirs');
    f.send('mine');
    f.server.cut(1006);
    await f.minute('connected', 'connected', 1, 10);
    expect(reported.length).to.be.above(2);
    await f.heals();
    globalThis.reportError = reportError;
  });

  it('are told to a subscriber of the page that throws', async () => {
    const f = await meet();
    // What it throws is the page's own trouble, and would end this test before the connection could show what it does.
    const { onerror } = window;
    window.onerror = null;
    const ignore = (event: Event): void => (event.preventDefault(), event.stopImmediatePropagation());
    for (const name of ['error', 'unhandledrejection']) addEventListener(name, ignore, { capture: true });
    f.chat.subscribe(() => {
      throw new Error('of the page');
    });
    try {
      f.say('theirs');
      f.send('mine');
      f.server.cut(1006);
      await f.minute('connected', 'connected', 1, 10);
      await f.heals();
    } finally {
      for (const name of ['error', 'unhandledrejection']) removeEventListener(name, ignore, { capture: true });
      window.onerror = onerror;
    }
  });
});

describe('a confirmation', () => {
  const isAck = ({ type }: Frame): boolean => type === 'message_ack';

  it('comes as an echo before the acknowledgement', async () => {
    const f = await meet();
    f.onFrame = (frame, pass) => (isAck(frame) ? void f.clock.after(1_000, () => pass(frame)) : pass(frame));
    f.send('one');
    f.send('two');
    await f.minute('connected', 'connected', 0, 8);
    await f.heals();
  });

  it('comes as an acknowledgement before the echo', async () => {
    const f = await meet();
    f.onFrame = (frame, pass) => (frame.type === 'new_message' ? void f.clock.after(1_000, () => pass(frame)) : pass(frame));
    f.send('one');
    f.send('two');
    await f.minute('connected', 'connected', 0, 8);
    await f.heals();
  });

  it('is lost, acknowledgement and echo: REST is asked under the same name', async () => {
    const f = await meet();
    f.onFrame = (frame, pass) => (isAck(frame) || frame.type === 'new_message' ? undefined : pass(frame));
    f.send('one');
    f.send('two');
    await f.minute('connected', 'connected', 0, 12);
    expect(f.sent.map(({ outcome }) => outcome)).to.deep.equal(['rest', 'rest']);
    await f.heals();
  });

  it('acknowledges something that nobody sent', async () => {
    const f = await meet();
    f.socket.receive({ type: 'message_ack', room_id: 1, _tempId: 'of nobody', message: { id: 900, room: 1, content: 'ghost', timestamp: '2026-11-23T12:00:00Z', sender: { id: 1, username: 'ana' } } });
    f.send('mine');
    await f.minute('connected', 'connected', 0, 8);
    expect(f.texts()).to.deep.equal(['mine']);
    await f.heals();
  });

  it('is an echo without the name of the message', async () => {
    const f = await meet(undefined, BASELINE);
    f.onFrame = (frame, pass) => {
      const { _tempId, ...message } = (frame.message ?? {}) as Frame;
      pass(frame.type === 'new_message' ? { ...frame, message } : frame);
    };
    f.send('the same');
    f.send('the same, almost');
    await f.minute('connected', 'connected', 0, 20);
    await f.heals();
  });

  it('never comes from a baseline backend: the history is searched before anything is sent again', async () => {
    const f = await meet(undefined, BASELINE);
    f.onFrame = (frame, pass) => (frame.type === 'new_message' ? undefined : pass(frame));
    f.send('one');
    f.send('two');
    await f.minute('connected', 'connected', 0, 30);
    expect(f.requests.filter(({ method }) => method === 'POST')).to.have.length(0);
    await f.heals();
  });

  it('refuses the message for good', async () => {
    const f = await meet();
    f.send('forbidden words');
    f.send('fine words');
    await f.minute('connected', 'connected', 0, 8);
    expect(f.sent.map(({ outcome }) => outcome)).to.deep.equal(['invalid', 'websocket']);
    await f.heals('forbidden words');
  });
});

describe('a change', () => {
  it('edits a message before that message is heard of', async () => {
    const f = await meet();
    f.server.frameFaults.push('drop');
    const row = f.say('first words');
    f.server.edit(row, 'second words');
    f.send('mine');
    await f.minute('connected', 'connected', 0, 8);
    expect(f.texts()).to.deep.equal(['second words', 'mine']);
    await f.heals();
  });

  it('deletes a message before that message is heard of', async () => {
    const f = await meet();
    f.server.frameFaults.push('drop');
    const row = f.say('regretted');
    f.server.delete(row);
    f.send('mine');
    await settle();
    await f.minute('connected', 'connected', 0, 8);
    expect(f.texts()).to.deep.equal(['mine']);
    await f.heals();
  });
});
