// Listeners on the document receive the events of elements that are added later, too.
const show = (id, value) => (document.getElementById(id).textContent = value);
document.addEventListener('chat-state-change', ({ state }) => show('state', state));
document.addEventListener('chat-unread-change', ({ total }) => show('unread', total));
document.addEventListener('chat-before-send', (event) => {
  if (document.getElementById('quiet').checked) event.preventDefault();
});
