/** A room in which the user may no longer write, and messages that were deleted. */
import { expect, html } from '@open-wc/testing';
import { sendKeys } from '@web/test-runner-commands';
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
} from '../support/mounted.js';
import type { ChatThreadElement } from '../../src/elements/chat-thread/chat-thread.js';

/** Not a user of other tests, whose drafts this browser may have. */
const USER = 71;
const REASON = 'The job is done. Open a new one to write.';

describe('13.1: a closed room', () => {
  const backend = useFakeBackend((made) => {
    made.capabilities = ['user_channel', 'permissions', 'delete'];
    made.rooms = [room(1, 'Ana & Ben')];
    made.store(1, 2, 'hi');
  });

  async function mounted(): Promise<ChatThreadElement> {
    const { thread } = await mount(
      html`<chat-connection url=${url} token=${tokenOf(USER)}>
        <style>
          chat-thread {
            height: 300px;
          }
        </style>
        <chat-thread room="1"></chat-thread>
      </chat-connection>`,
    );
    await until(() => text(one(thread, 'ol')).includes('hi'));
    await untilRichParts(thread);
    return thread;
  }
  const update = (updates: object): void =>
    backend().socket.receive({ type: 'room_updated', room_id: 1, updates, timestamp: new Date().toISOString() });
  const notes = (thread: ChatThreadElement): string => all(thread, '[part=note]').map(text).join(' | ');

  it('shows the reason instead of the field, keeps focus and draft, and announces the change', async () => {
    const thread = await mounted();
    thread.focus();
    await sendKeys({ type: 'unfinished' });
    update({ can: [], closed_reason: REASON });
    await until(() => notes(thread).includes(REASON));
    expect(all(thread, 'textarea')).to.have.length(0);
    // The keyboard stays in the thread: the messages can be scrolled.
    expect(thread.shadowRoot!.activeElement?.getAttribute('part')).to.equal('messages');
    await until(() => all(thread, '[role=status], [aria-live]').map(text).join().includes(REASON));
    update({ can: ['send'], closed_reason: null });
    await until(() => all(thread, 'textarea').length === 1);
    expect((one(thread, 'textarea') as HTMLTextAreaElement).value).to.equal('unfinished');
  });

  it('without a reason, says that the conversation is read-only', async () => {
    const thread = await mounted();
    update({ can: ['react', 'an action of a later version'] });
    await until(() => notes(thread).includes('This conversation is read-only.'));
  });

  it('a field elsewhere on the page keeps the focus', async () => {
    const thread = await mounted();
    const other = document.body.appendChild(document.createElement('input'));
    other.focus();
    update({ can: [], closed_reason: REASON });
    await until(() => notes(thread).includes(REASON));
    expect(document.activeElement).to.equal(other);
    other.remove();
  });

  it('13.4: a deleted message leaves a tombstone, as do quotes of it; without a time, it disappears', async () => {
    backend().messages = [];
    const secret = backend().store(1, 2, 'hi, this is secret');
    const other = backend().store(1, 2, 'a second one');
    const reply = backend().store(1, 1, 'hi, a reply');
    reply['reply_to'] = { id: secret.id, content: 'hi, this is secret', sender: 'ben' };
    const thread = await mounted();
    const timestamp = new Date().toISOString();
    backend().socket.receive({
      type: 'message_deleted',
      room_id: 1,
      message_id: secret.id,
      deleted_at: timestamp,
      timestamp,
    });
    const rows = (): string[] => all(thread, 'li').map(text);
    await until(() => rows()[0]!.includes('This message was deleted.'));
    expect(text(one(thread, '[part=quote]'))).to.equal('This message was deleted.');
    expect(rows().join()).not.to.include('secret');
    backend().socket.receive({ type: 'message_deleted', room_id: 1, message_id: other.id, timestamp });
    await until(() => rows().length === 2);
    expect(rows().join()).not.to.include('a second one');
  });
});
