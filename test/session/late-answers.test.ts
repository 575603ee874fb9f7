import { expect } from '@open-wc/testing';
import { json } from '../support/fake-backend.js';
import { settle } from '../support/fake-clock.js';
import { FULL, meet, type FaultScene } from '../support/fault-scene.js';

function holdable(f: FaultScene): { match: ((method: string, url: string) => boolean) | undefined; letGo: () => void } {
  const control = { match: undefined as ((method: string, url: string) => boolean) | undefined, letGo: () => {} };
  const plain = f.fetch;
  (f as unknown as { fetch: typeof fetch }).fetch = async (input, init) => {
    const held = control.match?.(init?.method ?? 'GET', String(input instanceof Request ? input.url : input));
    const answer = await plain(input, init);
    if (held) await new Promise<void>((resolve, reject) => {
      control.letGo = resolve;
      init?.signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
    });
    return answer;
  };
  return control;
}

async function held(capabilities: readonly string[] = FULL, count = 0): Promise<{ f: FaultScene; control: ReturnType<typeof holdable> }> {
  let control!: ReturnType<typeof holdable>;
  const f = await meet((scene) => {
    for (let n = 0; n < count; n++) scene.server.store(1, 2, `m${n}`);
    control = holdable(scene);
  }, capabilities);
  await f.clock.advance(20_000);
  return { f, control };
}

describe('a message that changes while the answer to its request is on its way', () => {
  it('10.16: deleted on another device: it does not come back', async () => {
    const { f, control } = await held();
    f.server.socketFault = 'refuse';
    f.server.cut(1006);
    await settle();
    control.match = (method) => method === 'POST';
    f.send('mine');
    await f.clock.advance(500);
    expect(f.server.rows.map(({ content }) => content)).to.deep.equal(['mine']);
    control.match = undefined;
    f.server.socketFault = 'none';
    await f.clock.advance(6_000);
    expect(f.chat.state).to.equal('connected');
    f.server.delete(f.server.rows[0]!);
    await f.clock.advance(1_000);
    expect(f.texts()).to.deep.equal([]);
    control.letGo();
    await settle();
    await f.clock.advance(120_000);
    expect(f.texts()).to.deep.equal([]);
    f.chat.disconnect();
  });

  it('10.16: sent again by REST and deleted: it does not come back', async () => {
    const { f, control } = await held();
    // No echo, no acknowledgement.
    f.onFrame = (frame, pass) => (frame.type === 'message_ack' || frame.type === 'new_message' ? undefined : pass(frame));
    control.match = (method) => method === 'POST';
    f.send('mine');
    await f.clock.advance(7_000);
    f.onFrame = (frame, pass) => pass(frame);
    f.server.delete(f.server.rows[0]!);
    await f.clock.advance(3_000);
    control.match = undefined;
    control.letGo();
    await f.clock.advance(120_000);
    expect(f.texts()).to.deep.equal([]);
    f.chat.disconnect();
  });

  it('10.16: edited on another device: the new words stay', async () => {
    const { f, control } = await held();
    f.server.socketFault = 'refuse';
    f.server.cut(1006);
    await settle();
    control.match = (method) => method === 'POST';
    f.send('mine');
    await f.clock.advance(500);
    f.server.socketFault = 'none';
    await f.clock.advance(6_000);
    f.server.edit(f.server.rows[0]!, 'edited');
    await f.clock.advance(1_000);
    control.letGo();
    await f.clock.advance(120_000);
    expect(f.texts()).to.deep.equal(['edited']);
    f.chat.disconnect();
  });
});

describe('the answer to a message', () => {
  it('10.24: HTTP 500 to everything for ten minutes: the message is sent afterwards', async () => {
    const f = await meet();
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

  it('10.31: a message of another room is not taken for it', async () => {
    const f = await meet((s) => (s.server.socketFault = 'refuse'));
    f.onRequest = (method) => (method === 'POST' ? json({ id: 999, room: 2, sender: { id: 2 }, content: 'somebody else', timestamp: '2026-11-23T12:00:00Z' }, 201) : undefined);
    f.send('mine');
    await f.clock.advance(10_000);
    const shown = f.texts();
    f.chat.disconnect();
    expect(shown).to.not.include('somebody else');
  });
});
