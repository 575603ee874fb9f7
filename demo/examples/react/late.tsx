/** The elements are loaded after the first drawing. React drops a function that it is to set on an element it does not know yet: three ways that work. */
import { StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import type { ChatConnectionElement } from 'unified-chat';
import type {} from 'unified-chat/react';

async function fetchToken(): Promise<string> {
  const answer = await fetch('/demo/token/ana');
  return ((await answer.json()) as { token: string }).token;
}

/** Outside the component: another function at each drawing would be set at each drawing. */
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
        {/* Not `room={room}`: React does not pass on `undefined` at first, and the thread would show what is selected in the list. */}
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
