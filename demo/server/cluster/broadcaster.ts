/** Brings what happened to the sockets of this process, and to the other processes. */
import type { Bus, News, Telling } from './bus.js';
import type { Differences } from '../quirks.js';
import type { Hub } from '../socket/hub.js';
import { Sequencer } from './reorder-buffer.js';

interface Parts {
  hub: Hub;
  bus: Bus;
  differences: Differences;
  /** Finds the news of a room after a seq, or nothing where that fails. */
  fetch(roomId: number, after: number): Promise<News[]>;
  /** Rings for a message at the notifications sockets here. */
  ring(messageId: number, userIds: number[]): void;
}

export class Delivery {
  /** What is told of rooms, in order. */
  readonly sequencer: Sequencer<News>;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.sequencer = new Sequencer((news) => this.#toMembers(news), parts.fetch);
    parts.bus.listen((telling) => this.#deliver(telling));
  }

  /** Tells everybody, here and elsewhere. */
  tell(telling: Telling): void {
    // Here at once: no bus has to work for that.
    this.#deliver(telling);
    this.#parts.bus.publish(telling);
  }

  close(): void {
    this.sequencer.close();
  }

  #deliver(telling: Telling): void {
    const { hub, ring } = this.#parts;
    switch (telling.to) {
      case 'members':
        return this.sequencer.accept(telling.news);
      case 'looking':
        for (const connection of hub.subscribers(telling.roomId)) {
          if (connection.userId !== telling.except) telling.frames.forEach((frame) => connection.send(frame));
        }
        return;
      case 'users':
        for (const userId of telling.userIds) for (const connection of hub.ofUser(userId)) telling.frames.forEach((frame) => connection.send(frame));
        return;
      case 'bells':
        return ring(telling.bell.messageId, telling.bell.userIds);
      default:
        return telling satisfies never;
    }
  }

  #toMembers({ roomId, frame, updates, members, bell }: News): void {
    const { hub, differences, ring } = this.#parts;
    const shared = frame ? differences.frames(frame) : [];
    for (const { userId, unread } of members) {
      const connections = hub.ofUser(userId);
      if (connections.length === 0) continue;
      const frames: object[] = [...shared];
      if (updates) frames.push({ type: 'room_updated', room_id: roomId, updates: { ...updates, unread_count: unread }, timestamp: new Date() });
      for (const connection of connections) frames.forEach((each) => connection.send(each));
    }
    if (bell) ring(bell.messageId, bell.userIds);
  }
}
