export * from './avatar.js';
export * from './base-styles.js';
export * from './contrast.js';
export * from './fill-styles.js';
export * from './icons.js';
export { registerProperty } from './tokens.js';
