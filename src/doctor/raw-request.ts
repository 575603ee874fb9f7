/** One REST request as it really went: nothing is forgiven, nothing is thrown away. */
import { ChatError } from '../transport/index.js';

export interface Question {
  method?: string;
  /** Nobody's request where there is none. */
  token?: string | undefined;
  headers?: Record<string, string>;
  body?: object;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as data; undefined where it is none. */
  readonly json: unknown;
  /** Where a redirect leads; '' where a page is not told. */
  readonly redirect: string | undefined;
}

/** No answer at all, in words. */
export interface NoAnswer {
  readonly because: string;
  readonly mend: string;
}

export type Asked = Answer | NoAnswer;

export const isAnswer = (asked: Asked): asked is Answer => 'status' in asked;

export interface AskParts {
  fetch: typeof fetch;
  timeoutMs: number;
  signal: AbortSignal | undefined;
}

/** @throws {ChatError} `aborted`, where the whole examination was given up. */
export async function ask(url: URL, { method = 'GET', token, headers, body }: Question, { fetch, timeoutMs, signal }: AskParts): Promise<Asked> {
  const end = new AbortController();
  let isLate = false;
  const timer = setTimeout(() => ((isLate = true), end.abort()), timeoutMs);
  const giveUp = (): void => end.abort();
  signal?.addEventListener('abort', giveUp);
  try {
    const response = await fetch(url, {
      method,
      headers: {
        Accept: 'application/json',
        ...(token && { Authorization: `Bearer ${token}` }),
        ...(body && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      body: body ? JSON.stringify(body) : null,
      credentials: 'omit',
      cache: 'no-store',
      redirect: 'manual',
      signal: end.signal,
    });
    const text = await response.text();
    const isRedirect = response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400 && response.status !== 304);
    return { status: response.status, headers: response.headers, text, json: parse(text), redirect: isRedirect ? (response.headers.get('Location') ?? '') : undefined };
  } catch (thrown) {
    if (signal?.aborted) throw new ChatError('aborted', 'The examination was given up.');
    if (isLate) {
      return { because: `${url.host} did not answer ${method} ${url.pathname} within ${timeoutMs / 1_000} s.`, mend: 'See whether the server hangs: its log, its database, the number of its workers.' };
    }
    return explain(thrown, url);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}

export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What Node says of a failed connection, in words and with a remedy. A page is told nothing. */
function explain(thrown: unknown, url: URL): NoAnswer {
  const { code = '', message = '' } = ((thrown as { cause?: unknown }).cause ?? {}) as { code?: string; message?: string };
  if (/^ENOTFOUND|^EAI_AGAIN/.test(code)) return { because: `There is no host called ${url.hostname} (${code}).`, mend: 'See whether the host name in the url is spelt right, and known to the DNS.' };
  if (code === 'ECONNREFUSED') return { because: `Nothing listens at ${url.host} (${code}).`, mend: 'Start the server, or correct the port in the url.' };
  if (/CERT|SIGNED|TLS|SSL|ALTNAME/.test(code)) return { because: `The certificate of ${url.host} is not accepted (${code}: ${message}).`, mend: 'Install a certificate that browsers accept for this host name, with its intermediate certificates.' };
  return {
    because: `${url.host} cannot be reached${code || message ? ` (${[code, message].filter(Boolean).join(': ')})` : ''}.`,
    mend: 'See whether the server runs, whether a firewall is in between, and whether http:// and https:// are the right way round in the url.',
  };
}
