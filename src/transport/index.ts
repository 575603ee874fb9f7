export * from './address.js';
export * from './clock.js';
export * from './errors.js';
export * from './is-there.js';
export * from './rest.js';
export * from './send-message.js';
export * from './socket.js';
export * from './ticket.js';
