/** The server's part: the list of rooms is in the page before any script (`npm start`, then `/ssr`). */
import { html, renderToString, snapshot } from '../../../src/ssr.js'; // in an app: 'unified-chat/ssr'

export interface Visit {
  /** The page as Vite has built it, with `<!--chat-->` where the chat is to stand. */
  shell: string;
  /** Origin of the chat's backend, as this server reaches it. */
  backend: string;
  /** Who visits: the token that the page will use too, and whose it is. */
  token: string;
  me: number;
  /** Where the page gets its tokens. */
  tokenUrl: string;
  /** For the page's Content-Security-Policy. */
  nonce?: string;
  /** The visitor's zone, where it is known. */
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
