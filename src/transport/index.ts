export * from './address.js';
export * from './clock.js';
export * from './errors.js';
export * from './rest.js';
export * from './socket.js';
