/** Backend faults for the doctor's tests, by name. demo/server can simulate others itself (`--with …`). */
import type { BackendFault, Frame, ProxiedRequest, ProxiedResponse } from './backend-fault-proxy.js';
import { capabilityFaults } from './capability-faults.js';

const page = (status: number, title: string, content = ''): ProxiedResponse => ({
  status,
  headers: { 'Content-Type': 'text/html' },
  body: `<!doctype html><title>${title}</title><h1>${title}</h1>${content}`,
});
const json = (status: number, body: unknown): ProxiedResponse => ({
  status,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
});
const typeOf = (text: string): unknown => {
  try {
    const { type, action } = JSON.parse(text) as Frame;
    return type ?? action;
  } catch {
    return undefined;
  }
};
const isRoomList = (path: string): boolean => path === '/api/chat/rooms/';
const CHAT_PATH = '/ws/chat/';
const isNotifications = (path: string): boolean => path.startsWith('/ws/notifications/');
/** The user id in a JWT. */
const userOf = (token: string | null): unknown => {
  const claims = token?.split('.')[1];
  return claims && (JSON.parse(Buffer.from(claims, 'base64url').toString()) as { user_id?: unknown }).user_id;
};
/** Removes the Z of all times. */
const withoutOffsets = (text: string): string => text.replace(/(\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)Z/g, '$1');
const dropFrames =
  (type: string): BackendFault['fromClient'] =>
  (text) =>
    typeOf(text) === type ? undefined : text;

/** @param token a valid token, which some faults substitute for a bad one. */
const restFaults = (token: string) =>
  ({
    'REST route missing': { request: ({ url }) => (isRoomList(url.pathname) ? page(404, 'Not Found') : undefined) },
    'sign-in page': {
      request: ({ url }) =>
        isRoomList(url.pathname) ? page(200, 'Please sign in', '<input type="password">') : undefined,
    },
    'web app instead of the API': {
      request: ({ url }) => (isRoomList(url.pathname) ? page(200, 'My app', '<div id="root"></div>') : undefined),
    },
    'redirect to a sign-in page': {
      request: ({ url }) => {
        if (!isRoomList(url.pathname)) return undefined;
        return { status: 302, headers: { Location: `/login?next=${url.pathname}&token=${token}` }, body: '' };
      },
    },
    'forged token accepted by REST': {
      request: ({ headers }) => (headers.authorization ? void (headers.authorization = `Bearer ${token}`) : undefined),
    },
    'bad token refused with 403 instead of 401': {
      response: (response) => void (response.status = response.status === 401 ? 403 : response.status),
    },
    'rooms readable for non-members': {
      request: ({ url, headers }) =>
        /\/rooms\/\d+\/$/.test(url.pathname) ? void (headers.authorization = `Bearer ${token}`) : undefined,
    },
    'unread counts sent as strings': {
      response: (response) =>
        void (response.body = response.body.replace(/"unread_count":(\d+)/g, '"unread_count":"$1"')),
    },
    'times without UTC offset': {
      response: (response) => void (response.body = withoutOffsets(response.body)),
      fromServer: (frame) => JSON.parse(withoutOffsets(JSON.stringify(frame))) as Frame,
    },
    'newest message missing in the history': {
      response: (response, { url }) => {
        if (!url.pathname.endsWith('/messages/') || response.status !== 200) return;
        const body = JSON.parse(response.body) as { messages: unknown[] };
        response.body = JSON.stringify({ ...body, messages: body.messages.slice(0, -1) });
      },
    },
  }) satisfies Record<string, BackendFault>;

const corsFaults = {
  'no CORS headers': {
    response: (response) => {
      for (const name of Object.keys(response.headers)) {
        if (name.startsWith('access-control-')) delete response.headers[name];
      }
    },
  },
  'CORS without Idempotency-Key': {
    response: ({ headers }) => {
      const allowed = headers['access-control-allow-headers'];
      if (allowed) headers['access-control-allow-headers'] = allowed.replace(/,?\s*Idempotency-Key/i, '');
    },
  },
  'CORS without Access-Control-Max-Age': {
    response: ({ headers }) => void delete headers['access-control-max-age'],
  },
  'Access-Control-Max-Age of a minute': {
    response: ({ headers }) => {
      if (headers['access-control-max-age']) headers['access-control-max-age'] = '60';
    },
  },
  'token required for preflight requests': {
    request: ({ method }) => (method === 'OPTIONS' ? json(401, { detail: 'no token' }) : undefined),
  },
} satisfies Record<string, BackendFault>;

const proxyFaults = {
  'upgrade removed by a proxy: 404': { upgrade: () => 'as-plain-request' },
  'upgrade removed by a proxy: 200': { upgrade: () => page(200, 'Welcome to nginx!') },
  'upgrade removed by a proxy: 426': { upgrade: () => ({ status: 426, headers: {}, body: 'Upgrade Required' }) },
  'upgrade removed by a proxy: 400': { upgrade: () => page(400, 'Bad Request') },
  'no WebSocket at the path': {
    upgrade: () => ({ status: 404, headers: { 'Content-Type': 'text/plain' }, body: 'No route found' }),
  },
  'handshake redirected': { upgrade: () => ({ status: 301, headers: { Location: '/ws/chat' }, body: '' }) },
  'ASGI server down': { upgrade: () => page(502, 'Bad Gateway') },
} satisfies Record<string, BackendFault>;

/** Servers that answer handshakes at more paths than that of the chat. */
const pathFaults = {
  'Channels: 500 without a route': {
    upgrade: ({ url }) => (url.pathname === CHAT_PATH ? undefined : page(500, 'Internal Server Error')),
  },
  'Channels: origin checked before the path': {
    upgrade: ({ url, headers }) => {
      if (!headers.origin) return page(403, 'Access denied');
      return url.pathname === CHAT_PATH ? undefined : page(500, 'Internal Server Error');
    },
  },
  'Channels: origin and path checked before the token': {
    upgrade: ({ url, headers }) => {
      if (!headers.origin) return page(403, 'Access denied');
      if (url.pathname !== CHAT_PATH) return page(500, 'Internal Server Error');
      if (!headers.authorization) return page(403, 'Access denied');
      // The backend behind the proxy does not allow the proxy's own origin.
      delete headers.origin;
      return void url.searchParams.set('token', headers.authorization.slice('Bearer '.length));
    },
  },
  'WebSocket at every path, token in the header Authorization': {
    upgrade: ({ url, headers }) => {
      if (!headers.authorization) return page(403, 'Access denied');
      url.pathname = CHAT_PATH;
      return void url.searchParams.set('token', headers.authorization.slice('Bearer '.length));
    },
  },
  '403 without a route': {
    upgrade: ({ url }) => (url.pathname === CHAT_PATH ? undefined : page(403, 'Forbidden')),
  },
  '403 at every path': { upgrade: () => page(403, 'Forbidden') },
  '500 at the path of the chat': {
    upgrade: ({ url }) => (url.pathname === CHAT_PATH ? page(500, 'Internal Server Error') : undefined),
  },
  'WebSocket at every path, without a greeting': {
    upgrade: ({ url }) => void (url.pathname = CHAT_PATH),
    fromServer: () => undefined,
  },
  'WebSocket at every path, closed with 4001': {
    upgrade: ({ url }) => void (url.pathname = CHAT_PATH),
    opened: (socket) => socket.close(4001, 'unauthorized'),
    fromServer: () => undefined,
  },
} satisfies Record<string, BackendFault>;

/** @param token the valid token of the first user, which some faults substitute for another one. */
const notificationFaults = (token: string) =>
  ({
    'no notifications WebSocket': {
      upgrade: ({ url }) => (isNotifications(url.pathname) ? page(404, 'Not Found') : undefined),
    },
    'notifications WebSocket refused': {
      upgrade: ({ url }) => (/notifications\/\d+\/$/.test(url.pathname) ? page(403, 'Forbidden') : undefined),
    },
    'notifications WebSocket closed with 4001': {
      opened: (socket, { url }) => (isNotifications(url.pathname) ? socket.close(4001) : undefined),
    },
    'notifications WebSocket without a token': {
      upgrade: ({ url }) => {
        const isAnonymous = isNotifications(url.pathname) && !url.searchParams.has('token');
        return isAnonymous ? void url.searchParams.set('token', token) : undefined;
      },
    },
    'notifications of another user': {
      upgrade: ({ url }) => {
        const isOther = isNotifications(url.pathname) && userOf(url.searchParams.get('token')) !== userOf(token);
        return isOther && url.searchParams.has('token') ? void url.searchParams.set('token', token) : undefined;
      },
    },
    'unread count of notifications as a string': {
      fromServer: (frame) => (frame['type'] === 'unread_count' ? { ...frame, count: '3' } : frame),
    },
    'unread count of notifications is always 0': {
      fromServer: (frame) => (frame['type'] === 'unread_count' ? { ...frame, count: 0 } : frame),
    },
    'notifications WebSocket closed with 1011 after a frame': {
      fromClient: (text, { close }) => (typeOf(text) === 'get_unread_count' ? void close(1011) : text),
    },
  }) satisfies Record<string, BackendFault>;

/** @param token a valid token, which some faults substitute for a bad one. */
const handshakeFaults = (token: string) =>
  ({
    'token not read from the query string': {
      // A middleware made for REST reads the token from a header, which a browser cannot send with a WebSocket.
      upgrade: ({ headers, url }) => {
        if (!headers.authorization) return json(403, { detail: 'Authentication credentials were not provided.' });
        url.searchParams.set('token', headers.authorization.slice('Bearer '.length));
        return undefined;
      },
    },
    'token read from the subprotocol only': {
      upgrade: ({ headers }) =>
        headers['sec-websocket-protocol']?.includes('bearer.') ? undefined : page(401, 'Unauthorized'),
    },
    'valid token: WebSocket opened, then closed with 4001': {
      opened: (socket) => socket.close(4001, 'unauthorized'),
      fromServer: () => undefined,
    },
    'forged and missing token accepted by the WebSocket': {
      upgrade: ({ url }) => void url.searchParams.set('token', token),
    },
    'missing token accepted by the WebSocket': {
      upgrade: ({ url }) => (url.searchParams.has('token') ? undefined : void url.searchParams.set('token', token)),
    },
    'bad token: WebSocket closed with 1008': {
      upgrade: ({ url, headers }) => {
        if (url.searchParams.get('token') === token) return undefined;
        headers['x-refused'] = 'yes';
        return void url.searchParams.set('token', token);
      },
      opened: (socket, { headers }) => {
        if (headers['x-refused']) socket.close(1008, 'no');
      },
    },
    'no greeting': { fromServer: (frame) => (frame['type'] === 'connection_established' ? undefined : frame) },
  }) satisfies Record<string, BackendFault>;

/** @param token which one fault echoes in an error. */
const frameFaults = (token: string) =>
  ({
    'get_room_list answered with an error': {
      fromClient: (text, { send }) => {
        if (typeOf(text) !== 'get_room_list') return text;
        send({ type: 'error', message: 'Internal error: Object of type datetime is not JSON serializable' });
        return undefined;
      },
    },
    'get_room_list: WebSocket closed with 1011': {
      fromClient: (text, { close }) => (typeOf(text) === 'get_room_list' ? void close(1011) : text),
    },
    'get_room_list not answered': { fromClient: dropFrames('get_room_list') },
    'ping not answered': { fromClient: dropFrames('ping') },
    'unknown frame: WebSocket closed with 1011': {
      fromClient: (text, { close }) => (typeOf(text) === 'unified_chat_doctor' ? void close(1011, 'KeyError') : text),
    },
    'malformed JSON: WebSocket closed with 1003': {
      fromClient: (text, { close }) => (typeOf(text) === undefined ? void close(1003) : text),
    },
    'subscribe_room answered with an error': {
      fromClient: (text, { send }) => {
        if (typeOf(text) !== 'subscribe_room') return text;
        send({ type: 'error', message: `Access denied for ${token}` });
        return undefined;
      },
    },
  }) satisfies Record<string, BackendFault>;

/** Gives each send its own id on the way to the backend, and restores the original id on the way back. */
function notIdempotent(): BackendFault {
  let sends = 0;
  const unique = (id: unknown): string => `${String(id)}~${++sends}`;
  return {
    request: ({ headers, url }) => {
      if (headers['idempotency-key'] && url.pathname.endsWith('/send_message/'))
        headers['idempotency-key'] = unique(headers['idempotency-key']);
      return undefined;
    },
    fromClient: (text) => {
      if (typeOf(text) !== 'send_message') return text;
      const frame = JSON.parse(text) as Frame;
      return JSON.stringify({ ...frame, _tempId: unique(frame['_tempId']) });
    },
    fromServer: (frame) => JSON.parse(JSON.stringify(frame).replace(/~\d+"/g, '"')) as Frame,
  };
}

function gapInSeq(): BackendFault {
  let messages = 0;
  return {
    fromServer: (frame) =>
      frame['type'] === 'new_message' && ++messages > 1 ? { ...frame, seq: Number(frame['seq']) + 3 } : frame,
  };
}

/** A field in the room list of other users than that of `token` never changes. */
function staleRoomList(token: string, field: string): BackendFault {
  let known: Frame[] | undefined;
  return {
    response: (response, { method, url, headers }) => {
      const isOther = headers.authorization !== `Bearer ${token}`;
      if (method !== 'GET' || response.status !== 200 || !isRoomList(url.pathname) || !isOther) return;
      const rooms = JSON.parse(response.body) as Frame[];
      known ??= rooms;
      const stale = rooms.map((room) => ({ ...room, [field]: known!.find(({ id }) => id === room['id'])?.[field] }));
      response.body = JSON.stringify(stale);
    },
  };
}

const withLargeJobIds = (text: string): string => text.replace(/"job":\d+/g, '"job":9007199254740993');

/** All faults. Some have a state of their own, so each test needs a new object. */
export const backendFaults = (token: string) => ({
  ...restFaults(token),
  ...corsFaults,
  ...proxyFaults,
  ...pathFaults,
  ...notificationFaults(token),
  ...handshakeFaults(token),
  ...frameFaults(token),
  ...capabilityFaults(token),
  'sends not idempotent': notIdempotent(),
  'ack announced but not sent': {
    fromServer: (frame: Frame) => (frame['type'] === 'message_ack' ? undefined : frame),
  },
  'gap in seq': gapInSeq(),
  'stale previews': staleRoomList(token, 'last_message'),
  'stale unread counts': staleRoomList(token, 'unread_count'),
  'membership not checked on the WebSocket': {
    upgrade: ({ url }: ProxiedRequest) => {
      const user = userOf(url.searchParams.get('token'));
      const isOther = url.pathname === CHAT_PATH && user !== undefined && user !== userOf(token);
      return isOther ? void url.searchParams.set('token', token) : undefined;
    },
  },
  'job ids beyond 2^53 as numbers': {
    response: (response: ProxiedResponse) => void (response.body = withLargeJobIds(response.body)),
    textFromServer: withLargeJobIds,
  },
});

export type FaultName = keyof ReturnType<typeof backendFaults>;
