import type { CheckContext } from './check-context.js';
import { isResponse } from './raw-request.js';

/** The token, or in auth mode `ticket` a ticket for it. */
export async function getCredential(
  context: CheckContext,
  token = context.options.token,
): Promise<{ value: string } | { reason: string }> {
  if (context.options.auth !== 'ticket') return { value: token };
  const result = await context.request('ws_ticket/', { method: 'POST', token });
  if (!isResponse(result)) return { reason: result.reason };
  const { ticket } = (result.json ?? {}) as { ticket?: unknown };
  if (typeof ticket === 'string' && ticket) {
    context.options.redactor.add(ticket);
    return { value: ticket };
  }
  return { reason: `POST ${context.routePath('ws_ticket/')} returned ${result.status} without {"ticket"}` };
}

/** As {@link getCredential}; the token itself if there is no ticket. */
export async function credentialOrToken(context: CheckContext): Promise<string> {
  const credential = await getCredential(context);
  return 'value' in credential ? credential.value : context.options.token;
}
