/** The signed-in user of the page (`user`), and how the page is asked for tokens. */
import { expect } from '@open-wc/testing';
import type { ChatConnection } from '../../src/client/index.js';
import { connected, scene, type Scene } from '../support/connected.js';
import { tokenOf } from '../support/fake-backend.js';
import { partsLoaded } from '../support/lazy-parts.js';

/** Two users, identified by their tokens. */
const twoPeople = (made: Scene): void => void (made.backend.userOf = (token) => (token === tokenOf(2) ? 2 : 1));

/** Connects, and waits for the chunks loaded on demand. */
async function start({ chat, clock }: Scene): Promise<void> {
  chat.connect();
  await partsLoaded();
  await clock.advance(0);
}

/** A page with a permanent token provider, which returns the token of the user in the page's cookie. */
function site(config: Parameters<typeof scene>[0] = {}): Scene & { cookie: { token: string }; asked: () => number } {
  const cookie = { token: '' };
  let asked = 0;
  const made = scene({
    token: undefined,
    tokenProvider: async () => {
      asked++;
      return cookie.token;
    },
    ...config,
  });
  twoPeople(made);
  return { ...made, cookie, asked: () => asked };
}

describe('`user`: the signed-in user of the page', () => {
  it('10.38: a new value requests a token from a permanent provider, and connects', async () => {
    const made = site({ user: '' });
    await start(made);
    expect([made.chat.state, made.asked()]).to.deep.equal(['idle', 0]);
    made.cookie.token = tokenOf(1);
    made.chat.configure({ user: 'ana' });
    await made.clock.advance(0);
    expect([made.chat.state, made.asked(), made.chat.user?.id]).to.deep.equal(['connected', 1, 1]);
  });

  it('10.38: the same with token-url, which answered 401 at first', async () => {
    const made = scene({ token: undefined, tokenUrl: 'https://chat.example/api/chat/token/' });
    let answer = 401;
    made.backend.onRequest = (_method, path) =>
      path === 'token/' ? new Response(answer === 200 ? tokenOf(1) : '', { status: answer }) : undefined;
    await start(made);
    expect([made.chat.state, made.chat.reason.code]).to.deep.equal(['unauthorized', 'token_missing']);
    answer = 200;
    made.chat.configure({ user: 'ana' });
    await made.clock.advance(0);
    expect(made.chat.state).to.equal('connected');
    made.chat.disconnect();
  });

  for (const none of ['', null, undefined]) {
    it(`10.38: ${none === '' ? 'an empty value' : none} after a value signs out at once, with the provider still set`, async () => {
      const made = site({ user: 'ana' });
      const { chat, backend, clock } = made;
      made.cookie.token = tokenOf(1);
      backend.store(1, 2, 'for Ana alone');
      chat.openRoom(1);
      await start(made);
      expect(chat.messages(1)).to.have.length(1);
      const asked = made.asked();
      const requests = backend.requests.length;
      chat.configure({ user: none });
      expect([chat.state, chat.messages(1).length, chat.rooms.length, chat.user]).to.deep.equal(['idle', 0, 0, null]);
      expect(backend.open, 'sockets').to.have.length(0);
      const refused = await chat.sendChatMessage(1, 'by the next user').catch((error: { code: string }) => error.code);
      expect(refused).to.equal('unauthorized');
      chat.retryNow();
      for (const name of ['focus', 'online']) window.dispatchEvent(new Event(name));
      await clock.advance(600_000);
      expect([made.asked(), backend.requests.length, backend.open.length, chat.state]).to.deep.equal([
        asked,
        requests,
        0,
        'idle',
      ]);
      chat.configure({ user: 'ana' });
      await clock.advance(0);
      expect([
        chat.state,
        chat
          .messages(1)
          .map(({ content }) => content)
          .join(),
      ]).to.deep.equal(['connected', 'for Ana alone']);
      chat.disconnect();
    });
  }

  it('10.38: another user neither sees nor sends data of the first', async () => {
    const made = site({ user: 'ana' });
    const { chat, backend, clock } = made;
    made.cookie.token = tokenOf(1);
    await start(made);
    backend.stores = false;
    void chat.sendChatMessage(1, 'of Ana').catch(() => {});
    await clock.advance(0);
    backend.stores = true;
    made.cookie.token = tokenOf(2);
    chat.configure({ user: 'ben' });
    expect([chat.messages(1).length, chat.user]).to.deep.equal([0, null]);
    await clock.advance(60_000);
    expect([chat.state, chat.user?.id, backend.messages.length]).to.deep.equal(['connected', 2, 0]);
    chat.disconnect();
  });

  it('10.38: a token requested for the previous user is not used for the next', async () => {
    const answers: ((token: string) => void)[] = [];
    const made = scene({
      token: undefined,
      user: 'ana',
      tokenProvider: () => new Promise((resolve) => answers.push(resolve)),
    });
    twoPeople(made);
    await start(made);
    made.chat.configure({ user: 'ben' });
    await made.clock.advance(0);
    answers[0]!(tokenOf(1));
    await made.clock.advance(0);
    expect([made.chat.user, made.backend.sockets.length]).to.deep.equal([null, 0]);
    answers[1]!(tokenOf(2));
    await made.clock.advance(0);
    expect(made.chat.user?.id).to.equal(2);
    made.chat.disconnect();
  });

  it('12: an empty value signs out and clears the data, also if the page has never set `user`', async () => {
    const made = await connected();
    twoPeople(made);
    await made.clock.advance(0);
    expect(made.chat.rooms.length).to.be.above(0);
    made.chat.configure({ user: '' });
    await made.clock.advance(60_000);
    expect([made.chat.state, made.backend.open.length]).to.deep.equal(['idle', 0]);
    expect([made.chat.rooms.length, made.chat.data.threads.size, made.chat.user]).to.deep.equal([0, 0, null]);
    made.chat.disconnect();
  });

  it('10.38: an unchanged token is not used for another user; one set with or after the new value is', async () => {
    const made = await connected({ user: 'ana' });
    twoPeople(made);
    const { chat, clock, backend } = made;
    chat.configure({ user: 'ben' });
    await clock.advance(0);
    expect([chat.state, backend.open.length]).to.deep.equal(['idle', 0]);
    chat.configure({ token: tokenOf(2) });
    await clock.advance(0);
    expect([chat.state, chat.user?.id]).to.deep.equal(['connected', 2]);
    chat.configure({ user: 'ana', token: tokenOf(1) });
    await clock.advance(0);
    expect([chat.state, chat.user?.id]).to.deep.equal(['connected', 1]);
    chat.configure({ user: '' });
    chat.configure({ notifications: true });
    chat.configure({ user: 'ben' });
    chat.retryNow();
    await clock.advance(60_000);
    expect([chat.state, backend.open.length], 'despite other changes').to.deep.equal(['idle', 0]);
    chat.disconnect();
  });

  it('10.38: without `user`, returning to the page requests a token while signed out, at a bounded rate', async () => {
    const made = site();
    const { chat, clock } = made;
    await start(made);
    expect([chat.reason.code, made.asked()]).to.deep.equal(['token_missing', 1]);
    const states = made.states.length;
    const every = async (seconds: number, name: string): Promise<number> => {
      for (let second = 0; second < seconds; second++) {
        window.dispatchEvent(new Event(name));
        await clock.advance(1_000);
      }
      return made.asked();
    };
    expect(await every(9, 'focus'), 'within the first 10 s').to.equal(1);
    expect(await every(51, 'focus'), 'within a minute').to.be.within(2, 4);
    expect(await every(3_540, 'online'), 'within an hour').to.be.within(10, 20);
    expect(made.states.length, 'nothing is displayed').to.equal(states);
    made.cookie.token = tokenOf(1);
    document.dispatchEvent(new Event('visibilitychange'));
    await clock.advance(300_000);
    expect(chat.state).to.equal('connected');
    chat.disconnect();
    expect(clock.pending).to.equal(0);
  });
});

describe('a chat-token-expired listener', () => {
  const answering = (chat: ChatConnection, answer: () => string): (() => number) => {
    let asked = 0;
    chat.on('chat-token-expired', ({ respondWith }) => {
      asked++;
      respondWith(Promise.resolve(answer()));
    });
    return () => asked;
  };

  it('10.39: is asked if there is no token at all', async () => {
    const made = scene({ token: undefined });
    const asked = answering(made.chat, () => tokenOf(1));
    await start(made);
    expect([made.chat.state, asked()]).to.deep.equal(['connected', 1]);
    made.chat.disconnect();
  });

  it('10.39: added later is asked on request', async () => {
    const made = scene({ token: undefined });
    await start(made);
    expect(made.chat.state).to.equal('idle');
    answering(made.chat, () => tokenOf(1));
    made.chat.askAgain();
    await partsLoaded();
    await made.clock.advance(0);
    expect(made.chat.state).to.equal('connected');
    made.chat.disconnect();
  });

  it('10.39: that answers after the page has set a token is ignored', async () => {
    const made = scene({ token: undefined });
    let answers = 0;
    made.chat.on('chat-token-expired', ({ respondWith }) =>
      respondWith(Promise.resolve(tokenOf(1, { jti: `answer ${++answers}` }))),
    );
    made.chat.connect();
    made.chat.configure({ token: tokenOf(1, { jti: 'set' }) });
    await partsLoaded();
    await made.clock.advance(0);
    expect([made.chat.state, answers]).to.deep.equal(['connected', 1]);
    made.backend.rejectedTokens.add(tokenOf(1, { jti: 'set' }));
    made.backend.socket.drop(4001);
    await made.clock.advance(5_000);
    expect([made.chat.state, answers]).to.deep.equal(['connected', 2]);
    expect(made.backend.socket.url).to.contain(encodeURIComponent(tokenOf(1, { jti: 'answer 2' })));
    made.chat.disconnect();
  });

  it('10.39: without a token, or added repeatedly, causes no request storm', async () => {
    const made = scene({ token: undefined });
    await start(made);
    let asked = 0;
    // Like a framework that re-renders on each state change.
    const listen = (): void => {
      made.chat.on('chat-token-expired', ({ respondWith }) => {
        asked++;
        respondWith('');
      });
      made.chat.askAgain();
    };
    made.chat.on('chat-state-change', listen);
    listen();
    await partsLoaded();
    await made.clock.advance(60_000);
    expect(made.chat.reason.code).to.equal('token_missing');
    // Each request reaches every listener.
    expect(asked).to.be.below(20);
    made.chat.disconnect();
  });

  it('10.39: whose promise is rejected is reported, and the user stays signed out', async () => {
    const made = scene({ token: undefined });
    made.chat.on('chat-token-expired', ({ respondWith }) => respondWith(Promise.reject(new Error('no'))));
    await start(made);
    expect([made.chat.reason.code, made.problems.length]).to.deep.equal(['token_missing', 1]);
    made.chat.disconnect();
  });
});

describe('a token provider that a framework replaces on each render', () => {
  it('10.39: causes no request storm while signed out, but is asked', async () => {
    const made = scene({ token: undefined });
    const { chat, clock } = made;
    let asked = 0;
    let token = '';
    const draw = (): void =>
      chat.configure({
        tokenProvider: async () => {
          asked++;
          return token;
        },
      });
    chat.on('chat-state-change', draw);
    draw();
    await start(made);
    await clock.advance(9_000);
    expect([chat.reason.code, asked]).to.deep.equal(['token_missing', 1]);
    token = tokenOf(1);
    draw();
    await clock.advance(10_000);
    expect(chat.state).to.equal('connected');
    chat.disconnect();
  });
});
