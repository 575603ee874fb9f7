/** How many sockets a user and an address may have. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ANA, BEN, openSocket, within, withServer, type Client } from './support.js';

it('12.21: limits the sockets of a user; one more closes the oldest', () =>
  withServer({ limits: { socketsPerUser: 2 } }, async (server) => {
    const open = async (userId: number): Promise<Client> => openSocket(server, await server.signToken(userId));
    const ben = await open(BEN);
    const clients = [await open(ANA), await open(ANA), await open(ANA)];
    assert.equal((await within(clients[0]!.closed, 'the oldest to be closed')).code, 1013);
    for (const client of [...clients.slice(1), ben]) await client.ask({ type: 'ping' }, 'pong');
    for (const client of [...clients, ben]) client.close();
  }));

for (const trustProxy of [false, true]) {
  const header = trustProxy ? 'the header of a trusted proxy' : 'the connection, regardless of a header';
  it(`12.21: limits the sockets of an address, which it takes from ${header}`, () =>
    withServer({ trustProxy, limits: { socketsPerAddress: 2 } }, async (server) => {
      const token = await server.signToken(ANA);
      const from = (address: string): Promise<Client> =>
        openSocket(server, token, { headers: { 'X-Forwarded-For': `203.0.113.99, ${address}` } });
      const [first, second] = [await from('198.51.100.1'), await from('198.51.100.1')];
      await assert.rejects(from('198.51.100.1'), /refused 429/);
      if (trustProxy) (await from('198.51.100.2')).close();
      else await assert.rejects(from('198.51.100.2'), /refused 429/);
      // A closed socket makes room for another.
      first.close();
      await within(first.closed, 'the socket to be closed');
      const again = async (): Promise<Client> => from('198.51.100.1').catch(again);
      const third = await within(again(), 'a place to be free');
      for (const client of [second, third]) client.close();
    }));
}
