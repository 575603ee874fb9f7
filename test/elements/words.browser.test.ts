/** What a thread and a list say about messages that are not simply the text of a known user. */
import { expect, html } from '@open-wc/testing';
import { sendKeys } from '@web/test-runner-commands';
import { systemClock } from '../../src/transport/index.js';
import { room, tokenOf } from '../support/fake-backend.js';
import {
  all,
  mount,
  one,
  text,
  until,
  untilRichParts,
  URL_OF_BACKEND as url,
  useFakeBackend,
  type Mounted,
} from '../support/mounted.js';

describe('words', () => {
  const backend = useFakeBackend((made) => {
    made.rooms = [room(1, 'General', { room_type: 'general' })];
  });

  const template = html`<chat-connection url=${url} token=${tokenOf(1)}>
    <style>
      chat-thread,
      chat-rooms {
        height: 400px;
        width: 400px;
      }
    </style>
    <chat-rooms></chat-rooms>
    <chat-thread room="1"></chat-thread>
  </chat-connection>`;

  /** Mounts the elements, and waits for the extras of the thread. */
  async function mounted(): Promise<Mounted> {
    const elements = await mount(template);
    await until(() => one(elements.thread, 'li'));
    await untilRichParts(elements.thread);
    return elements;
  }

  describe('12.13: names', () => {
    it('a deleted user, a user without a name, and a message without text have a text', async () => {
      Object.assign(backend().store(1, 2, 'of a deleted user'), { sender: null });
      const unnamed = { id: 9, username: '', first_name: '', last_name: '', profile_picture: null };
      Object.assign(backend().store(1, 3, 'of a user without a name'), { sender: unnamed });
      backend().store(1, 2, '');
      const { thread } = await mounted();
      expect(all(thread, '[part=author]').map(text)).to.deep.equal(['Deleted user', 'Unnamed user', 'user2']);
      expect(text(all(thread, 'li').at(-1)!)).to.contain('No text');
    });

    it('messages of the server and of unknown types are not shown as the words of a user', async () => {
      Object.assign(backend().store(1, 2, 'The job was changed.'), { message_type: 'job_update' });
      Object.assign(backend().store(1, 2, 'A poll'), { message_type: 'poll' });
      Object.assign(backend().store(1, 2, 'Ben has joined.'), { message_type: 'system', sender: null });
      const { thread } = await mounted();
      await until(() => all(thread, 'li').length === 3);
      expect(all(thread, '[part=system]').map(text)).to.deep.equal([
        'The job was changed.',
        'A poll',
        'Ben has joined.',
      ]);
      expect(all(thread, '.bubble, .hidden-visually')).to.have.length(0);
    });

    for (const [name, initials] of [
      ['Ana Maria Bell', 'AB'],
      ['क्षिति शर्मा', 'क्षिश'],
      ['é́lodie', 'É́'],
      ['👩‍👩‍👧 Family', 'F'],
      ['👩‍👩‍👧', '👩‍👩‍👧'],
      ['李雷', '李'],
      ['(Support)', 'S'],
    ])
      it(`initials of ${name}: ${initials}`, async () => {
        backend().rooms = [room(1, name!, { room_type: 'general' })];
        backend().store(1, 2, 'hi');
        const { rooms } = await mounted();
        await until(() => one(rooms, '.avatar'));
        expect(text(one(rooms, '.avatar'))).to.equal(initials);
        const style = getComputedStyle(one(rooms, '.avatar'));
        const userSelect = ['user-select', '-webkit-user-select'].map((name) => style.getPropertyValue(name));
        expect(userSelect, '12.19: not part of copied text').to.include('none');
      });
  });

  describe('12.12: length', () => {
    it('is counted in code points: nine emoji are within a limit of ten', async () => {
      backend().store(1, 2, 'hi');
      const { connection, thread } = await mounted();
      backend().socket.receive({
        type: 'connection_established',
        user_id: 1,
        username: 'user1',
        capabilities: backend().capabilities,
        limits: { content: 10 },
      });
      await until(() => connection.connection.data.limits.content === 10);
      const field = one(thread, 'textarea') as HTMLTextAreaElement;
      const write = async (value: string): Promise<string[]> => {
        field.value = value;
        field.dispatchEvent(new InputEvent('input'));
        await thread.updateComplete;
        return all(thread, '[part=hint]').map(text);
      };
      expect(await write('😀'.repeat(9))).to.deep.equal([]);
      expect(await write('😀'.repeat(11))).to.deep.equal(['1 over the limit of 10']);
      await write('');
    });

    it('invisible messages are not sent; the first line keeps its indentation', async () => {
      backend().store(1, 2, 'hi');
      const { thread } = await mounted();
      const field = one(thread, 'textarea') as HTMLTextAreaElement;
      const send = one(thread, '[part=send]') as HTMLButtonElement;
      const write = async (value: string): Promise<void> => {
        field.value = value;
        field.dispatchEvent(new InputEvent('input'));
        await thread.updateComplete;
      };
      for (const blank of ['  \n ', '\u200b', '\u2060\u200d', '\u3164', '\u115f', '\u2800', '\u034f\ufe0f', '\u202e']) {
        await write(blank);
        expect(send.disabled, JSON.stringify(blank)).to.equal(true);
        field.focus();
        await sendKeys({ press: 'Enter' });
      }
      await write('\n\n    if (x) {\n      y();\n    }\n\n');
      send.click();
      const sent = (): unknown[] =>
        backend().socket.sent.flatMap((frame) => (frame.type === 'send_message' ? [frame.content] : []));
      await until(() => sent().length > 0);
      expect(sent()).to.deep.equal(['    if (x) {\n      y();\n    }']);
    });
  });

  describe('12.16', () => {
    it('a refused message does not take the time and the tick of the one before it', async () => {
      backend().store(1, 1, 'first');
      const { connection, thread } = await mounted();
      backend().stores = false;
      backend().echo = 'none';
      void connection.connection.sendChatMessage(1, 'refused').catch(() => {});
      await until(() => backend().socket.sent.some(({ type }) => type === 'send_message'));
      const { _tempId } = backend().socket.sent.find(({ type }) => type === 'send_message')!;
      backend().socket.receive({ type: 'error', code: 'access_denied', message: 'No.', room_id: 1, _tempId });
      await until(() => one(thread, '[part=failure]'));
      const [first, second] = all(thread, 'li');
      expect(
        [first!, second!].map((row) => row.querySelectorAll('time:not(.day time), .delivery').length),
      ).to.deep.equal([2, 0]);
      one(thread, '[part=discard]').click();
      await until(() => !one(thread, '[part=failure]'));
    });

    it('a picture that fails to load shows its name', async () => {
      Object.assign(backend().store(1, 2, ''), {
        message_type: 'image',
        attachment: `${location.origin}/none/holiday.jpg`,
      });
      const { thread } = await mounted();
      await until(() => one(thread, '.attachment img')?.hidden);
      const name = one(thread, '.attachment .file');
      expect(text(name)).to.equal('holiday.jpg');
      expect(name.getClientRects().length).to.equal(1);
    });

    it('nothing can be written that could not be sent, and the draft is kept, while signed out', async () => {
      backend().store(1, 2, 'hi');
      const { connection, thread } = await mounted();
      const field = one(thread, 'textarea') as HTMLTextAreaElement;
      field.value = 'half a sentence';
      field.dispatchEvent(new InputEvent('input'));
      backend().rejectedTokens.add(tokenOf(1));
      backend().socket.close(4001);
      await until(() => connection.connection.state === 'unauthorized');
      await until(() => field.readOnly);
      expect([field.value, field.placeholder]).to.deep.equal(['half a sentence', 'Sign in to chat']);
      expect((one(thread, '[part=send]') as HTMLButtonElement).disabled).to.equal(true);
      const { length } = backend().socket.sent;
      field.focus();
      await sendKeys({ press: 'Enter' });
      expect(field.value).to.equal('half a sentence');
      expect(backend().socket.sent).to.have.length(length);
      await expect(thread).to.be.accessible();
    });
  });

  describe('12.10', () => {
    it('an element in another document keeps its styles, there and back', async () => {
      backend().store(1, 2, 'hi');
      const { thread, connection } = await mounted();
      const frame = document.body.appendChild(document.createElement('iframe'));
      try {
        const { color, padding } = getComputedStyle(one(thread, '.bubble'));
        frame.contentDocument!.body.append(connection);
        await until(() => one(thread, '.bubble'));
        const moved = frame.contentWindow!.getComputedStyle(one(thread, '.bubble'));
        expect([moved.color, moved.padding]).to.deep.equal([color, padding]);
        document.body.append(connection);
        await until(() => one(thread, '.bubble'));
        expect(getComputedStyle(one(thread, '.bubble')).padding).to.equal(padding);
      } finally {
        frame.remove();
        connection.remove();
      }
    });

    it("'Today' becomes 'Yesterday' at midnight", async () => {
      const evening = new Date(2026, 10, 28, 23, 59, 30).getTime();
      const clock: { now: typeof systemClock.now; after: typeof systemClock.after } = systemClock;
      const { now, after } = clock;
      const midnight: (() => void)[] = [];
      clock.now = () => evening;
      clock.after = (ms, run) => {
        // Half a minute until midnight; the other timers are left alone.
        if (ms !== 30_000) return after(ms, run);
        midnight.push(run);
        return () => {};
      };
      try {
        backend().store(1, 2, 'hi').timestamp = new Date(evening - 60_000).toISOString();
        const { thread } = await mounted();
        await until(() => text(one(thread, '[part=day]')) === 'Today');
        await until(() => midnight.length > 0);
        clock.now = () => evening + 31_000;
        for (const run of midnight) run();
        await until(() => text(one(thread, '[part=day]')) === 'Yesterday');
      } finally {
        Object.assign(clock, { now, after });
      }
    });
  });
});
