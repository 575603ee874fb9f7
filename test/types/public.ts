/** Code that must compile, and code that must not: `tsc` is the test. */
import { ChatConnection, type ChatMessage } from '../../src/headless.js';
import { createAuthenticatedWebSocket } from '../../src/transport/index.js';
import { assertNever } from '../../src/internal/assert-never.js';
import type { ConnectionState } from '../../src/model/index.js';
import { reduce } from '../../src/store/reduce.js';
import { INITIAL } from '../../src/store/state.js';
import type {} from '../../src/elements/chat-rooms/chat-rooms.js';

const chat = new ChatConnection({ url: 'https://a.example', token: 'x' });

// @ts-expect-error unknown method
void chat.getRooms();
// @ts-expect-error a socket needs a token
createAuthenticatedWebSocket({
  address: 'wss://a.example',
  decode: () => ({ problems: [] }),
  onFrame() {},
  onEnd() {},
});
// @ts-expect-error the state is read-only
chat.state = 'connected';
// @ts-expect-error rooms are read-only
chat.rooms.push();
// @ts-expect-error unknown event
chat.on('chat-mesage', () => {});
// @ts-expect-error a draft needs its room
reduce(INITIAL, { type: 'send', draft: { localId: 'a', content: 'b', at: 0 } });

chat.on('chat-send', ({ method, message }) => {
  const way: 'websocket' | 'rest' = method;
  const shown: ChatMessage = message;
  void [way, shown];
});

document.querySelector('chat-rooms')?.addEventListener('chat-room-select', (event) => {
  event.preventDefault();
  const name: string = event.room.name;
  void name;
});

/** Exhaustive: a new phase would not compile here. */
export function describePhase(phase: ConnectionState): string {
  switch (phase.is) {
    case 'idle':
    case 'connecting':
    case 'connected':
    case 'offline':
    case 'reconnecting':
    case 'polling':
    case 'unauthorized':
    case 'error':
      return phase.is;
    default:
      return assertNever(phase);
  }
}
