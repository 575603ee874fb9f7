/** Adds files to the next message: by a button, by pasting and by dropping. The list of files is loaded with the first. */
import { html, nothing, svg, type ReactiveController, type TemplateResult } from 'lit';
import type { SendResult } from '../../client/index.js';
import { lazyImport } from '../../internal/lazy-import.js';
import { noop } from '../../internal/noop.js';
import type { Id } from '../../protocol/index.js';
import { filesPerMessage, isAllowed } from '../../store/permissions.js';
import { icon } from '../../theme/index.js';
import type { ChosenFiles } from './chosen-files.js';
import { fileSize } from './file-size.js';
import type { FilesHost } from './files-host.js';

const CLIP = icon(
  svg`<path d="m20 11-8.5 8.5a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.7L9.5 17a1.7 1.7 0 0 1-2.4-2.4L15 6.7" />`,
);

const importList = lazyImport(() => import('./chosen-files.js'));

const hasFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.includes('Files') === true;

export class AttachFiles implements ReactiveController {
  readonly #parts: FilesHost;
  #list: ChosenFiles | undefined;
  /** Whether files are dragged over the thread. */
  #isTarget = false;
  #stop = noop;

  constructor(parts: FilesHost) {
    this.#parts = parts;
    parts.host.addController(this);
  }

  hostConnected(): void {
    this.#stop();
    const { host } = this.#parts;
    const page = new AbortController();
    const { signal } = page;
    this.#stop = () => page.abort();
    host.addEventListener('dragover', this.#onDragOver, { signal });
    host.addEventListener('dragleave', this.#onDragLeave, { signal });
    host.addEventListener('drop', this.#onDrop, { signal });
    // A file that misses the thread must not replace the page.
    for (const type of ['dragover', 'drop'] as const)
      // A function of its own: the page has each function once, and another thread would remove it.
      host.ownerDocument.addEventListener(type, this.#onPageDrag, { signal });
  }

  hostDisconnected(): void {
    this.#stop();
    this.#isTarget = false;
  }

  /** Whether the next message has no files. */
  get isEmpty(): boolean {
    return !this.#list?.idsOf(this.#parts.view.roomId).length;
  }

  /** Sends a message with the files that were chosen for its room. */
  sendChatMessage(roomId: Id, text: string): Promise<SendResult> | undefined {
    const { connection } = this.#parts.view;
    return this.#list ? this.#list.send(roomId, text) : connection?.sendChatMessage(roomId, text);
  }

  /** Whether the user may send files in the open room. */
  get #isAllowed(): boolean {
    const { host, view } = this.#parts;
    const { connection, roomId } = view;
    return !host.readonly && !!connection && roomId !== null && isAllowed(connection.data, roomId, 'attach');
  }

  #add(files: readonly File[]): void {
    const { connection, roomId } = this.#parts.view;
    if (files.length === 0 || !connection || roomId === null || !this.#isAllowed) return;
    this.#load((list) => list.add(connection, roomId, files));
  }

  #load(use: (list: ChosenFiles) => void): void {
    importList().then(({ ChosenFiles: List }) => use((this.#list ??= new List(this.#parts))), noop);
  }

  readonly onPaste = (event: ClipboardEvent): void => {
    const { files, types } = event.clipboardData!;
    if (files.length === 0 || !this.#isAllowed) return;
    // Text that was copied with a picture is pasted, too.
    if (!types.includes('text/plain')) event.preventDefault();
    this.#add([...files]);
  };

  readonly #onPageDrag = (event: DragEvent): void => preventNavigation(event);

  readonly #onDragOver = (event: DragEvent): void => {
    if (!hasFiles(event) || !this.#isAllowed) return;
    event.preventDefault();
    event.dataTransfer!.dropEffect = 'copy';
    this.#setTarget(true);
  };

  readonly #onDragLeave = ({ relatedTarget }: DragEvent): void => {
    // Inside of the shadow root, the related target is the host itself.
    if (relatedTarget !== this.#parts.host) this.#setTarget(false);
  };

  readonly #onDrop = (event: DragEvent): void => {
    this.#setTarget(false);
    if (!hasFiles(event) || !this.#isAllowed) return;
    event.preventDefault();
    this.#add([...event.dataTransfer!.files]);
  };

  #setTarget(isTarget: boolean): void {
    if (isTarget === this.#isTarget) return;
    this.#isTarget = isTarget;
    this.#parts.host.requestUpdate();
  }

  readonly #onChange = ({ target }: Event): void => {
    const input = target as HTMLInputElement;
    const files = [...input.files!];
    // The same file can be chosen again.
    input.value = '';
    this.#add(files);
    this.#parts.focusField();
  };

  /** Before the field: the button. */
  button(): TemplateResult | typeof nothing {
    if (!this.#isAllowed) return nothing;
    const { localize, view } = this.#parts;
    const { data } = view.connection!;
    const { accept, attachment_bytes: bytes } = data.limits;
    const title = bytes
      ? localize.term('attachLimits', filesPerMessage(data), fileSize(bytes, localize.lang))
      : nothing;
    const onClick = ({ currentTarget }: Event): void =>
      ((currentTarget as Element).nextElementSibling as HTMLInputElement).click();
    return html`<button part="attach" class="attach" type="button" aria-label=${localize.term('attachFiles')} title=${title} @click=${onClick}>${CLIP}</button
      ><input type="file" multiple hidden accept=${accept?.join() ?? nothing} @change=${this.#onChange} />`;
  }

  /** Above the field: the chosen files, and the target for dragged ones. */
  list(): unknown {
    const { localize, view, host } = this.#parts;
    // Another thread may have left files for this room.
    if (!this.#list && view.connection?.data.uploads.size) this.#load(() => host.requestUpdate());
    return [
      this.#list?.render(view.roomId) ?? nothing,
      this.#isTarget ? html`<div part="drop" class="drop">${localize.term('dropFiles')}</div>` : nothing,
    ];
  }
}

function preventNavigation(event: DragEvent): void {
  if (!hasFiles(event) || event.defaultPrevented) return;
  // A field for files of the page takes them itself.
  if (event.composedPath().some((target) => target instanceof HTMLInputElement && target.type === 'file')) return;
  event.preventDefault();
  event.dataTransfer!.dropEffect = 'none';
}
