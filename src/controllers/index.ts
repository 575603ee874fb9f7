export * from './connection-controller.js';
export * from './context.js';
export { registerConnection, setConnectionClass, setConnectionLoader } from './connection-registry.js';
