/** Identifies the source of a body that should have been JSON: a login page, a web app, a captive portal. */
import type { RestResponse } from './raw-request.js';

interface NonJsonBody {
  /** As the end of a sentence: 'a sign-in page titled …'. */
  description: string;
  fix: string;
}

export function describeNonJson({ text, headers }: Pick<RestResponse, 'text' | 'headers'>): NonJsonBody {
  const title = /<title[^>]*>([^<]{1,80})/i.exec(text)?.[1]?.trim();
  const titled = title ? ` titled '${title}'` : '';
  if (!/<(!doctype html|html|head|body|h1|form)\b/i.test(text)) {
    const type = headers.get('Content-Type') ?? 'no Content-Type';
    return {
      description: text === '' ? 'an empty body' : `a body that is not JSON (${type})`,
      fix: 'Return JSON with Content-Type: application/json.',
    };
  }
  if (/type=["']?password/i.test(text) || /\b(log|sign)[ -]?in\b/i.test(title ?? '')) {
    return {
      description: `a sign-in page${titled}`,
      fix:
        'A gateway or login middleware in front of the API intercepts the request. Exempt the API path from it; ' +
        'the API itself must return 401 with {"detail", "code"}.',
    };
  }
  if (/<div id=["']?(root|app|__next)\b/i.test(text)) {
    return {
      description: `the page of a web app${titled}`,
      fix:
        'The web server routes the API path to the frontend. Route it to the backend, before the fallback rule that ' +
        'serves index.html.',
    };
  }
  if (/wi-?fi|hotspot|captive|accept the terms/i.test(text)) {
    return {
      description: `the page of a captive portal${titled}`,
      fix:
        'The page comes from the network that the doctor runs in, not from the backend. Sign in to that network, or ' +
        'run the doctor elsewhere.',
    };
  }
  return {
    description: `an HTML page${titled}`,
    fix: 'A proxy answers in place of the API, or the API returns errors as HTML. Return JSON.',
  };
}
