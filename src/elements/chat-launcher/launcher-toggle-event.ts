import { BUBBLING } from '../events.js';

/** `chat-launcher-toggle`: the launcher's panel was opened or closed. */
export class ChatLauncherToggleEvent extends Event {
  constructor(
    /** The new state. */
    readonly open: boolean,
  ) {
    super('chat-launcher-toggle', BUBBLING);
  }
}

declare global {
  interface GlobalEventHandlersEventMap {
    'chat-launcher-toggle': ChatLauncherToggleEvent;
  }
}
