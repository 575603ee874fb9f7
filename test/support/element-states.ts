/** Every element in every visually distinct state, on a connection whose state never changes. */
import { fixture, html, waitUntil } from '@open-wc/testing';
import { sendMouse } from '@web/test-runner-commands';
import type { TemplateResult } from 'lit';
import { provide } from '../../src/controllers/index.js';
import '../../src/define.js';
import type { Finding } from '../../src/doctor/index.js';
import type { Room, User } from '../../src/protocol/index.js';
import { REASONS } from '../../src/locale/state-reasons.js';
import { reasonOf, type ConnectionState, type Upload } from '../../src/model/index.js';
import { LATER_REASONS } from '../../src/locale/deferred-state-reasons.js';
import {
  EMPTY_THREAD,
  INITIAL,
  type ChatConnection,
  type ChatData,
  type ChatMessage,
  type Thread,
} from '../../src/client/index.js';
import { ChatError } from '../../src/transport/index.js';

const user = (id: number, first_name: string): User => ({
  id,
  username: first_name.toLowerCase(),
  first_name,
  last_name: 'Ito',
  profile_picture: null,
});
const [ana, ben, cleo] = [user(1, 'Ana'), user(2, 'Ben'), user(3, 'Cleo')];
const at = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();

const room = (id: number, overrides: Partial<Room>): Room => ({
  id,
  name: `Room ${id}`,
  room_type: 'job',
  participants: [ana, ben, cleo],
  participant_count: 3,
  last_message: { content: 'See you', timestamp: at(3), sender: ben },
  unread_count: 0,
  created_at: at(500),
  updated_at: at(3),
  is_active: true,
  ...overrides,
});

let lastId = 0;
const message = (overrides: Partial<ChatMessage>): ChatMessage => {
  const id = ++lastId;
  return {
    id,
    room: 1,
    sender: ben,
    message_type: 'text',
    content: `Message ${id}`,
    attachment: null,
    timestamp: at(60 - id),
    is_read: false,
    edited_at: null,
    reply_to: null,
    is_own_message: false,
    reactions: undefined,
    _tempId: undefined,
    key: `#${id}`,
    delivery: 'sent',
    localId: null,
    error: null,
    ...overrides,
  };
};

const PICTURE = 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"/>';
const TIMELINE: ChatMessage[] = [
  message({ timestamp: at(3_000), content: 'Yesterday, or before' }),
  message({ message_type: 'system', sender: null, content: 'Cleo came in' }),
  message({ content: 'http://a.example '.repeat(101) }),
  message({ content: 'And this', sender: ben }),
  message({
    sender: cleo,
    reply_to: { id: 1, content: 'Yesterday, or before', sender: 'Ben' },
    reactions: [{ emoji: '👍', user_ids: [1] }],
  }),
  message({ sender: cleo, message_type: 'file', attachment: '/files/plan.pdf', content: '', edited_at: at(1) }),
  message({ sender: cleo, message_type: 'image', attachment: PICTURE, content: '' }),
  message({ sender: ana, is_read: true, content: 'Read by all' }),
  message({ sender: ana, timestamp: at(20), content: 'Stored' }),
  message({ sender: ana, timestamp: at(10), delivery: 'sending', localId: 'a', content: 'On its way' }),
  message({
    sender: ana,
    timestamp: at(1),
    delivery: 'failed',
    localId: 'b',
    content: 'Refused',
    error: new ChatError('forbidden', 'This room is closed.'),
  }),
];

const thread = (overrides: Partial<Thread> = {}): Thread => ({
  ...EMPTY_THREAD,
  loaded: true,
  timeline: TIMELINE,
  ...overrides,
});
const CONNECTED: ChatData = {
  ...INITIAL,
  phase: { is: 'connected' },
  user: { id: 1, username: 'ana' },
  roomsLoaded: true,
  rooms: [
    room(1, { unread_count: 3 }),
    room(2, { room_type: 'direct', participants: [ana, { ...ben, profile_picture: PICTURE }] }),
    room(3, { last_message: null }),
  ],
  threads: new Map([['1', thread()]]),
  selected: 1,
};

const NEXT = { attempt: 3, at: Date.now() + 9_000 };
const PHASES: ConnectionState[] = [
  { is: 'idle' },
  { is: 'connecting' },
  { is: 'connected' },
  { is: 'reconnecting', reason: 'connection_lost', next: NEXT },
  { is: 'polling', reason: 'websocket_blocked', next: NEXT },
  { is: 'offline', next: NEXT },
  { is: 'unauthorized', reason: 'token_expired' },
  { is: 'error', reason: 'server_unreachable', next: NEXT },
];

const FINDINGS: Finding[] = [
  { id: 'rest-rooms', verdict: 'pass', message: 'GET rooms/ exists.' },
  { id: 'origin', verdict: 'fail', message: 'The origin is refused.', fix: 'Allow it.' },
] as unknown as Finding[];

const FAILED_UPLOAD: Upload = {
  uploadId: 'u1',
  roomId: 1,
  name: 'plan.txt',
  mediaType: 'text/plain',
  size: 4,
  state: 'failed',
  progress: 0,
  error: new ChatError('server_error', 'The server cannot store it.'),
  isOnDevice: true,
};

/** A connection stub with fixed state. */
const stubConnection = (data: ChatData): ChatConnection =>
  ({
    data,
    state: data.phase.is,
    reason: { code: reasonOf(data.phase), message: { ...REASONS, ...LATER_REASONS }[reasonOf(data.phase)] },
    user: data.user,
    rooms: data.rooms,
    url: 'https://chat.example/',
    subscribe: () => () => {},
    on: () => () => {},
    openRoom: () => () => {},
    draft: () => Promise.resolve(''),
    loadOlder: () => Promise.resolve(),
    loadNewer: () => Promise.resolve(),
    loadNewest: () => Promise.resolve(),
    setAway() {},
    setViewing() {},
    selectRoom() {},
    saveDraft() {},
    typing() {},
    uploads: { add: () => Promise.resolve(FAILED_UPLOAD), discard: () => Promise.resolve() },
    diagnose(onFinding: (finding: Finding) => void) {
      FINDINGS.forEach(onFinding);
      return Promise.resolve({ findings: FINDINGS });
    },
  }) as unknown as ChatConnection;

export interface ElementState {
  name: string;
  tag: keyof HTMLElementTagNameMap;
  data: ChatData;
  template: TemplateResult;
  /** Interaction before the assertion. */
  interact?: (element: HTMLElement) => Promise<void> | void;
}

const click =
  (selector: string, shows: string) =>
  async (element: HTMLElement): Promise<void> => {
    element.shadowRoot!.querySelector<HTMLElement>(selector)!.click();
    await waitUntil(() => element.shadowRoot!.querySelector(shows), shows);
  };
const type = (words: string) => (element: HTMLElement) => {
  const field = element.shadowRoot!.querySelector('textarea')!;
  field.value = words;
  field.dispatchEvent(new Event('input'));
  field.focus();
};
function dragged(type: string): DragEvent {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(['plan'], 'plan.txt', { type: 'text/plain' }));
  return new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true, composed: true });
}
const hover =
  (selector: string) =>
  async (element: HTMLElement): Promise<void> => {
    const { x, y, width, height } = element.shadowRoot!.querySelector(selector)!.getBoundingClientRect();
    await sendMouse({ type: 'move', position: [Math.round(x + width / 2), Math.round(y + height / 2)] });
  };

const threadState = (
  name: string,
  overrides: Partial<Thread>,
  data: Partial<ChatData> = {},
  interact?: ElementState['interact'],
): ElementState => ({
  name,
  tag: 'chat-thread',
  data: { ...CONNECTED, threads: new Map([['1', thread(overrides)]]), ...data },
  template: html`<chat-thread></chat-thread>`,
  ...(interact && { interact }),
});

export const ELEMENT_STATES: ElementState[] = [
  ...PHASES.map((phase): ElementState => ({
    name: phase.is,
    tag: 'chat-connection',
    data: { ...CONNECTED, phase },
    template: html`<chat-connection></chat-connection>`,
  })),
  ...PHASES.map((phase): ElementState => ({
    name: phase.is,
    tag: 'chat-status',
    data: { ...CONNECTED, phase },
    template: html`<chat-status always></chat-status>`,
  })),
  {
    name: 'details',
    tag: 'chat-status',
    data: { ...CONNECTED, phase: PHASES.at(-1)! },
    template: html`<chat-status></chat-status>`,
    interact: async (element) => {
      await click('[part=details]', '[part=copy]')(element);
      Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true });
      await click('[part=copy]', '[part=text]')(element);
      Reflect.deleteProperty(navigator, 'clipboard');
    },
  },
  { name: 'rooms', tag: 'chat-rooms', data: CONNECTED, template: html`<chat-rooms></chat-rooms>` },
  {
    name: 'a room under the pointer',
    tag: 'chat-rooms',
    data: CONNECTED,
    template: html`<chat-rooms></chat-rooms>`,
    interact: hover('[role=option]:not([aria-selected=true])'),
  },
  { name: 'no rooms', tag: 'chat-rooms', data: { ...CONNECTED, rooms: [] }, template: html`<chat-rooms></chat-rooms>` },
  {
    name: 'loading',
    tag: 'chat-rooms',
    data: { ...CONNECTED, rooms: [], roomsLoaded: false, phase: { is: 'connecting' } },
    template: html`<chat-rooms></chat-rooms>`,
  },
  threadState('messages', { typing: [{ userId: 2, username: 'ben' }] }),
  threadState('no messages', { timeline: [] }),
  threadState('loading', { loaded: false, timeline: [], loading: 'newest' }),
  threadState('loading older messages', { hasOlder: true, loading: 'older' }),
  threadState('some messages skipped', { skipped: true, hasOlder: true }),
  threadState('loading failed', {
    loaded: false,
    timeline: [],
    error: new ChatError('unreachable', 'The server cannot be reached.'),
  }),
  threadState(
    'too long',
    {},
    { limits: { content: 5, attachment_bytes: undefined, rate: undefined } },
    type('too long for it'),
  ),
  threadState(
    'nearly too long',
    {},
    { limits: { content: 10, attachment_bytes: undefined, rate: undefined } },
    type('ten chars'),
  ),
  threadState('a file', {}, { uploads: new Map([['u1', FAILED_UPLOAD]]) }, async (element) => {
    await waitUntil(() => element.shadowRoot!.querySelector('[part=attach]'), 'the button for files');
    const input = element.shadowRoot!.querySelector<HTMLInputElement>('input[type=file]')!;
    input.files = dragged('dragover').dataTransfer!.files;
    input.dispatchEvent(new Event('change'));
    await waitUntil(() => element.shadowRoot!.querySelector('[part=upload-retry]'), 'the file');
  }),
  threadState('a dragged file', {}, {}, async (element) => {
    await waitUntil(() => element.shadowRoot!.querySelector('[part=attach]'), 'the button for files');
    element.dispatchEvent(dragged('dragover'));
    await waitUntil(() => element.shadowRoot!.querySelector('[part=drop]'), 'the target');
  }),
  threadState('scrolled up', { timeline: Array.from({ length: 80 }, () => message({})) }, {}, async (element) => {
    const scroller = element.shadowRoot!.querySelector('[part=messages]')!;
    // Repeated: the list stays at its end until the heights of the first rows are known.
    await waitUntil(() => {
      scroller.scrollTop = 0;
      return element.shadowRoot!.querySelector('[part=jump]');
    }, 'the button that jumps to the latest message');
  }),
  { name: 'read only', tag: 'chat-thread', data: CONNECTED, template: html`<chat-thread readonly></chat-thread>` },
  {
    name: 'no room',
    tag: 'chat-thread',
    data: { ...CONNECTED, selected: null },
    template: html`<chat-thread></chat-thread>`,
  },
  { name: 'closed', tag: 'chat-launcher', data: CONNECTED, template: html`<chat-launcher></chat-launcher>` },
  {
    name: 'nothing unread',
    tag: 'chat-launcher',
    data: { ...CONNECTED, rooms: [room(3, {})] },
    template: html`<chat-launcher></chat-launcher>`,
  },
  { name: 'open', tag: 'chat-launcher', data: CONNECTED, template: html`<chat-launcher open></chat-launcher>` },
];

/** Renders a stage. @returns its element, after rendering. */
export async function renderState({ tag, data, template, interact }: ElementState): Promise<HTMLElement> {
  // Stores whether a launcher was open.
  sessionStorage.clear();
  const host = await fixture<HTMLElement>(html`<div class="stage"></div>`);
  provide(host, stubConnection(data));
  const { render } = await import('lit');
  render(template, host);
  const element = host.querySelector<HTMLElement & { updateComplete: Promise<boolean> }>(tag)!;
  await element.updateComplete;
  await new Promise((resolve) => setTimeout(resolve, 50));
  await interact?.(element);
  await new Promise((resolve) => requestAnimationFrame(resolve));
  return element;
}
