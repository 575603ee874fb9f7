export * from './avatar.js';
export * from './host.js';
export * from './icons.js';
