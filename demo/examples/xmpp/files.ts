/** Files: uploaded by XEP-0363 (HTTP File Upload), and sent as their URL (XEP-0066, Out of Band Data). */
import { type client, xml } from '@xmpp/client';
import { AdapterRefusal, type AdapterAttachment, type AdapterUpload } from 'unified-chat/adapter';

type Client = ReturnType<typeof client>;
type Stanza = ReturnType<typeof xml>;

const NS = {
  info: 'http://jabber.org/protocol/disco#info',
  items: 'http://jabber.org/protocol/disco#items',
  upload: 'urn:xmpp:http:upload:0',
  oob: 'jabber:x:oob',
};

/** Headers that a client may pass on to the storage (XEP-0363, section 4). */
const HEADERS: readonly string[] = ['authorization', 'cookie', 'expires'];

const ask = async (xmpp: Client, to: string, xmlns: string): Promise<Stanza | undefined> =>
  (await xmpp.iqCaller.request(xml('iq', { type: 'get', to }, xml('query', { xmlns })))).getChild('query', xmlns);

const takesFiles = async (xmpp: Client, jid: string): Promise<boolean> =>
  (await ask(xmpp, jid, NS.info).catch(() => undefined))
    ?.getChildren('feature')
    .some(({ attrs }) => attrs.var === NS.upload) ?? false;

/** The address of the upload service: the server itself, or one of the services that it lists. */
async function findService(xmpp: Client, domain: string): Promise<string> {
  const items = (await ask(xmpp, domain, NS.items))?.getChildren('item') ?? [];
  for (const jid of [domain, ...items.map(({ attrs }) => String(attrs.jid))])
    if (await takesFiles(xmpp, jid)) return jid;
  throw new AdapterRefusal('The server accepts no files.');
}

/** Requests an address for a file. */
async function requestSlot(
  xmpp: Client,
  service: string,
  file: Blob,
  { name, mediaType }: AdapterUpload,
): Promise<{ put: Stanza; url: string }> {
  const type = mediaType || 'application/octet-stream';
  const attributes = { xmlns: NS.upload, filename: name, size: String(file.size), 'content-type': type };
  const answer = await xmpp.iqCaller
    .request(xml('iq', { type: 'get', to: service }, xml('request', attributes)))
    .catch((thrown: unknown) => {
      const { type: kind, text } = thrown as { type?: string; text?: string };
      // `modify`: too large, or of a type that is not accepted. `auth`: the user may send no files.
      if (kind === 'modify' || kind === 'auth') throw new AdapterRefusal(text ?? 'The server rejects this file.');
      throw thrown;
    });
  const slot = answer.getChild('slot', NS.upload);
  const [put, url] = [slot?.getChild('put'), slot?.getChild('get')?.attrs.url as string | undefined];
  if (!put || !url) throw new Error('The server has named no address for the file.');
  return { put, url };
}

/** @returns the URL of the file. */
export async function uploadFile(xmpp: Client, domain: string, file: Blob, options: AdapterUpload): Promise<string> {
  const service = await findService(xmpp, domain);
  const { put, url } = await requestSlot(xmpp, service, file, options);
  const named = put
    .getChildren('header')
    .filter(({ attrs }) => HEADERS.includes(String(attrs.name).toLowerCase()))
    .map((header): [string, string] => [String(header.attrs.name), header.text().replace(/[\r\n]/g, '')]);
  const { signal, mediaType, onProgress } = options;
  const headers = { ...Object.fromEntries(named), 'Content-Type': mediaType || 'application/octet-stream' };
  // `fetch` does not report how much it has sent.
  const response = await fetch(String(put.attrs.url), { method: 'PUT', headers, body: file, signal });
  if (response.status === 413 || response.status === 415) throw new AdapterRefusal('The server rejects this file.');
  if (!response.ok) throw new Error(`The upload has failed (HTTP ${response.status}).`);
  onProgress(1);
  return url;
}

/** The text of a message with files: other clients show their URLs, which is all that they know of a file. */
export const textWith = (content: string, urls: readonly string[]): string =>
  [content, ...urls].filter(Boolean).join('\n');

export const elementsFor = (urls: readonly string[]): Stanza[] =>
  urls.map((url) => xml('x', { xmlns: NS.oob }, xml('url', {}, url)));

/** The files of a message, and its text without their URLs. */
export function readFiles(stanza: Stanza, body: string): { content: string; attachments?: AdapterAttachment[] } {
  const urls = stanza.getChildren('x', NS.oob).flatMap((element) => element.getChildText('url') ?? []);
  if (urls.length === 0) return { content: body };
  const end = urls.join('\n');
  const content = body.endsWith(end) ? body.slice(0, -end.length).trimEnd() : body;
  return { content, attachments: urls.map((url) => ({ url, name: nameOf(url) })) };
}

function nameOf(url: string): string {
  const last =
    url
      .replace(/[?#].*/, '')
      .split('/')
      .at(-1) ?? '';
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
