import { expect } from '@open-wc/testing';
import { decodeChatFrame, type ChatFrame, type ClientFrame } from '../../src/protocol/index.js';
import {
  ChatError,
  createAuthenticatedWebSocket,
  type SocketEnd,
  type SocketOptions,
} from '../../src/transport/index.js';
import { FakeSocket } from '../support/fake-backend.js';

interface Opened {
  socket: FakeSocket;
  frames: ChatFrame[];
  problems: string[];
  ends: SocketEnd[];
  line: ReturnType<typeof createAuthenticatedWebSocket<ChatFrame, ClientFrame>>;
}

function open(token = 'secret', more: Partial<SocketOptions<ChatFrame>> = {}): Opened {
  const opened = { frames: [], problems: [], ends: [] } as unknown as Opened;
  opened.line = createAuthenticatedWebSocket<ChatFrame, ClientFrame>({
    address: 'wss://chat.example/ws/chat/',
    token,
    decode: decodeChatFrame,
    onFrame: (frame) => opened.frames.push(frame),
    onProblem: (problem) => opened.problems.push(problem.code),
    onEnd: (end) => opened.ends.push(end),
    WebSocket: class {
      constructor(url: string) {
        return (opened.socket = new FakeSocket(url, () => {})) as never;
      }
    } as unknown as typeof WebSocket,
    ...more,
  });
  return opened;
}

describe('createAuthenticatedWebSocket', () => {
  it('throws a readable error without a token', () => {
    let constructed = 0;
    const WebSocket = class {
      constructor() {
        constructed++;
      }
    } as unknown as typeof globalThis.WebSocket;
    for (const token of ['', '   ', '\n']) {
      expect(() => open(token, { WebSocket })).to.throw(ChatError, 'without a token');
    }
    expect(constructed).to.equal(0);
  });

  it('sends the token percent-encoded, and nowhere else', () => {
    const { socket } = open('a+b/c=&d ü');
    expect(socket.url).to.equal('wss://chat.example/ws/chat/?token=a%2Bb%2Fc%3D%26d%20%C3%BC');
  });

  it('keeps the token out of the error when the browser rejects the address', () => {
    const refuses = class {
      constructor(url: string) {
        throw new SyntaxError(`Failed to construct: '${url}'`);
      }
    } as unknown as typeof WebSocket;
    expect(() => open('sesame', { WebSocket: refuses }))
      .to.throw(ChatError)
      .and.satisfy((error: ChatError) => !error.message.includes('sesame'));
  });

  it('delivers validated frames and reports the others', () => {
    const { socket, frames, problems } = open();
    socket.accept();
    socket.receive({ type: 'pong' });
    socket.receive('{not json');
    socket.receive({ type: 'new_message', room_id: 1, message: { id: null } });
    socket.receive({ type: 'from_the_future' });
    expect(frames.map(({ type }) => type)).to.deep.equal(['pong']);
    expect(problems).to.deep.equal(['invalid_json', 'invalid_frame', 'unknown_frame']);
  });

  it('closes once, with the reason', () => {
    const refused = open();
    refused.socket.drop(1006);
    expect(refused.ends).to.deep.equal([{ code: 1006, reason: '' }]);
    const lost = open();
    lost.socket.accept();
    lost.socket.drop(1012, 'restart');
    lost.line.end(1000, '');
    expect(lost.ends).to.deep.equal([{ code: 1012, reason: 'restart' }]);
  });

  it('10.7: closes at once if cancelled while connecting, because browsers open one socket per host at a time, and delivers nothing more', () => {
    const { line, socket, ends, frames } = open();
    line.end(1000, '');
    expect(socket.readyState).to.equal(3);
    expect(ends).to.deep.equal([{ code: 1000, reason: '' }]);
    socket.receive({ type: 'pong' });
    expect(frames).to.have.length(0);
    expect(line.send({ type: 'ping' })).to.equal(false);
  });
});
