/** 14: files in a thread: chosen, pasted, dropped, sent and shown. With a real backend. */
import { expect, fixture, fixtureCleanup, html } from '@open-wc/testing';
import { sendKeys } from '@web/test-runner-commands';
import type { ChatConnectionElement } from '../../src/elements/chat-connection/chat-connection.js';
import type { ChatThreadElement } from '../../src/elements/chat-thread/chat-thread.js';
import { startBackend, type Backend } from '../support/backend.js';
import { until } from '../support/mounted.js';

const ROOM = 1;
const MAX_BYTES = 2_000_000;

const file = (name: string, text = 'Hello', type = 'text/plain'): File => new File([text], name, { type });
const transfer = (...files: File[]): DataTransfer => {
  const data = new DataTransfer();
  for (const each of files) data.items.add(each);
  return data;
};

describe('14: files in a thread', function () {
  this.timeout(30_000);
  let backend: Backend;
  let thread: ChatThreadElement;
  before(async () => (backend = await startBackend({ limits: { attachmentBytes: MAX_BYTES, attachments: 3 } })));
  afterEach(async () => {
    fixtureCleanup();
    await backend.faults({ bytesPerSecond: 0 });
  });
  after(() => backend.end());

  const root = (): ShadowRoot => thread.shadowRoot!;
  const all = (part: string): HTMLElement[] => [...root().querySelectorAll<HTMLElement>(`[part~=${part}]`)];
  const one = (part: string): HTMLElement | null => root().querySelector(`[part~=${part}]`);
  const field = (): HTMLTextAreaElement => root().querySelector('textarea')!;
  const chips = (): string[] => all('upload').map(({ textContent }) => textContent.replaceAll(/\s+/g, ' ').trim());
  const connection = () => thread.closest<ChatConnectionElement>('chat-connection')!.connection;
  const finished = () => [...connection().data.uploads.values()].every(({ state }) => state === 'finished');

  async function mount(room = ROOM): Promise<void> {
    const element = await fixture<ChatConnectionElement>(
      html`<chat-connection url=${backend.url} token=${await backend.token(1)}
        ><chat-thread .room=${room}></chat-thread
      ></chat-connection>`,
    );
    thread = element.querySelector('chat-thread')!;
    thread.style.height = '400px';
    await until(() => element.connection.state === 'connected' && one('attach'));
  }
  function choose(...files: File[]): void {
    const input = root().querySelector<HTMLInputElement>('input[type=file]')!;
    input.files = transfer(...files).files;
    input.dispatchEvent(new Event('change', { bubbles: true }));
  }
  const dragged = (type: string, target: EventTarget, ...files: File[]): DragEvent => {
    const event = new DragEvent(type, {
      dataTransfer: transfer(...files),
      bubbles: true,
      cancelable: true,
      composed: true,
    });
    target.dispatchEvent(event);
    return event;
  };

  it('chosen files are listed at once, uploaded, sent in their order without a text, and shown to all', async () => {
    await mount();
    expect(one('attach')!.title).to.equal('At most 3 files of 2 MB each');
    const started = performance.now();
    choose(file('b.txt', 'second'), file('a.txt', 'first'));
    await until(() => chips().length === 2);
    expect(performance.now() - started).to.be.below(1_000);
    expect(chips()[0]).to.match(/^b\.txt 6 bytes/);
    expect(root().activeElement).to.equal(field());
    await until(() => connection().data.uploads.size === 2 && finished());
    expect(root().querySelector('.upload progress')).to.equal(null);
    expect((one('send') as HTMLButtonElement).disabled).to.equal(false);
    await sendKeys({ press: 'Enter' });
    await until(() => connection().messages(ROOM).at(-1)?.attachments?.length === 2 && all('upload').length === 0);
    await until(() => connection().messages(ROOM).at(-1)?.delivery === 'sent');
    expect((one('send') as HTMLButtonElement).disabled).to.equal(true);
    await until(() =>
      all('attachment')
        .slice(-2)
        .every((link) => link.matches('a[href]')),
    );
    expect(
      all('attachment')
        .slice(-2)
        .map(({ textContent }) => textContent.replaceAll(/\s+/g, ' ').trim()),
    ).to.deep.equal(['b.txt 6 bytes', 'a.txt 5 bytes']);
  });

  it('a message can be sent while its file is uploaded; a next one has no files', async () => {
    await mount();
    await backend.faults({ bytesPerSecond: 1_000_000 });
    choose(file('large.txt', 'x'.repeat(1_500_000)));
    await until(() => root().querySelector<HTMLProgressElement>('.upload progress')?.value);
    field().value = 'with a large file';
    field().dispatchEvent(new InputEvent('input', { bubbles: true }));
    field().focus();
    await sendKeys({ press: 'Enter' });
    await until(() =>
      connection()
        .messages(ROOM)
        .some(({ content }) => content === 'with a large file'),
    );
    expect([all('upload').length, field().value]).to.deep.equal([0, '']);
    await backend.faults({ bytesPerSecond: 0 });
    await until(
      () =>
        connection()
          .messages(ROOM)
          .find(({ content }) => content === 'with a large file')?.delivery === 'sent',
    );
    expect(await backend.stored(ROOM, 'with a large file')).to.equal(1);
  });

  it('pasted files are added; text that was copied with them is pasted, too', async () => {
    await mount();
    const paste = (data: DataTransfer): ClipboardEvent => {
      const event = new ClipboardEvent('paste', {
        clipboardData: data,
        bubbles: true,
        cancelable: true,
        composed: true,
      });
      // Firefox gives a constructed event an empty one.
      Object.defineProperty(event, 'clipboardData', { value: data });
      field().dispatchEvent(event);
      return event;
    };
    expect(paste(transfer(file('screenshot.txt'))).defaultPrevented).to.equal(true);
    const both = transfer(file('table.txt'));
    both.setData('text/plain', 'a table');
    expect(paste(both).defaultPrevented).to.equal(false);
    const text = new DataTransfer();
    text.setData('text/plain', 'only text');
    expect(paste(text).defaultPrevented).to.equal(false);
    await until(() => chips().length === 2);
    expect(chips().map((chip) => chip.split(' ')[0])).to.deep.equal(['screenshot.txt', 'table.txt']);
  });

  it('dropped files are added; a file that misses the thread does not replace the page', async () => {
    await mount();
    expect(dragged('dragover', thread, file('dropped.txt')).defaultPrevented).to.equal(true);
    await until(() => one('drop'));
    thread.dispatchEvent(new DragEvent('dragleave', { relatedTarget: document.body }));
    await until(() => !one('drop'));
    dragged('dragover', thread, file('dropped.txt'));
    await until(() => one('drop'));
    expect(dragged('drop', thread, file('dropped.txt')).defaultPrevented).to.equal(true);
    await until(() => chips().length === 1 && !one('drop'));
    for (const type of ['dragover', 'drop'])
      expect(dragged(type, document.body, file('missed.txt')).defaultPrevented, type).to.equal(true);
    const ofPage = await fixture<HTMLInputElement>(html`<input type="file" />`);
    expect(dragged('drop', ofPage, file('of-the-page.txt')).defaultPrevented, 'a field of the page').to.equal(false);
    thread.readonly = true;
    dragged('dragover', thread, file('x.txt'));
    dragged('drop', thread, file('x.txt'));
    thread.readonly = false;
    await until(() => one('attach'));
    expect([one('drop'), chips().length], 'while the form was hidden').to.deep.equal([null, 1]);
    const other = document.createElement('chat-thread');
    other.room = 4;
    thread.after(other);
    await until(() => other.shadowRoot!.querySelector('[part=attach]'));
    thread.remove();
    expect(dragged('drop', document.body, file('x.txt')).defaultPrevented, 'with another thread').to.equal(true);
    other.remove();
    expect(dragged('drop', document.body, file('x.txt')).defaultPrevented, 'without a thread').to.equal(false);
  });

  it('says why a file cannot be sent, and sends the others', async () => {
    await mount();
    choose(file('huge.txt', 'x'.repeat(MAX_BYTES + 1)), file('1.txt'), file('2.txt'), file('3.txt'), file('4.txt'));
    await until(() => chips().length === 5 && finishedCount() === 3);
    expect(chips()[0]).to.contain(`the limit is ${MAX_BYTES}`);
    expect(chips()[4]).to.contain('At most 3 files per message');
    field().focus();
    await sendKeys({ press: 'Enter' });
    await until(() => connection().messages(ROOM).at(-1)?.attachments?.length === 3);
    expect(chips().map((chip) => chip.split(' ')[0])).to.deep.equal(['huge.txt', '4.txt']);
  });
  const finishedCount = (): number =>
    [...connection().data.uploads.values()].filter(({ state }) => state === 'finished').length;

  it('files are removed by keyboard: the focus goes to the next one, then to the field', async () => {
    await mount();
    choose(file('1.txt'), file('2.txt'));
    await until(() => connection().data.uploads.size === 2 && finished());
    const remove = all('upload-remove');
    expect(remove.map(({ ariaLabel }) => ariaLabel!.replaceAll(/[\u2066-\u2069]/g, ''))).to.deep.equal([
      'Remove 1.txt',
      'Remove 2.txt',
    ]);
    remove[0]!.focus();
    await sendKeys({ press: 'Enter' });
    await until(() => all('upload').length === 1);
    await until(() => root().activeElement === one('upload-remove'));
    await sendKeys({ press: 'Enter' });
    await until(() => all('upload').length === 0 && root().activeElement === field());
    await until(() => connection().data.uploads.size === 0);
  });

  it('belong to their room: another thread has them; another user does not', async () => {
    await mount();
    choose(file('kept.txt'));
    await until(() => connection().data.uploads.size === 1 && finished());
    const parent = thread.closest<ChatConnectionElement>('chat-connection')!;
    thread.remove();
    thread = document.createElement('chat-thread');
    thread.room = ROOM;
    parent.append(thread);
    await until(() => chips().length === 1);
    expect(chips()[0]).to.match(/^kept\.txt/);
    thread.room = 4;
    await until(() => all('upload').length === 0);
    thread.room = ROOM;
    await until(() => all('upload').length === 1);
    parent.token = await backend.token(2);
    await until(() => parent.connection.user?.id === 2 && one('attach'));
    expect(all('upload')).to.have.length(0);
  });

  it('draws a picture without an address, and shows a sent one in reserved space', async () => {
    await mount();
    const canvas = new OffscreenCanvas(120, 60);
    const context = canvas.getContext('2d')!;
    context.fillStyle = 'rgb(200, 30, 30)';
    context.fillRect(0, 0, 120, 60);
    choose(new File([await canvas.convertToBlob({ type: 'image/png' })], 'red.png', { type: 'image/png' }));
    await until(() => {
      const preview = root().querySelector<HTMLCanvasElement>('.upload canvas');
      return preview?.getContext('2d')!.getImageData(40, 40, 1, 1).data[0] === 200;
    });
    await until(() => connection().data.uploads.size === 1 && finished());
    field().focus();
    await sendKeys({ press: 'Enter' });
    await until(() => root().querySelector<HTMLImageElement>('.attachment img')?.naturalWidth === 120);
    const image = root().querySelector<HTMLImageElement>('.attachment img')!;
    expect([image.getAttribute('width'), image.getAttribute('height')]).to.deep.equal(['120', '60']);
    expect(root().innerHTML).not.to.contain('blob:');
  });
});
