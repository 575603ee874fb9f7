/** Registers all elements, `<chat-connection>` first: the package's only side effect. Safe to run more than once. */
import './define/chat-connection.js';
import './define/chat-rooms.js';
import './define/chat-thread.js';
import './define/chat-status.js';
import './define/chat-launcher.js';
