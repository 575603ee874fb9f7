/** For an element that is imported without `<chat-connection>`: what its own `token` needs is loaded when it has one. */
import { loadConnectionWith } from '../controllers/index.js';

loadConnectionWith(() => import('../headless.js').then(({ ChatConnection }) => ChatConnection));
