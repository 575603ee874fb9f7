import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, BEN, CLEO, join, openSocket, rest, ROOM, within, withServer } from './support.js';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe('limits', () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({
      allowedOrigins: ['https://shop.example'],
      accept: ['image/*', 'text/plain'],
      limits: { content: 10, rate: 3, bodyBytes: 500, attachmentBytes: 1000, frameBytes: 400 },
    });
  });
  after(() => server.close());

  it('are part of the greeting', async () => {
    const client = await openSocket(server, await server.signToken(ANA));
    const hello = await client.take('connection_established');
    assert.deepEqual(hello['limits'], {
      content: 10,
      attachment_bytes: 1000,
      rate: 3,
      attachments: 10,
      accept: ['image/*', 'text/plain'],
      upload: 'multipart',
    });
    assert.deepEqual((await rest(server, ANA, 'me/')).body.limits, hello['limits']);
    assert.deepEqual(
      [hello['protocol'], hello['capabilities'], hello['heartbeat_s']],
      [
        1,
        [
          'idempotent_send',
          'ack',
          'user_channel',
          'sync',
          'edit',
          'delete',
          'reactions',
          'token_refresh',
          'receipts',
          'permissions',
          'around',
          'mark_unread',
          'uploads',
          'people',
          'create_room',
          'manage_room',
          'room_settings',
          'room_pages',
          'delivered',
          'hide_receipts',
        ],
        25,
      ],
    );
    assert.match(String(hello['session']), /^[\da-f-]{36}$/);
    client.close();
  });

  it('on text length, counted in code points', async () => {
    const post = (content: string) => rest(server, CLEO, 'rooms/2/send_message/', { json: { room: 2, content } });
    assert.equal((await post('👍'.repeat(10))).status, 201);
    const { status, body } = await post('x'.repeat(11));
    assert.deepEqual([status, body], [400, { content: ['A message must not exceed 10 characters.'] }]);
  });

  it('on the rate, per user, across socket and REST', async () => {
    const ana = await join(server, ANA);
    for (let n = 0; n < 3; n++)
      await ana.ask({ type: 'send_message', room_id: ROOM, content: 'x', _tempId: `r${n}` }, 'message_ack');
    const error = await ana.ask({ type: 'send_message', room_id: ROOM, content: 'x', _tempId: 'r3' }, 'error');
    assert.deepEqual([error['code'], error['_tempId']], ['rate_limited', 'r3']);
    assert.ok(Number(error['retry_after']) >= 1);
    const refused = await rest(server, ANA, 'rooms/1/send_message/', {
      json: { room: 1, content: 'x' },
      headers: { Origin: 'https://shop.example' },
    });
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers.get('Retry-After')) >= 1);
    assert.equal(refused.headers.get('Access-Control-Allow-Origin'), 'https://shop.example');
    assert.equal(refused.body.code, 'rate_limited');
    assert.equal(
      (await rest(server, BEN, 'rooms/1/send_message/', { json: { room: 1, content: 'x' } })).status,
      201,
      'other users are not affected',
    );
    ana.close();
  });

  it('on the body size', async () => {
    const { status, body } = await rest(server, ANA, 'rooms/1/send_message/', {
      json: { room: 1, content: 'x'.repeat(600) },
    });
    assert.equal(status, 413);
    assert.equal(body.code, 'too_large');
    const stream = new Blob(['{"room":1,"content":"x"}']).stream();
    const endless = await rest(server, ANA, 'rooms/1/send_message/', {
      method: 'POST',
      body: stream,
      duplex: 'half',
    } as RequestInit);
    assert.deepEqual([endless.status, endless.body.detail], [400, 'Content-Length is required.']);
  });

  it('on the frame size: 1009, and the server survives', async () => {
    const ana = await join(server, ANA);
    ana.send('x'.repeat(401));
    assert.equal((await within(ana.closed, 'the close')).code, 1009);
    assert.equal((await rest(server, ANA, '/healthz')).body.status, 'ok');
  });

  it('survives a client that breaks off mid-frame', async () => {
    const token = await server.signToken(ANA);
    for (const path of ['/ws/chat/', '/ws/else/']) {
      const upgrade = request(`${server.url}${path}?token=${token}`, {
        headers: {
          Connection: 'Upgrade',
          Upgrade: 'websocket',
          'Sec-WebSocket-Version': '13',
          'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
        },
      });
      upgrade.on('error', () => {});
      upgrade.on('upgrade', (_response, socket) => {
        socket.on('error', () => {});
        socket.write(Buffer.from([0xff, 0xff, 0, 0, 1]));
        socket.destroy();
      });
      upgrade.end();
    }
    const ana = await join(server, ANA);
    assert.deepEqual(await ana.settle(), []);
    ana.close();
  });
});

describe('attachments', () => {
  const form = (
    name: string,
    type: string,
    bytes: Uint8Array<ArrayBuffer>,
    fields: Record<string, string> = { room: '1' },
  ): FormData => {
    const data = new FormData();
    for (const [key, value] of Object.entries(fields)) data.set(key, value);
    data.set('attachment', new File([bytes], name, { type }));
    return data;
  };
  const post = (server: RunningServer, body: FormData, key?: string) =>
    rest(server, ANA, 'rooms/1/send_message/', {
      method: 'POST',
      body,
      headers: key ? { 'Idempotency-Key': key } : {},
    });

  it('are served without a token; images inline, everything else as a download', () =>
    withServer({ limits: { attachmentBytes: 1000 } }, async (server) => {
      const image = await post(server, form('täble 1.png', 'image/png', new Uint8Array(PNG)));
      assert.deepEqual([image.status, image.body.message_type, image.body.content], [201, 'image', '']);
      const shown = await fetch(new URL(image.body.attachment, server.url));
      assert.deepEqual(
        [shown.status, shown.headers.get('Content-Type'), shown.headers.get('X-Content-Type-Options')],
        [200, 'image/png', 'nosniff'],
      );
      assert.equal(
        shown.headers.get('Content-Disposition'),
        `inline; filename="t_ble 1.png"; filename*=UTF-8''t%C3%A4ble%201.png`,
      );
      const { width, height, format } = await sharp(Buffer.from(await shown.arrayBuffer())).metadata();
      assert.deepEqual([width, height, format], [1, 1, 'png']);
      const page = await post(
        server,
        form('../evil.html', 'text/html', new TextEncoder().encode('<script>'), { room: '1', content: 'look' }),
      );
      assert.deepEqual([page.body.message_type, page.body.content], ['file', 'look']);
      const kept = await fetch(new URL(page.body.attachment, server.url));
      assert.equal(kept.headers.get('Content-Type'), 'application/octet-stream');
      assert.match(kept.headers.get('Content-Disposition') ?? '', /^attachment/);
      assert.equal(
        (await rest(server, ANA, 'rooms/1/messages/?limit=1')).body.messages[0].attachment,
        page.body.attachment,
      );
      const tooLarge = { detail: 'A file must not exceed 1000 bytes.', code: 'too_large' };
      assert.deepEqual((await post(server, form('big', 'text/plain', new Uint8Array(1001)))).body, tooLarge);
      assert.equal((await post(server, form('big', 'text/plain', new Uint8Array(1001)))).status, 413);
      assert.equal((await post(server, form('huge', 'text/plain', new Uint8Array(100_000)))).status, 413);
      for (const path of ['nothing/x', `${crypto.randomUUID()}/x`])
        assert.equal((await rest(server, null, `attachments/${path}`)).status, 404);
      const again = [
        await post(server, form('a.png', 'image/png', new Uint8Array(PNG)), 'file-1'),
        await post(server, form('a.png', 'image/png', new Uint8Array(PNG)), 'file-1'),
      ];
      assert.equal(again[0]!.body.attachment, again[1]!.body.attachment);
      const [{ n }] = (await server.database.query<{ n: number }>('select count(*)::int as n from attachments')) as [
        { n: number },
      ];
      assert.equal(n, 3, 'a repeated file is stored once');
    }));
});
