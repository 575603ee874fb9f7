/** Faults of backends that announce a capability and do not implement it correctly, for the doctor's tests. */
import type { BackendFault, Frame, ProxiedRequest, ProxiedResponse } from './backend-fault-proxy.js';

type Change = (body: Frame) => Frame;

/** Changes the JSON of successful responses. */
const answering =
  (concerns: (request: ProxiedRequest) => boolean, change: Change, status = 200): BackendFault['response'] =>
  (response, request) => {
    if (response.status !== status || !concerns(request)) return;
    response.body = JSON.stringify(change(JSON.parse(response.body) as Frame));
  };

const changeBody = (request: ProxiedRequest, change: Change): void => {
  request.body = JSON.stringify(change(JSON.parse(request.body) as Frame));
  request.headers['content-length'] = String(Buffer.byteLength(request.body));
};

const without =
  (...names: string[]): Change =>
  (body) =>
    Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name)));

const refusal = (status: number): ProxiedResponse => ({
  status,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ detail: 'No.' }),
});

/** Changes each room of the room lists of WebSocket and REST. */
const inRooms = (change: Change): BackendFault => ({
  response: (response, { method, url }) => {
    if (method !== 'GET' || response.status !== 200 || !url.pathname.endsWith('/rooms/')) return;
    const body = JSON.parse(response.body) as Frame[] | { items: Frame[] };
    // A page of the capability `room_pages`, or the list of the baseline.
    const changed = Array.isArray(body) ? body.map(change) : { ...body, items: body.items.map(change) };
    response.body = JSON.stringify(changed);
  },
  fromServer: (frame) =>
    frame['type'] === 'room_list' ? { ...frame, rooms: (frame['rooms'] as Frame[]).map(change) } : frame,
});

const permissionFaults = {
  'rooms without can': inRooms(without('can')),
  'can as a text': inRooms((room) => ({ ...room, can: 'send' })),
  'rooms without closed_reason': inRooms(without('closed_reason')),
  // No fault: the user may write, and not change anything.
  'can without changes of messages': inRooms((room) => ({ ...room, can: ['send', 'attach'] })),
  'closed room that allows to send': inRooms((room) => ({ ...room, closed_reason: 'The job is done.' })),
} satisfies Record<string, BackendFault>;

const isHistory = ({ url }: ProxiedRequest): boolean => url.pathname.endsWith('/messages/');
const hasTarget = ({ url }: ProxiedRequest): boolean => url.searchParams.has('around') || url.searchParams.has('at');

/** @param names the parameters of a route that the backend does not know. */
const ignoring = (route: string, ...names: string[]): BackendFault => ({
  request: ({ url }) => {
    if (url.pathname.endsWith(route)) for (const name of names) url.searchParams.delete(name);
    return undefined;
  },
});

const aroundFaults = {
  'rooms without first_unread_id': inRooms(without('first_unread_id')),
  'last_read_id as a boolean': inRooms((room) => ({ ...room, last_read_id: true })),
  'around ignored': ignoring('/messages/', 'around'),
  'at ignored': ignoring('/messages/', 'at'),
  'around and limit ignored': ignoring('/messages/', 'around', 'limit'),
  'around refused': {
    request: ({ url }) => (url.searchParams.has('around') ? refusal(400) : undefined),
  },
  'page around without has_older and has_newer': {
    response: answering(hasTarget, without('has_older', 'has_newer')),
  },
  'page around without its target': {
    response: answering(hasTarget, (body) => ({
      ...body,
      messages: (body['messages'] as Frame[]).filter(({ id }) => id !== body['target_id']),
    })),
  },
  'target_id of another message': {
    response: answering(hasTarget, (body) => ({ ...body, target_id: (body['messages'] as Frame[])[0]!['id'] })),
  },
  'page around, newest first': {
    response: answering(hasTarget, (body) => ({ ...body, messages: (body['messages'] as Frame[]).reverse() })),
  },
  'has_older is always false': { response: answering(hasTarget, (body) => ({ ...body, has_older: false })) },
  'has_newer is always false': { response: answering(hasTarget, (body) => ({ ...body, has_newer: false })) },
  'empty page around an unknown message': {
    response: (response, request) => {
      if (response.status !== 404 || !hasTarget(request)) return;
      response.status = 200;
      response.body = JSON.stringify({ messages: [], has_older: false, has_newer: false, target_id: null });
    },
  },
} satisfies Record<string, BackendFault>;

const isEdit = ({ method, url }: ProxiedRequest): boolean => method === 'PATCH' && url.pathname.includes('/messages/');
const dropFrames = (type: string): BackendFault => ({
  fromServer: (frame) => (frame['type'] === type ? undefined : frame),
});

/** @param token of the author, with which edits of others are made. */
const editFaults = (token: string) =>
  ({
    'edit refused': { request: (request) => (isEdit(request) ? refusal(405) : undefined) },
    'edit answered with the old text': { response: answering(isEdit, (body) => ({ ...body, content: 'as before' })) },
    'edited message without edited_at': { response: answering(isEdit, without('edited_at')) },
    'edit not announced': dropFrames('message_updated'),
    'repeated edit with another edited_at': {
      response: answering(isEdit, (body) => ({ ...body, edited_at: new Date().toISOString() })),
    },
    'repeated edit refused': repeatRefused(isEdit),
    'edits without conflicts': {
      request: (request) => {
        if (isEdit(request)) changeBody(request, without('edited_at'));
        return undefined;
      },
    },
    'conflict answered with 400': {
      response: (response) => void (response.status = response.status === 409 ? 400 : response.status),
    },
    'conflict without the message': { response: answering(isEdit, without('message'), 409) },
    'conflict with an outdated message': {
      response: answering(isEdit, (b) => ({ ...b, message: { ...(b['message'] as Frame), content: 'before' } }), 409),
    },
    'conflict without the code': { response: answering(isEdit, without('code'), 409) },
    'edits of others accepted': {
      request: (request) => {
        if (isEdit(request)) request.headers.authorization = `Bearer ${token}`;
        return undefined;
      },
    },
    'edits of others refused with 400': {
      request: (request) =>
        isEdit(request) && request.headers.authorization !== `Bearer ${token}` ? refusal(400) : undefined,
    },
  }) satisfies Record<string, BackendFault>;

/** The second request of this kind is refused. */
function repeatRefused(concerns: (request: ProxiedRequest) => boolean): BackendFault {
  const requests = new Map<string, number>();
  return {
    request(request) {
      const { pathname } = request.url;
      if (!concerns(request)) return undefined;
      const count = (requests.get(pathname) ?? 0) + 1;
      requests.set(pathname, count);
      return count === 2 ? refusal(404) : undefined;
    },
  };
}

const isReaction = ({ url }: ProxiedRequest): boolean => url.pathname.endsWith('/reactions/');
const isDeletion = ({ method, url }: ProxiedRequest): boolean =>
  method === 'DELETE' && url.pathname.includes('/messages/');

/** A backend that toggles a reaction instead of setting it to `on`. */
function toggledReactions(): BackendFault {
  let isOn = false;
  return {
    request: (request) => {
      if (isReaction(request)) changeBody(request, (body) => ({ ...body, on: (isOn = !isOn) }));
      return undefined;
    },
  };
}

const isMarkUnread = ({ url }: ProxiedRequest): boolean => url.pathname.endsWith('/mark_unread/');

const markUnreadFaults = () =>
  ({
    'marking as unread refused': { request: (request) => (isMarkUnread(request) ? refusal(405) : undefined) },
    'marking as unread without a count': { response: answering(isMarkUnread, without('unread_count')) },
    'repeated marking as unread refused': repeatRefused(isMarkUnread),
  }) satisfies Record<string, BackendFault>;

const isUpload = ({ method, url }: ProxiedRequest): boolean => method === 'POST' && url.pathname.endsWith('/uploads/');
const isFile = ({ url }: ProxiedRequest): boolean => url.pathname.includes('/attachments/');
const sendsFile = ({ method, body }: ProxiedRequest): boolean => method === 'POST' && body.includes('"attachments"');
const isOneMessage = ({ method, url }: ProxiedRequest): boolean =>
  method === 'GET' && /\/messages\/\d+\/$/.test(url.pathname);

const uploadFaults = () =>
  ({
    'upload refused': { request: (request) => (isUpload(request) ? refusal(405) : undefined) },
    'upload without an id': { response: answering(isUpload, without('id'), 201) },
    'upload without a url': { response: answering(isUpload, without('url'), 201) },
    'repeated upload is another one': {
      request: (request) => {
        if (isUpload(request)) delete request.headers['idempotency-key'];
        return undefined;
      },
    },
    'repeated upload refused': repeatRefused(isUpload),
    'upload cannot be discarded': {
      request: ({ method, url }) =>
        method === 'DELETE' && url.pathname.includes('/uploads/') ? refusal(405) : undefined,
    },
    'message with a file refused': { request: (request) => (sendsFile(request) ? refusal(400) : undefined) },
    'message without its files': { response: answering(sendsFile, without('attachments'), 201) },
    'message without the first URL': { response: answering(sendsFile, without('attachment'), 201) },
    'upload sent twice': {
      response: (response, request) => {
        if (sendsFile(request) && response.status === 404) response.status = 201;
      },
    },
    'used upload without a code': { response: answering(sendsFile, without('code'), 404) },
    'file needs a token': {
      request: (request) => (isFile(request) && !request.headers.authorization ? refusal(401) : undefined),
    },
    'file without ranges': {
      request: (request) => {
        if (isFile(request)) delete request.headers.range;
        return undefined;
      },
    },
    'part of a file is another one': {
      response: (response, request) => {
        if (isFile(request)) response.body = response.body.toUpperCase();
      },
    },
    'one message cannot be read': { request: (request) => (isOneMessage(request) ? refusal(405) : undefined) },
    'one message has no files': { response: answering(isOneMessage, without('attachments')) },
  }) satisfies Record<string, BackendFault>;

const isReceipts = ({ url }: ProxiedRequest): boolean => url.pathname.endsWith('/receipts/');
const inReceipts = (change: Change): BackendFault['response'] =>
  answering(isReceipts, (body) => ({ ...body, items: (body['items'] as Frame[]).map(change) }));

/** A later confirmation of an earlier message counts. */
function deliveriesThatMoveBack(): BackendFault {
  let confirmed: unknown[] = [];
  return {
    fromClient: (text) => {
      if (text.includes('mark_delivered')) confirmed = [...confirmed, (JSON.parse(text) as Frame)['up_to']];
      return text;
    },
    response: inReceipts((item) => ({ ...item, delivered_up_to: confirmed.at(-1) })),
  };
}

const deliveryFaults = () =>
  ({
    'mark_delivered unknown': {
      fromClient: (text, socket) => {
        if (!text.includes('mark_delivered')) return text;
        socket.send({ type: 'error', message: 'Unknown message type', code: 'invalid' });
        return undefined;
      },
    },
    'mark_delivered ignored': { fromClient: (text) => (text.includes('mark_delivered') ? undefined : text) },
    'receipts without delivered_up_to': { response: inReceipts(without('delivered_up_to')) },
    'receipts without the user': { response: answering(isReceipts, (body) => ({ ...body, items: [] })) },
    'deliveries that move back': deliveriesThatMoveBack(),
  }) satisfies Record<string, BackendFault>;

const isMe = (method: string) => (request: ProxiedRequest) =>
  request.method === method && request.url.pathname.endsWith('/me/') && !request.url.pathname.includes('/rooms/');

const hidingFaults = {
  'GET me/ without hide_receipts': { response: answering(isMe('GET'), without('hide_receipts')) },
  'greeting without hide_receipts': {
    fromServer: (frame) => (frame['type'] === 'connection_established' ? without('hide_receipts')(frame) : frame),
  },
  'PATCH me/ refused': { request: (request) => (isMe('PATCH')(request) ? refusal(405) : undefined) },
  'PATCH me/ answered with the old value': {
    response: answering(isMe('PATCH'), (body) => ({ ...body, hide_receipts: !body['hide_receipts'] })),
  },
} satisfies Record<string, BackendFault>;

const reactionFaults = () =>
  ({
    'reaction refused': { request: (request) => (isReaction(request) ? refusal(405) : undefined) },
    'answer to a reaction without it': { response: answering(isReaction, without('reactions')) },
    'reaction never removed': {
      request: (request) => {
        if (isReaction(request)) changeBody(request, (body) => ({ ...body, on: true }));
        return undefined;
      },
    },
    'reaction not announced': dropFrames('reactions_updated'),
    'reactions toggled': toggledReactions(),
    'repeated reaction refused': repeatRefused(isReaction),
    'reaction counted twice': {
      response: answering(isReaction, (body) => ({
        ...body,
        reactions: (body['reactions'] as Frame[]).flatMap((each) => [each, each]),
      })),
    },
  }) satisfies Record<string, BackendFault>;

/** Changes the tombstones in the history. */
const inTombstones = (change: (tombstone: Frame) => Frame[]): BackendFault => ({
  response: answering(isHistory, (body) => ({
    ...body,
    messages: (body['messages'] as Frame[]).flatMap((each) => (each['deleted_at'] ? change(each) : [each])),
  })),
});

const withoutDeletedAt: BackendFault['fromServer'] = (frame) =>
  frame['type'] === 'message_deleted' ? without('deleted_at')(frame) : frame;

const deleteFaults = () =>
  ({
    'deletion refused': { request: (request) => (isDeletion(request) ? refusal(405) : undefined) },
    'deletion answered with 200': {
      response: (response, request) => {
        if (isDeletion(request)) Object.assign(response, { status: 200, body: '{}' });
      },
    },
    'deletion not announced': dropFrames('message_deleted'),
    'repeated deletion refused': repeatRefused(isDeletion),
    'deleted message keeps its content': inTombstones((each) => [{ ...each, content: 'as before' }]),
    'deleted message keeps attachment and reactions': inTombstones((each) => [
      { ...each, attachment: '/file.png', reactions: [{ emoji: '👍', user_ids: [1] }] },
    ]),
    'deleted message without deleted_at': inTombstones((each) => [{ ...each, deleted_at: null }]),
    'announced tombstone missing': inTombstones(() => []),
    'tombstone that is not announced': { fromServer: withoutDeletedAt },
    // No fault: a server may keep nothing.
    'no tombstones': { ...inTombstones(() => []), fromServer: withoutDeletedAt },
  }) satisfies Record<string, BackendFault>;

const isPeople = ({ url }: ProxiedRequest): boolean => url.pathname.endsWith('/people/');
const isMembers = ({ url }: ProxiedRequest): boolean => url.pathname.endsWith('/members/');
const isPage = ({ url }: ProxiedRequest): boolean => url.searchParams.has('limit') && url.pathname.endsWith('/rooms/');
const isSince = ({ url }: ProxiedRequest): boolean => url.searchParams.has('since');
const isRoom = ({ method, url }: ProxiedRequest): boolean => method === 'PATCH' && /\/rooms\/\d+\/$/.test(url.pathname);
const isSettings = ({ method, url }: ProxiedRequest): boolean =>
  method === 'PATCH' && /\/rooms\/\d+\/me\/$/.test(url.pathname);
const refusing = (concerns: (request: ProxiedRequest) => boolean, status = 405): BackendFault => ({
  request: (request) => (concerns(request) ? refusal(status) : undefined),
});
const inItems =
  (change: Change): Change =>
  (body) => ({ ...body, items: (body['items'] as Frame[]).map(change) });

const peopleFaults = {
  'people refused': refusing(isPeople),
  'people without items': { response: answering(isPeople, without('items')) },
  'people with e-mail addresses': {
    response: answering(
      isPeople,
      inItems((user) => ({ ...user, email: 'a@b' })),
    ),
  },
  'people with the user': {
    response: answering(isPeople, (body) => ({ ...body, items: [...(body['items'] as Frame[]), { id: 1 }] })),
  },
  'members without roles': { response: answering(isMembers, inItems(without('role'))) },
  'members without the user': {
    response: answering(isMembers, (body) => ({ ...body, items: (body['items'] as Frame[]).slice(1) })),
  },
  'room pages ignored': ignoring('/rooms/', 'limit'),
  'room page without as_of': { response: answering(isPage, without('as_of')) },
  'room page without next': { response: answering(isPage, (body) => ({ ...body, next: null })) },
  'since ignored': ignoring('/rooms/', 'since'),
  'since without removed': { response: answering(isSince, without('removed')) },
  'since refused': refusing(isSince, 400),
  'creating rooms not possible': refusing(({ method, url }) => method === 'POST' && url.pathname.endsWith('/rooms/')),
  'renaming not possible': refusing(isRoom),
  'renaming by everybody': {
    request: (request) => (isRoom(request) ? { ...refusal(200), body: '{"id": 1, "name": "x"}' } : undefined),
  },
  'rooms without settings': inRooms(without('settings')),
  'settings refused': refusing(isSettings),
  'settings without notify': { response: answering(isSettings, without('notify')) },
} satisfies Record<string, BackendFault>;

/** Some have a state of their own, so each test needs a new object. */
export const capabilityFaults = (token: string) => ({
  ...permissionFaults,
  ...aroundFaults,
  ...editFaults(token),
  ...reactionFaults(),
  ...markUnreadFaults(),
  ...uploadFaults(),
  ...deliveryFaults(),
  ...hidingFaults,
  ...deleteFaults(),
  ...peopleFaults,
});
