/**
 * The elements are loaded after the first render. React discards function props of elements that are not defined yet.
 * Three ways that work: an attribute, an event, and a ref that sets the property.
 */
import { StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import type { ChatConnectionElement } from 'unified-chat';
import type {} from 'unified-chat/react';

async function fetchToken(): Promise<string> {
  const answer = await fetch('/demo/token/ana');
  return ((await answer.json()) as { token: string }).token;
}

/** Defined outside the component: React calls a new ref function after every render. */
function setProvider(chat: ChatConnectionElement | null): void {
  if (chat) chat.tokenProvider = fetchToken;
}

function App() {
  const [room, setRoom] = useState<number>();
  useEffect(() => void import('unified-chat'), []);
  return (
    <>
      <h1>React, loaded late</h1>
      <button id="open" onClick={() => setRoom(1)}>
        Open the conversation
      </button>
      <chat-connection id="attribute" token-url="/demo/token/ana">
        <chat-rooms selected={2} />
        {/* Not `room={room}`: React omits `undefined` on the first render, so the thread would show the selected room. */}
        <chat-thread room={room ?? ''} />
      </chat-connection>
      <chat-connection id="event" onchat-token-expired={(event) => event.respondWith(fetchToken())} />
      <chat-connection id="property" ref={setProvider} />
    </>
  );
}

createRoot(document.getElementById('app')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
