/** Sends a REST request and returns the raw response, without the fallbacks that the widget applies. */
import { ChatError } from '../transport/index.js';

export interface RequestOptions {
  method?: string;
  /** Bearer token; undefined for an anonymous request. */
  token?: string | undefined;
  headers?: Record<string, string>;
  /** JSON, a form, or the bytes of a file. */
  body?: object | FormData | Blob;
}

export interface RestResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined if it is not JSON. */
  readonly json: unknown;
  /** The target of a redirect, '' in a browser, which hides it; undefined if this is no redirect. */
  readonly location: string | undefined;
}

/** No response arrived. */
export interface RequestFailure {
  readonly reason: string;
  readonly fix: string;
}

export type RequestResult = RestResponse | RequestFailure;

export const isResponse = (result: RequestResult): result is RestResponse => 'status' in result;

export interface RequestEnvironment {
  fetch: typeof fetch;
  timeoutMs: number;
  signal: AbortSignal | undefined;
}

/** @throws {ChatError} `aborted` if the diagnosis was aborted. */
export async function sendRequest(
  url: URL,
  { method = 'GET', token, headers, body }: RequestOptions,
  { fetch, timeoutMs, signal }: RequestEnvironment,
): Promise<RequestResult> {
  const isJson = body !== undefined && !(body instanceof FormData) && !(body instanceof Blob);
  const controller = new AbortController();
  let isTimeout = false;
  const timer = setTimeout(() => ((isTimeout = true), controller.abort()), timeoutMs);
  const abort = (): void => controller.abort();
  signal?.addEventListener('abort', abort);
  try {
    const response = await fetch(url, {
      method,
      headers: {
        Accept: 'application/json',
        ...(token && { Authorization: `Bearer ${token}` }),
        ...(isJson && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      body: isJson ? JSON.stringify(body) : ((body as BodyInit | undefined) ?? null),
      credentials: 'omit',
      cache: 'no-store',
      redirect: 'manual',
      signal: controller.signal,
    });
    const { status } = response;
    const text = await response.text();
    const isRedirect = response.type === 'opaqueredirect' || (status >= 300 && status < 400 && status !== 304);
    const location = isRedirect ? (response.headers.get('Location') ?? '') : undefined;
    return { status, headers: response.headers, text, json: parseJson(text), location };
  } catch (thrown) {
    if (signal?.aborted) throw new ChatError('aborted', 'The diagnosis was aborted.');
    if (isTimeout) {
      return {
        reason: `${url.host} did not answer ${method} ${url.pathname} within ${timeoutMs / 1_000} s.`,
        fix: 'Find out why the server hangs: check its log, its database and its number of workers.',
      };
    }
    return describeNetworkError(thrown, url);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/** Undefined if the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Explains Node's error codes. A browser gives no cause. */
function describeNetworkError(thrown: unknown, url: URL): RequestFailure {
  const { code = '', message = '' } = ((thrown as { cause?: unknown }).cause ?? {}) as {
    code?: string;
    message?: string;
  };
  if (/^ENOTFOUND|^EAI_AGAIN/.test(code)) {
    return {
      reason: `The host name ${url.hostname} cannot be resolved (${code}).`,
      fix: 'Check the spelling of the host name in the URL, and its DNS record.',
    };
  }
  if (code === 'ECONNREFUSED') {
    return {
      reason: `No server is listening at ${url.host} (${code}).`,
      fix: 'Start the server, or correct the port in the URL.',
    };
  }
  if (/CERT|SIGNED|TLS|SSL|ALTNAME/.test(code)) {
    return {
      reason: `The TLS certificate of ${url.host} is not trusted (${code}: ${message}).`,
      fix: 'Install a certificate that browsers trust for this host name, including the intermediate certificates.',
    };
  }
  const details = [code, message].filter(Boolean).join(': ');
  return {
    reason: `${url.host} is unreachable${details && ` (${details})`}.`,
    fix: 'Check that the server is running, that no firewall blocks it, and the scheme of the URL (http or https).',
  };
}
