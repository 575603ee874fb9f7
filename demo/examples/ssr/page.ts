/**
 * The server side (`npm start`, `/ssr`): renders the room list into the page, so that it is visible without scripts.
 */
import { html, renderToString, snapshot } from '../../../src/ssr.js'; // in an app: 'unified-chat/ssr'

export interface Visit {
  /** The page built by Vite; `<!--chat-->` marks the position of the chat. */
  shell: string;
  /** Origin under which this server reaches the chat backend. */
  backend: string;
  /** Token of the visitor. */
  token: string;
  /** User id of the visitor. */
  me: number;
  /** Token endpoint for the page. */
  tokenUrl: string;
  /** Nonce of the page's Content-Security-Policy. */
  nonce?: string;
  /** Time zone of the visitor, if known. */
  timeZone?: string;
}

export async function renderPage({ shell, backend, token, me, tokenUrl, nonce, timeZone }: Visit): Promise<string> {
  const answer = await fetch(new URL('/api/chat/rooms/', backend), { headers: { Authorization: `Bearer ${token}` } });
  const rooms = snapshot({ me, rooms: await answer.json(), ...(timeZone && { timeZone }) });
  const chat = renderToString(
    html`<chat-connection token-url=${tokenUrl}>
      <div class="chat">
        <chat-status></chat-status>
        <chat-rooms selected="1" snapshot=${rooms}></chat-rooms>
        <chat-thread></chat-thread>
      </div>
    </chat-connection>`,
    { lang: 'en', ...(nonce && { nonce }) },
  );
  return shell.replace('<!--chat-->', () => chat);
}
