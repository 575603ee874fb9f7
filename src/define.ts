/** The only side effect of the package: registers the elements, the connection first, each at most once. */
import './define/chat-connection.js';
import './define/chat-rooms.js';
import './define/chat-thread.js';
import './define/chat-status.js';
import './define/chat-launcher.js';
