/** What the servers have before a scenario. */
import { DAN, mark, OTHER, OWNER_RIGHTS, ROOMS_OF, type ModelServer } from '../support/model-server.js';

/** Messages from before the scenario, of both members of each room. */
export function fill(server: ModelServer, count: number): void {
  for (let n = 0; n < count; n++)
    for (const [person, rooms] of Object.entries(ROOMS_OF))
      for (const room of rooms)
        server.store(room, n % 2 ? OTHER : Number(person), `old ${mark(server.tenant, Number(person))} ${100_000 + n}`);
}

/** The users own all of their rooms, and each has one group more. */
export function createGroups(server: ModelServer): void {
  for (const [person, rooms] of Object.entries(ROOMS_OF)) {
    for (const room of rooms) server.permit(room, OWNER_RIGHTS);
    server.createRoom(Number(person), { userIds: [OTHER, DAN], name: 'Old group' }, 'an old key');
  }
}
