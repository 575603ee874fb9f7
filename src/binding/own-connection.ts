/** For an element that was imported without `<chat-connection>` and has a token of its own: loaded then (page.ts). */
import { ChatConnection } from '../store/index.js';

export const open = (config: { url: string | undefined; token: string }): ChatConnection => new ChatConnection(config);
