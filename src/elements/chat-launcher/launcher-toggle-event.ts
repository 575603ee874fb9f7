import { OUT } from '../events.js';

/** A launcher was opened or closed. */
export class ChatLauncherToggleEvent extends Event {
  constructor(readonly open: boolean) {
    super('chat-launcher-toggle', OUT);
  }
}

/** Of an element, of `document`, of `window`: it bubbles. */
declare global {
  interface GlobalEventHandlersEventMap {
    'chat-launcher-toggle': ChatLauncherToggleEvent;
  }
}
