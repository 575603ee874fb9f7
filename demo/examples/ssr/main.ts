// Replaces the import of 'unified-chat': hydrates the markup rendered by the server.
import 'unified-chat/hydrate';
import type {} from 'unified-chat';

const show = (id: string, value: string | number): void => {
  document.getElementById(id)!.textContent = String(value);
};
document.addEventListener('chat-state-change', ({ state }) => show('state', state));
document.addEventListener('chat-unread-change', ({ total }) => show('unread', total));
document.addEventListener('chat-before-send', (event) => {
  if ((document.getElementById('quiet') as HTMLInputElement).checked) event.preventDefault();
});
