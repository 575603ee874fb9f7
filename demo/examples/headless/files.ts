/** Files: those of the next message, which are uploaded at once, and links to those of a stored message. */
import { attachmentUrl, type ChatMessage, type Id } from 'unified-chat/headless';
import { connection, createButton, createItem, get, run } from './page.js';

const input = document.querySelector<HTMLInputElement>('#composer [name=files]')!;
/** The ids of the uploads for the next message. */
let chosen: string[] = [];

/** @param roomId the open room. */
export function listenForFiles(roomId: () => Id | undefined): void {
  input.addEventListener('change', () => {
    const id = roomId();
    const files = [...(input.files ?? [])];
    // The same file can be chosen again.
    input.value = '';
    if (id !== undefined) void run(Promise.all(files.map((file) => add(id, file))));
  });
  get('#composer [name=pause]').addEventListener('change', ({ target }) => {
    const { uploads } = connection;
    void run((target as HTMLInputElement).checked ? uploads.pause() : uploads.resume());
  });
  get('#uploads').addEventListener('click', ({ target }) => {
    const { upload } = (target as HTMLElement).dataset;
    if (upload) void run(remove(upload));
  });
}

async function add(roomId: Id, file: File): Promise<void> {
  const { uploadId } = await connection.uploads.add(roomId, file);
  chosen.push(uploadId);
  showUploads();
}

async function remove(uploadId: string): Promise<void> {
  chosen = chosen.filter((id) => id !== uploadId);
  showUploads();
  await connection.uploads.discard(uploadId);
}

/** The files for the message that is sent now: the next one begins without any. */
export function takeFiles(): string[] {
  const taken = chosen;
  chosen = [];
  showUploads();
  return taken;
}

/** The message was not sent: its files are for the next one. */
export function returnFiles(uploadIds: readonly string[]): void {
  chosen = [...uploadIds, ...chosen];
  showUploads();
}

/** Discards the files that were chosen for a room: another one is opened. */
export function discardFiles(): void {
  for (const uploadId of takeFiles()) void run(connection.uploads.discard(uploadId));
}

let shown = '';
export function showUploads(): void {
  const texts = chosen.map((uploadId) => {
    const upload = connection.data.uploads.get(uploadId);
    const percent = Math.round((upload?.progress ?? 0) * 100);
    return upload ? `${upload.name}: ${upload.error?.message ?? `${upload.state}, ${percent} %`}` : '';
  });
  // Replacing the items at every change of the state would take the focus away from their buttons.
  if (shown === texts.join('\n')) return;
  shown = texts.join('\n');
  get('#uploads').replaceChildren(
    ...chosen.map((uploadId, at) => {
      const button = createButton('remove', 'Remove');
      button.dataset.upload = uploadId;
      return createItem(texts[at]!, button);
    }),
  );
}

/** Shows links to the files of a message. */
export function showFiles(list: HTMLElement, { attachments = [] }: ChatMessage): void {
  list.hidden = attachments.length === 0;
  list.replaceChildren(
    ...attachments.map(({ name, url, state }) => {
      const href = attachmentUrl(connection.url, url);
      // Not sent yet, or being scanned.
      if (!href) return createItem(state ? `${name} (${state})` : name);
      const link = document.createElement('a');
      Object.assign(link, { href, download: name, textContent: name });
      const item = document.createElement('li');
      item.append(link);
      return item;
    }),
  );
}
