/** The doctor in a page, with a real browser and backend, limited to what a page can observe. */
import { expect } from '@open-wc/testing';
import type { Report } from '../../src/doctor/index.js';
import { ChatConnection } from '../../src/headless.js';
import { startBackend, type Backend } from '../support/backend.js';

const wrong = ({ findings }: Report): string[] => findings.flatMap(({ verdict, id, says }) => (verdict === 'wrong' ? [`${id}: ${says}`] : []));

for (const baseline of [false, true]) {
  describe(`the doctor in a page, ${baseline ? 'baseline' : 'full'} backend`, () => {
    let backend: Backend;
    let token: string;
    before(async () => {
      backend = await startBackend({ baseline });
      token = await backend.token(1);
    });
    after(() => backend.end());

    it('finds no problem in a healthy one', async () => {
      const told: string[] = [];
      const report = await new ChatConnection({ url: backend.url, token }).diagnose(({ id }) => told.push(id));
      expect(wrong(report)).to.deep.equal([]);
      expect(told).to.deep.equal(report.findings.map(({ id }) => id));
      for (const id of ['token.query', 'origin.allowed', 'socket.room-list', 'rooms.unread', 'cors.origin', 'rest.401']) expect(report.findings.find((each) => each.id === id)?.verdict, id).to.equal('pass');
      for (const id of ['socket.bad-token', 'rest.bad-token', 'send.socket', 'history.holds']) expect(report.findings.find((each) => each.id === id)?.verdict, id).to.equal('skipped');
    });

    it('reports what a page can know about a socket that does not open', async () => {
      await backend.faults({ socket: 'strip' });
      const report = await new ChatConnection({ url: backend.url, token: 'stale', tokenProvider: () => Promise.resolve(token) }).diagnose();
      await backend.faults({ socket: 'pass' });
      expect(wrong(report)).to.have.length(1);
      expect(wrong(report)[0]).to.match(/^socket\.upgrade: REST works with this token, and the WebSocket is refused/);
    });

    it('reports an unreachable server, and a rejected token', async () => {
      const refused = await new ChatConnection({ url: backend.url, token: 'no token at all' }).diagnose();
      expect(wrong(refused)[0]).to.match(/^token\.rest: REST refuses the token with 401/);
      expect(JSON.stringify(refused)).not.to.contain('no token at all');
      await backend.faults({ rest: 'refuse', socket: 'refuse' });
      const gone = await new ChatConnection({ url: backend.url, token }).diagnose();
      await backend.faults({ rest: 'pass', socket: 'pass' });
      expect(wrong(gone)).to.have.length(1);
      expect(wrong(gone)[0]).to.match(/^rest\.reachable: .* cannot be reached from this browser/);
    });
  });
}

describe('the doctor on a page whose origin is not allowed', () => {
  it('reports the origin', async () => {
    const backend = await startBackend({ allowedOrigins: [] });
    const report = await new ChatConnection({ url: backend.url, token: await backend.token(1) }).diagnose();
    await backend.end();
    expect(wrong(report)).to.have.length(1);
    expect(wrong(report)[0]).to.contain('cors.preflight: The server answers, and the browser does not let').and.to.contain(location.origin);
  });
});
