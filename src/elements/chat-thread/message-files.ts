/** The files of a message. */
import { html, nothing, svg, type TemplateResult } from 'lit';
import type { ChatMessage } from '../../client/index.js';
import type { Attachment } from '../../protocol/index.js';
import { icon } from '../../theme/index.js';
import { attachmentUrl } from '../../transport/index.js';
import { hidePicture, mayLoad } from '../avatar.js';
import { revealInvisible } from '../untrusted.js';
import { fileSize } from './file-size.js';
import type { RowContext } from './row-context.js';

const FILE = icon(svg`<path d="M6 3h8l4 4v14H6ZM14 3v4h4" />`);

/** More files of one message are counted. */
const MAX_FILES = 20;

/** A file, as it is shown. */
interface ShownFile {
  /** Absolute; null while it cannot be loaded. */
  url: string | null;
  name: string;
  isImage: boolean;
  size?: number | undefined;
  /** Pixels. */
  width?: number | undefined;
  height?: number | undefined;
  state?: string | undefined;
}

export function messageFiles(message: ChatMessage, context: RowContext): unknown {
  const { attachments = [] } = message;
  if (attachments.length === 0) return onlyFile(message, context);
  return [
    attachments.slice(0, MAX_FILES).map((attachment) => renderFile(fileOf(attachment, context), context)),
    attachments.length > MAX_FILES ? `+${attachments.length - MAX_FILES}` : nothing,
  ];
}

const fileOf = (attachment: Attachment, { base }: RowContext): ShownFile => ({
  ...attachment,
  url: attachmentUrl(base, attachment.url),
  isImage: attachment.media_type.startsWith('image/'),
});

/** A backend without `uploads` names only the address of a file. */
function onlyFile({ attachment, message_type }: ChatMessage, context: RowContext): TemplateResult | typeof nothing {
  const url = attachmentUrl(context.base, attachment);
  return url ? renderFile({ url, name: fileName(url), isImage: message_type === 'image' }, context) : nothing;
}

function renderFile(file: ShownFile, context: RowContext): TemplateResult {
  const { base, mediaHosts, localize } = context;
  const { url, isImage, size, width, height, state } = file;
  const name = revealInvisible(file.name) || localize.term('attachment');
  const note =
    state === 'checking'
      ? localize.term('fileChecking')
      : state === 'blocked'
        ? localize.term('fileBlocked')
        : size && fileSize(size, localize.lang);
  const label = html`<span class="file">${FILE}<span><bdi>${name}</bdi>${note ? html` <small><bdi>${note}</bdi></small>` : nothing}</span></span>`;
  if (url === null) return html`<span part="attachment" class="attachment">${label}</span>`;
  return html`<a part="attachment" class="attachment" href=${url} target="_blank" rel="noopener noreferrer" aria-label="${localize.term('openFile')}: ${name}">
    ${
      isImage && mayLoad(url, base, mediaHosts)
        ? html`<img src=${url} alt="" width=${width ?? nothing} height=${height ?? nothing} loading="lazy" referrerpolicy="no-referrer" @error=${hidePicture} />`
        : nothing
    }${label}
  </a>`;
}

/** The last segment of the path, decoded. */
function fileName(url: string): string {
  const last = new URL(url).pathname.split('/').filter(Boolean).at(-1) ?? '';
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
