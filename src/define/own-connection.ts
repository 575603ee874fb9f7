/** For an element imported without `<chat-connection>`: loads the connection once the element has a `token`. */
import { setConnectionLoader } from '../controllers/index.js';

setConnectionLoader(() => import('../headless.js').then(({ ChatConnection }) => ChatConnection));
