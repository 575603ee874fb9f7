/**
 * The files of the next message, and their uploads. They belong to their room, like a draft: another thread that shows it
 * has them, too. Loaded with the first file.
 */
import { html, nothing, svg, type ReactiveController, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { ChatConnection, SendResult } from '../../client/index.js';
import { noop } from '../../internal/noop.js';
import type { Upload } from '../../model/index.js';
import { idKey, sameId, type Id } from '../../protocol/index.js';
import { icon } from '../../theme/index.js';
import { filesPerMessage } from '../../store/permissions.js';
import { toChatError, type ErrorCode } from '../../transport/index.js';
import { addStyles } from '../document-styles.js';
import { isolated, revealInvisible } from '../untrusted.js';
import { styles } from './chosen-files.styles.js';
import { fileSize } from './file-size.js';
import type { FilesHost } from './files-host.js';
import { drawPreview, PREVIEW_PX } from './preview.js';

const CROSS = icon(svg`<path d="m6 6 12 12M18 6 6 18" />`);

/** A file that was chosen for a room. */
interface Chosen {
  readonly key: string;
  readonly roomId: Id;
  readonly file: File;
  /** Undefined until the upload has begun. */
  uploadId?: string;
  /** Why it cannot be sent. */
  error?: string;
}

/** After these errors the message is not in the thread: its files stay in the list. */
const NEVER_ADDED: readonly ErrorCode[] = [
  'empty_message',
  'message_too_long',
  'too_many',
  'unauthorized',
  'not_found',
];

let nextKey = 0;

const chosenFiles = new WeakMap<ChatConnection, readonly Chosen[]>();

const chosenWith = (connection: ChatConnection | undefined): readonly Chosen[] =>
  (connection && chosenFiles.get(connection)) ?? [];

/** The uploads of the next message of a room that can be sent. */
const idsIn = (connection: ChatConnection | undefined, roomId: Id | null): string[] =>
  chosenWith(connection)
    .filter((chosen) => sameId(chosen.roomId, roomId))
    .flatMap(({ uploadId }) => {
      const upload = connection!.data.uploads.get(uploadId ?? '');
      return upload && upload.state !== 'blocked' ? upload.uploadId : [];
    });

/** Starts the upload of a file. */
async function upload(connection: ChatConnection, chosen: Chosen): Promise<void> {
  try {
    const { uploadId, error } = await connection.uploads.add(chosen.roomId, chosen.file);
    chosen.uploadId = uploadId;
    const all = chosenWith(connection);
    // Removed meanwhile.
    if (!all.includes(chosen)) void connection.uploads.discard(uploadId).catch(noop);
    else if (connection.data.uploads.has(uploadId)) return;
    else if (error) chosen.error = error.message;
    // The user has signed out meanwhile.
    else
      chosenFiles.set(
        connection,
        all.filter((other) => other !== chosen),
      );
  } catch (thrown) {
    chosen.error = toChatError(thrown).message;
  }
}

export class ChosenFiles implements ReactiveController {
  readonly #parts: FilesHost;
  #adding = Promise.resolve();
  #stop = noop;
  #connection: ChatConnection | undefined;

  constructor(parts: FilesHost) {
    this.#parts = parts;
    addStyles(parts.host, styles);
    parts.host.addController(this);
  }

  get #chosen(): readonly Chosen[] {
    return chosenWith(this.#connection);
  }

  set #chosen(files: readonly Chosen[]) {
    if (this.#connection) chosenFiles.set(this.#connection, files);
  }

  hostDisconnected(): void {
    this.#stop();
    this.#stop = noop;
    this.#connection = undefined;
  }

  /** Follows the uploads. */
  hostUpdate(): void {
    const { host, view } = this.#parts;
    const { connection } = view;
    if (!connection || connection === this.#connection) return;
    this.#stop();
    this.#connection = connection;
    this.#stop = connection.subscribe((data, previous) => {
      if (data.uploads === previous.uploads) return;
      // Discarded elsewhere, or those of a user who has signed out.
      this.#chosen = this.#chosen.filter(({ uploadId }) => uploadId === undefined || data.uploads.has(uploadId));
      host.requestUpdate();
    });
  }

  hostUpdated(): void {
    for (const canvas of this.#parts.host.renderRoot.querySelectorAll<HTMLCanvasElement>('.upload canvas')) {
      const chosen = this.#chosen.find(({ key }) => key === canvas.dataset.key);
      if (chosen) drawPreview(canvas, chosen.file);
    }
  }

  add(connection: ChatConnection, roomId: Id, files: readonly File[]): void {
    const { localize, host } = this.#parts;
    const most = filesPerMessage(connection.data);
    const added = files.map((file): Chosen => ({ key: `f${nextKey++}`, roomId, file }));
    chosenFiles.set(connection, [...chosenWith(connection), ...added]);
    host.requestUpdate();
    // One after the other: a file that cannot be sent takes no place.
    this.#adding = this.#adding.then(async () => {
      for (const chosen of added) {
        if (idsIn(connection, roomId).length >= most) chosen.error = localize.term('tooManyFiles', most);
        else await upload(connection, chosen);
        host.requestUpdate();
      }
    });
  }

  /** The files of the next message that can be sent. */
  idsOf(roomId: Id | null): string[] {
    return idsIn(this.#parts.view.connection, roomId);
  }

  #of(roomId: Id | null): readonly Chosen[] {
    return this.#chosen.filter((chosen) => sameId(chosen.roomId, roomId));
  }

  #uploadOf({ uploadId }: Chosen): Upload | undefined {
    return this.#parts.view.connection?.data.uploads.get(uploadId ?? '');
  }

  async send(roomId: Id, text: string): Promise<SendResult> {
    const { view, host } = this.#parts;
    const connection = view.connection!;
    const attachments = idsIn(connection, roomId);
    const isSent = ({ uploadId }: Chosen): boolean => attachments.includes(uploadId!);
    const sent = chosenWith(connection).filter(isSent);
    chosenFiles.set(
      connection,
      chosenWith(connection).filter((chosen) => !isSent(chosen)),
    );
    host.requestUpdate();
    try {
      return await connection.sendChatMessage(roomId, text, { attachments });
    } catch (thrown) {
      if (NEVER_ADDED.includes(toChatError(thrown).code)) {
        // Not those of a user who has signed out meanwhile.
        const kept = sent.filter(({ uploadId }) => connection.data.uploads.has(uploadId!));
        chosenFiles.set(connection, [...kept, ...chosenWith(connection)]);
      }
      host.requestUpdate();
      throw thrown;
    }
  }

  #remove(chosen: Chosen): void {
    const { view, host, focusField } = this.#parts;
    const rest = this.#of(chosen.roomId).filter((other) => other !== chosen);
    const at = Math.min(this.#of(chosen.roomId).indexOf(chosen), rest.length - 1);
    this.#chosen = this.#chosen.filter((other) => other !== chosen);
    if (this.#uploadOf(chosen)) void view.connection!.uploads.discard(chosen.uploadId!).catch(noop);
    host.requestUpdate();
    // The focused button is about to be removed.
    void host.updateComplete.then(() => {
      const buttons = host.renderRoot.querySelectorAll<HTMLElement>('.upload [part=upload-remove]');
      if (buttons[at]) buttons[at].focus();
      else focusField();
    });
  }

  render(roomId: Id | null): TemplateResult | typeof nothing {
    const all = this.#of(roomId);
    if (all.length === 0) return nothing;
    return html`<ul part="uploads" class="uploads" aria-label=${this.#parts.localize.term('filesToSend')}>
      ${repeat(
        all,
        ({ key }) => key,
        (chosen) => this.#renderFile(chosen),
      )}
    </ul>`;
  }

  #renderFile(chosen: Chosen): TemplateResult {
    const { localize, view } = this.#parts;
    const { key, file } = chosen;
    const upload = this.#uploadOf(chosen);
    const name = revealInvisible(file.name) || localize.term('attachment');
    const error = chosen.error ?? (upload?.state === 'pending' ? undefined : upload?.error?.message);
    const isDone = upload?.state === 'finished';
    const mayRetry = upload?.state === 'failed';
    const onRetry = (): void => void view.connection!.uploads.retry(upload!.uploadId).catch(noop);
    return html`<li part="upload" class="upload">
      ${file.type.startsWith('image/') ? html`<canvas width=${PREVIEW_PX} height=${PREVIEW_PX} data-key=${key}></canvas>` : nothing}
      <span class="upload-text"
        ><bdi>${name}</bdi> <small><bdi>${fileSize(file.size, localize.lang)}</bdi></small>
        ${
          error === undefined
            ? isDone
              ? nothing
              : html`<progress max="1" value=${upload?.progress ?? 0} aria-label=${localize.term('uploading', isolated(name))}></progress>`
            : html`<small class="upload-error" data-announce="upload-${idKey(chosen.roomId)}-${key}:${error}">${error}</small>`
        }</span
      >
      ${mayRetry ? html`<button part="upload-retry" type="button" @click=${onRetry}>${localize.term('retry')}</button>` : nothing}
      <button part="upload-remove" type="button" aria-label=${localize.term('removeFile', isolated(name))} @click=${() => this.#remove(chosen)}>${CROSS}</button>
    </li>`;
  }
}
