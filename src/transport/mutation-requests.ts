/** Requests about a message: `edit`, `delete`, `reactions`, `mark_unread`, `uploads`. Loaded on demand: see session/deferred.ts. */
import { check, Message, type Id } from '../protocol/index.js';
import type { RestClient } from './rest.js';
import type { DeferredRequests } from './transport.js';

const pathOf = (messageId: Id): string => `messages/${encodeURIComponent(messageId)}/`;

export const mutationRequests = (
  rest: RestClient,
): Required<Pick<DeferredRequests, 'editMessage' | 'deleteMessage' | 'react' | 'markUnread' | 'fetchMessage'>> => ({
  async editMessage({ messageId }, content, seen, signal) {
    const body = { content, edited_at: seen };
    const answer = await rest.request(pathOf(messageId), { method: 'PATCH', body, signal });
    return rest.unwrap(check(Message, answer, 'PATCH messages/{id}/'));
  },
  async fetchMessage({ messageId }, signal) {
    return rest.unwrap(check(Message, await rest.request(pathOf(messageId), { signal }), 'GET messages/{id}/'));
  },
  async deleteMessage({ messageId }) {
    await rest.request(pathOf(messageId), { method: 'DELETE', keepalive: true });
  },
  async markUnread({ messageId }, signal) {
    await rest.request(`${pathOf(messageId)}mark_unread/`, { method: 'POST', body: {}, signal });
  },
  async react({ messageId }, emoji, on, signal) {
    const answer = await rest.request(`${pathOf(messageId)}reactions/`, {
      method: 'POST',
      body: { emoji, on },
      signal,
    });
    return rest.unwrap(check(Message, answer, 'POST messages/{id}/reactions/'));
  },
});
