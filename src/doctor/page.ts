/** Pages that come where data should: whose they are, as far as one can see. */
import type { Answer } from './raw-request.js';

/** What an answer is that is no data, and what to do about it. */
export function describePage({ text, headers }: Pick<Answer, 'text' | 'headers'>): { is: string; mend: string } {
  const title = /<title[^>]*>([^<]{1,80})/i.exec(text)?.[1]?.trim();
  const named = title ? ` titled '${title}'` : '';
  if (!/<(!doctype html|html|head|body|h1|form)\b/i.test(text)) {
    const type = headers.get('Content-Type') ?? 'no Content-Type';
    return { is: text === '' ? 'an empty body' : `something that is no JSON (${type})`, mend: 'Answer with JSON and Content-Type: application/json.' };
  }
  if (/type=["']?password/i.test(text) || /\b(log|sign)[ -]?in\b/i.test(title ?? '')) {
    return { is: `a sign-in page${named}`, mend: 'Something in front of the API asks for a sign-in of its own. Let the API path through it; the API itself answers 401 with {"detail", "code"}.' };
  }
  if (/<div id=["']?(root|app|__next)\b/i.test(text)) {
    return { is: `the page of a web app${named}`, mend: 'The web server sends the API path to the frontend. Route it to the backend, before the rule that answers everything with index.html.' };
  }
  if (/wi-?fi|hotspot|captive|accept the terms/i.test(text)) {
    return { is: `the page of a network that wants to be accepted first${named}`, mend: 'This is the network that the doctor runs in, not the backend: sign in to it, or run the doctor elsewhere.' };
  }
  return { is: `a page of HTML${named}`, mend: 'Something in between answers in place of the API, or the API answers errors as pages. Answer with JSON.' };
}
