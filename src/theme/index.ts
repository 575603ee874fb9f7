export * from './host.js';
export * from './icons.js';
