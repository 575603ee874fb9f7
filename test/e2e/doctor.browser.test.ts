/** The doctor in a real browser, with a real backend. A browser reveals less about a failure than Node. */
import { expect } from '@open-wc/testing';
import type { Report } from '../../src/doctor/index.js';
import { ChatConnection } from '../../src/headless.js';
import { startBackend, type Backend } from '../support/backend.js';

const failures = ({ findings }: Report): string[] =>
  findings.flatMap(({ verdict, id, message }) => (verdict === 'fail' ? [`${id}: ${message}`] : []));

for (const baseline of [false, true]) {
  describe(`the doctor in a browser, ${baseline ? 'baseline' : 'full'} backend`, () => {
    let backend: Backend;
    let token: string;
    before(async () => {
      backend = await startBackend({ baseline });
      token = await backend.token(1);
    });
    after(() => backend.end());

    it('reports no failure of a healthy backend', async () => {
      const reported: string[] = [];
      const report = await new ChatConnection({ url: backend.url, token }).diagnose(({ id }) => reported.push(id));
      expect(failures(report)).to.deep.equal([]);
      expect(reported).to.deep.equal(report.findings.map(({ id }) => id));
      for (const id of ['token.query', 'origin.allowed', 'socket.room-list', 'rooms.unread', 'cors.origin', 'rest.401'])
        expect(report.findings.find((each) => each.id === id)?.verdict, id).to.equal('pass');
      for (const id of ['socket.bad-token', 'rest.bad-token', 'send.socket', 'history.contains-sent'])
        expect(report.findings.find((each) => each.id === id)?.verdict, id).to.equal('skipped');
    });

    it('reports a refused WebSocket, without its cause', async () => {
      await backend.faults({ socket: 'strip' });
      const report = await new ChatConnection({
        url: backend.url,
        token: 'stale',
        tokenProvider: () => Promise.resolve(token),
      }).diagnose();
      await backend.faults({ socket: 'pass' });
      expect(failures(report)).to.have.length(1);
      expect(failures(report)[0]).to.match(
        /^socket\.upgrade: REST works with this token, but the WebSocket handshake is refused/,
      );
    });

    it('distinguishes an unreachable server from a rejected token', async () => {
      const refused = await new ChatConnection({ url: backend.url, token: 'no token at all' }).diagnose();
      expect(failures(refused)[0]).to.match(/^token\.rest: REST rejected the token with 401/);
      expect(JSON.stringify(refused)).not.to.contain('no token at all');
      await backend.faults({ rest: 'refuse', socket: 'refuse' });
      const unreachable = await new ChatConnection({ url: backend.url, token }).diagnose();
      await backend.faults({ rest: 'pass', socket: 'pass' });
      expect(failures(unreachable)).to.have.length(1);
      expect(failures(unreachable)[0]).to.match(/^rest\.reachable: .* cannot be reached from this browser/);
    });
  });
}

describe('the doctor on a site that the backend does not allow', () => {
  it('names the site as the cause', async () => {
    const backend = await startBackend({ allowedOrigins: [] });
    const report = await new ChatConnection({ url: backend.url, token: await backend.token(1) }).diagnose();
    await backend.end();
    expect(failures(report)).to.have.length(1);
    expect(failures(report)[0])
      .to.contain('cors.preflight: The server answers, but the browser blocks the requests of')
      .and.to.contain(location.origin);
  });
});
