export * from './bodies.js';
export * from './close-codes.js';
export * from './codec.js';
export * from './entities.js';
export * from './ids.js';
export * from './notifications.js';
export * from './problem.js';
export * from './server-frames.js';
export type { ClientFrame, NotificationAction } from './client-frames.js';
