/** The backend faults by name. Deviations that demo/server can imitate itself (`--with …`) are not listed. */
import type { ProxiedResponse, Frame, Plant } from './planted-faults.js';

const page = (status: number, title: string, inside = ''): ProxiedResponse => ({ status, headers: { 'Content-Type': 'text/html' }, body: `<!doctype html><title>${title}</title><h1>${title}</h1>${inside}` });
const json = (status: number, body: unknown): ProxiedResponse => ({ status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
const typeOf = (text: string): unknown => {
  try {
    return (JSON.parse(text) as Frame)['type'];
  } catch {
    return undefined;
  }
};
const isRooms = (path: string): boolean => path === '/api/chat/rooms/';
/** Removes the UTC offset of every timestamp. */
const withoutOffsets = (text: string): string => text.replace(/(\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)Z/g, '$1');
const swallow = (type: string): Plant['up'] => (text) => (typeOf(text) === type ? undefined : text);

/** @param token A valid token, for the faults that need one. */
export const plants = (token: string) =>
  ({
    'token not read from the query': {
      // Typical of middleware written for REST: it expects a header, which browsers cannot send with a handshake.
      upgrade: ({ headers, url }) => {
        if (!headers.authorization) return json(403, { detail: 'Authentication credentials were not provided.' });
        url.searchParams.set('token', headers.authorization.slice('Bearer '.length));
        return undefined;
      },
    },
    'token read as a subprotocol': {
      upgrade: ({ headers }) => (headers['sec-websocket-protocol']?.includes('bearer.') ? undefined : page(401, 'Unauthorized')),
    },
    'good token accepted first, then closed with 4001': { opened: (socket) => socket.close(4001, 'unauthorized'), down: () => undefined },
    'times without offset': {
      answer: (response) => void (response.body = withoutOffsets(response.body)),
      down: (frame) => JSON.parse(withoutOffsets(JSON.stringify(frame))) as Frame,
    },
    'room_list fails with an error': {
      up: (text, { sendToClient }) => (typeOf(text) === 'get_room_list' ? void sendToClient({ type: 'error', message: 'Internal error: Object of type datetime is not JSON serializable' }) : text),
    },
    'room_list fails with 1011': { up: (text, { close }) => (typeOf(text) === 'get_room_list' ? void close(1011) : text) },
    'room_list never comes': { up: swallow('get_room_list') },
    'REST route missing': { request: ({ url }) => (isRooms(url.pathname) ? page(404, 'Not Found') : undefined) },
    'CORS missing': {
      answer: (response) => {
        for (const name of Object.keys(response.headers)) if (name.startsWith('access-control-')) delete response.headers[name];
      },
    },
    'CORS without Idempotency-Key': {
      answer: ({ headers }) => {
        const allowed = headers['access-control-allow-headers'];
        if (allowed) headers['access-control-allow-headers'] = allowed.replace(/,?\s*Idempotency-Key/i, '');
      },
    },
    'preflight asked for a token': { request: ({ method }) => (method === 'OPTIONS' ? json(401, { detail: 'no token' }) : undefined) },
    'upgrade stripped, 404': { upgrade: () => 'as-plain-request' },
    'upgrade stripped, 200': { upgrade: () => page(200, 'Welcome to nginx!') },
    'upgrade stripped, 426': { upgrade: () => ({ status: 426, headers: {}, body: 'Upgrade Required' }) },
    'upgrade stripped, 400': { upgrade: () => page(400, 'Bad Request') },
    'no socket at the path': { upgrade: () => ({ status: 404, headers: { 'Content-Type': 'text/plain' }, body: 'No route found' }) },
    'handshake redirected': { upgrade: () => ({ status: 301, headers: { Location: '/ws/chat' }, body: '' }) },
    'ASGI server down': { upgrade: () => page(502, 'Bad Gateway') },
    'sends not idempotent': {
      // Each send gets a unique id on the way to the backend, and its original id on the way back.
      ...((): Plant => {
        let number = 0;
        const own = (id: unknown): string => `${String(id)}~${++number}`;
        return {
          request: ({ headers }) => {
            if (headers['idempotency-key']) headers['idempotency-key'] = own(headers['idempotency-key']);
            return undefined;
          },
          up: (text) => {
            const frame = typeOf(text) === 'send_message' ? (JSON.parse(text) as Frame) : undefined;
            return frame ? JSON.stringify({ ...frame, _tempId: own(frame['_tempId']) }) : text;
          },
          down: (frame) => JSON.parse(JSON.stringify(frame).replace(/~\d+"/g, '"')) as Frame,
        };
      })(),
    },
    'bad token accepted on the socket': { upgrade: ({ url }) => void url.searchParams.set('token', token) },
    'missing token accepted on the socket': { upgrade: ({ url }) => (url.searchParams.has('token') ? undefined : void url.searchParams.set('token', token)) },
    'bad token accepted by REST': { request: ({ headers }) => (headers.authorization ? void (headers.authorization = `Bearer ${token}`) : undefined) },
    'bad token closed with 1008': {
      upgrade: ({ url, headers }) => {
        if (url.searchParams.get('token') === token) return undefined;
        headers['x-refused'] = 'yes';
        return void url.searchParams.set('token', token);
      },
      opened: (socket, { headers }) => {
        if (headers['x-refused']) socket.close(1008, 'no');
      },
    },
    'refuses with 403 instead of 401': { answer: (response) => void (response.status = response.status === 401 ? 403 : response.status) },
    'sign-in page': { request: ({ url }) => (isRooms(url.pathname) ? page(200, 'Please sign in', '<input type="password">') : undefined) },
    'web app instead of the API': { request: ({ url }) => (isRooms(url.pathname) ? page(200, 'My app', '<div id="root"></div>') : undefined) },
    'redirect to a sign-in': { request: ({ url }) => (isRooms(url.pathname) ? { status: 302, headers: { Location: `/login?next=${url.pathname}&token=${token}` }, body: '' } : undefined) },
    'no greeting': { down: (frame) => (frame['type'] === 'connection_established' ? undefined : frame) },
    'ping not answered': { up: swallow('ping') },
    'dies of an unknown frame': { up: (text, { close }) => (typeOf(text) === 'unified_chat_doctor' ? void close(1011, 'KeyError') : text) },
    'dies of text that is no JSON': { up: (text, { close }) => (typeOf(text) === undefined ? void close(1003) : text) },
    'a room cannot be subscribed to': { up: (text, { sendToClient }) => (typeOf(text) === 'subscribe_room' ? void sendToClient({ type: 'error', message: `Access denied for ${token}` }) : text) },
    'counts that are texts': { answer: (response) => void (response.body = response.body.replace(/"unread_count":(\d+)/g, '"unread_count":"$1"')) },
    'ack claimed, and none comes': { down: (frame) => (frame['type'] === 'message_ack' ? undefined : frame) },
    'a gap in seq': {
      ...((): Plant => {
        let messages = 0;
        return { down: (frame) => (frame['type'] === 'new_message' && ++messages > 1 ? { ...frame, seq: Number(frame['seq']) + 3 } : frame) };
      })(),
    },
    'history without the newest': {
      answer: (response, { url }) => {
        if (!url.pathname.endsWith('/messages/')) return;
        const body = JSON.parse(response.body) as { messages: unknown[] };
        response.body = JSON.stringify({ ...body, messages: body.messages.slice(0, -1) });
      },
    },
    'open to strangers': {
      request: ({ url, headers }) => (/\/rooms\/\d+\/$/.test(url.pathname) ? void (headers.authorization = `Bearer ${token}`) : undefined),
    },
  }) satisfies Record<string, Plant>;

export type PlantName = keyof ReturnType<typeof plants>;
