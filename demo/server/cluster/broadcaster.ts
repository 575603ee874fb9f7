/** Delivers events to the sockets of this process and publishes them to the other processes. */
import type { Bus, BusMessage, RoomUpdate } from './bus.js';
import type { Differences } from '../quirks.js';
import type { Hub } from '../socket/hub.js';
import { ReorderBuffer } from './reorder-buffer.js';

interface Dependencies {
  hub: Hub;
  bus: Bus;
  differences: Differences;
  /** Reads the updates of a room after a seq. Resolves with an empty list on failure. */
  readUpdates(roomId: number, after: number): Promise<RoomUpdate[]>;
  /** Sends the notifications of a message to the notification sockets of this process. */
  sendNotifications(messageId: number, userIds: number[]): void;
}

export class Broadcaster {
  /** Room updates, delivered in seq order. */
  readonly reorderBuffer: ReorderBuffer<RoomUpdate>;
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    this.reorderBuffer = new ReorderBuffer((update) => this.#deliverToMembers(update), dependencies.readUpdates);
    dependencies.bus.listen((message) => this.#deliver(message));
  }

  /** Delivers to all affected sockets, in this process and in the others. */
  broadcast(message: BusMessage): void {
    // Local delivery does not wait for the bus.
    this.#deliver(message);
    this.#dependencies.bus.publish(message);
  }

  close(): void {
    this.reorderBuffer.close();
  }

  #deliver(message: BusMessage): void {
    const { hub, sendNotifications } = this.#dependencies;
    switch (message.to) {
      case 'members':
        return this.reorderBuffer.accept(message.update);
      case 'subscribers':
        for (const connection of hub.subscribers(message.roomId)) {
          if (connection.userId !== message.except) message.frames.forEach((frame) => connection.send(frame));
        }
        return;
      case 'users':
        for (const userId of message.userIds)
          for (const connection of hub.connectionsOf(userId)) message.frames.forEach((frame) => connection.send(frame));
        return;
      case 'notified':
        return sendNotifications(message.notification.messageId, message.notification.userIds);
      default:
        return message satisfies never;
    }
  }

  #deliverToMembers({ roomId, frame, updates, members, notification }: RoomUpdate): void {
    const { hub, differences, sendNotifications } = this.#dependencies;
    const shared = frame ? differences.frames(frame) : [];
    const timestamp = new Date();
    /** By the unread count: a frame is serialised once for all members who get the same. */
    const updated = new Map<number, object>();
    for (const { userId, unread } of members) {
      const connections = hub.connectionsOf(userId);
      if (connections.length === 0) continue;
      const frames: object[] = [...shared];
      if (updates) {
        const type = 'room_updated';
        if (!updated.has(unread))
          updated.set(unread, { type, room_id: roomId, updates: { ...updates, unread_count: unread }, timestamp });
        frames.push(updated.get(unread)!);
      }
      for (const connection of connections) frames.forEach((each) => connection.send(each));
    }
    if (notification) sendNotifications(notification.messageId, notification.userIds);
  }
}
