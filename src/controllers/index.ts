export * from './connection-controller.js';
export * from './context.js';
export { connectWith, loadConnectionWith, registerConnection } from './connection-registry.js';
