/** Uploads in a real browser: progress, cut connections, a refused token, and files on the device. */
import { aTimeout, expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import type { Upload } from '../../src/model/index.js';
import { IndexedDbFiles } from '../../src/session/uploads/file-storage.js';
import { startBackend, type Backend } from '../support/backend.js';
import { until } from '../support/mounted.js';

const ROOM = 1;
/** More than the buffers of the system take at once. */
const BYTES = 24_000_000;

const fileOf = (bytes = BYTES): File => new File([new Uint8Array(bytes).fill(97)], 'large.txt', { type: 'text/plain' });

describe('13.5: uploads in a browser', function () {
  this.timeout(30_000);
  let backend: Backend;
  let connections: ChatConnection[] = [];

  before(async () => (backend = await startBackend({ limits: { attachmentBytes: 30_000_000 } })));
  afterEach(async () => {
    for (const chat of connections) chat.disconnect();
    connections = [];
    await backend.proxy.heal();
    await backend.faults({ bytesPerSecond: 0 });
  });
  after(() => backend.end());

  const connect = async (): Promise<ChatConnection> => {
    let token = await backend.token(1);
    const chat = new ChatConnection(
      { url: backend.url, token, tokenProvider: async () => (token = await backend.token(1)) },
      { random: () => 0.1 },
    );
    connections.push(chat);
    chat.openRoom(ROOM);
    chat.connect();
    await until(() => chat.state === 'connected' && chat.data.threads.get(`${ROOM}`)?.loaded === true);
    return chat;
  };
  const uploadOf = (chat: ChatConnection, { uploadId }: Upload): Upload | undefined => chat.data.uploads.get(uploadId);
  const untilGone = async (files: IndexedDbFiles, uploadId: string): Promise<void> => {
    while (await files.get(scope(), uploadId)) await aTimeout(5);
  };
  const scope = (): string => `${backend.url}/api/chat/ ${backend.url.replace('http', 'ws')}/ws/chat/ 1`;

  it('reports its state at once, and its progress', async () => {
    const chat = await connect();
    await chat.uploads.pause();
    await chat.uploads.resume();
    await backend.faults({ bytesPerSecond: 8_000_000 });
    const file = fileOf();
    const seen: number[] = [];
    const started = performance.now();
    let shownAfter = Infinity;
    chat.subscribe(({ uploads }) => {
      shownAfter = Math.min(shownAfter, performance.now() - started);
      for (const { progress } of uploads.values()) seen.push(progress);
    });
    const upload = await chat.uploads.add(ROOM, file);
    await until(() => uploadOf(chat, upload)?.state === 'finished');
    // Before the file is read, stored or sent. The limit is that of a busy machine: 100 ms are the aim.
    expect(shownAfter).to.be.below(1_000);
    expect(seen.some((progress) => progress > 0 && progress < 1)).to.equal(true);
    expect([...seen].sort((a, b) => a - b)).to.deep.equal(seen);
    const { message } = await chat.sendChatMessage(ROOM, '', { attachments: [upload.uploadId] });
    expect(message.attachments).to.have.length(1);
    expect(message.attachments![0]!.size).to.equal(BYTES);
  });

  it('a connection that is cut in the middle: the file is uploaded again by itself, and sent once', async () => {
    const chat = await connect();
    await backend.faults({ bytesPerSecond: 8_000_000 });
    const upload = await chat.uploads.add(ROOM, fileOf());
    const sent = chat.sendChatMessage(ROOM, 'cut', { attachments: [upload.uploadId] });
    await until(() => (uploadOf(chat, upload)?.progress ?? 0) > 0.3);
    await backend.proxy.setListening(false);
    await until(() => uploadOf(chat, upload)?.state === 'pending' && uploadOf(chat, upload)?.error != null);
    expect(uploadOf(chat, upload)!.error!.code).to.equal('unreachable');
    await backend.faults({ bytesPerSecond: 0 });
    await backend.proxy.setListening(true);
    expect((await sent).message.attachments).to.have.length(1);
    expect(await backend.stored(ROOM, 'cut')).to.equal(1);
  });

  it('a token that is refused during an upload is renewed, and the upload repeated', async () => {
    const chat = await connect();
    const rule = await backend.proxy.rule({
      on: 'request',
      path: '/uploads/',
      method: 'POST',
      do: 'answer',
      status: 401,
      body: '{"detail": "Token expired", "code": "token_expired"}',
      headers: { 'Content-Type': 'application/json' },
      times: 1,
    });
    const upload = await chat.uploads.add(ROOM, fileOf(1_000));
    const { message } = await chat.sendChatMessage(ROOM, 'renewed', { attachments: [upload.uploadId] });
    expect(message.attachments).to.have.length(1);
    expect(await backend.proxy.timesApplied(rule)).to.equal(1);
  });

  it('the file is on the device until its message is stored: another page sends it', async () => {
    const files = new IndexedDbFiles();
    const first = await connect();
    await first.uploads.pause();
    const upload = await first.uploads.add(ROOM, fileOf(1_000));
    expect(upload.isOnDevice).to.equal(true);
    void first.sendChatMessage(ROOM, 'after a reload', { attachments: [upload.uploadId] }).catch(() => {});
    await until(() => first.messages(ROOM).at(-1)?.content === 'after a reload');
    first.disconnect();
    expect((await files.list(scope())).map(({ uploadId }) => uploadId)).to.include(upload.uploadId);

    const second = await connect();
    await until(() => {
      const last = second.messages(ROOM).at(-1);
      return last?.content === 'after a reload' && last.delivery === 'sent';
    });
    expect(second.messages(ROOM).at(-1)!.attachments![0]!.size).to.equal(1_000);
    await untilGone(files, upload.uploadId);
  });

  it('an image becomes the picture of a room, which all members can load', async () => {
    const chat = await connect();
    const members = [2, 3];
    const created = await fetch(`${backend.url}/api/chat/rooms/`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${await backend.token(1)}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ user_ids: members, name: 'Pictures' }),
    });
    const { room } = (await created.json()) as { room: { id: number } };
    await until(() => chat.data.rooms.some(({ id }) => id === room.id));
    const canvas = new OffscreenCanvas(8, 8);
    canvas.getContext('2d')!.fillRect(0, 0, 8, 8);
    await chat.room(room.id).changePicture(await canvas.convertToBlob({ type: 'image/png' }));
    const pictureOf = (): string | null | undefined => chat.data.rooms.find(({ id }) => id === room.id)?.picture;
    const image = new Image();
    image.src = new URL(pictureOf()!, backend.url).href;
    await image.decode();
    expect(image.naturalWidth).to.equal(8);
    const refused = await chat
      .room(room.id)
      .changePicture(fileOf(10))
      .catch((thrown: unknown) => thrown);
    expect(refused).to.have.property('code', 'unsupported_type');
    await chat.room(room.id).changePicture(null);
    expect(pictureOf()).to.equal(null);
  });

  it('deleting all local data deletes the files', async () => {
    const chat = await connect();
    await chat.uploads.pause();
    const { uploadId } = await chat.uploads.add(ROOM, fileOf(1_000));
    const files = new IndexedDbFiles();
    expect(await files.get(scope(), uploadId)).not.to.equal(undefined);
    await chat.clearLocalData();
    expect(await files.list(scope())).to.deep.equal([]);
    await until(() => chat.data.uploads.size === 0);
  });
});
