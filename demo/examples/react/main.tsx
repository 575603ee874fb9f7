import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import 'unified-chat';
import type {} from 'unified-chat/react';

/** Called for the first token, and before each token expires. Replace it with the token request of your site. */
async function tokenProvider(): Promise<string> {
  const answer = await fetch('/demo/token/ana');
  return ((await answer.json()) as { token: string }).token;
}

function App() {
  const [state, setState] = useState('idle');
  const [unread, setUnread] = useState(0);
  const [isQuiet, setQuiet] = useState(false);
  return (
    <>
      <h1>React</h1>
      <p className="bar">
        <span>
          State: <output id="state">{state}</output>
        </span>
        <span>
          Unread: <output id="unread">{unread}</output>
        </span>
        <label>
          <input type="checkbox" id="quiet" checked={isQuiet} onChange={(event) => setQuiet(event.target.checked)} />{' '}
          Block sending
        </label>
      </p>
      <chat-connection
        tokenProvider={tokenProvider}
        onchat-state-change={(event) => setState(event.state)}
        onchat-unread-change={(event) => setUnread(event.total)}
      >
        <div className="chat">
          <chat-status always />
          <chat-rooms selected={1} />
          <chat-thread
            onchat-before-send={(event) => {
              if (isQuiet) event.preventDefault();
            }}
          />
        </div>
      </chat-connection>
    </>
  );
}

createRoot(document.getElementById('app')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
