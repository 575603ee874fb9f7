/** The marketplace page: `/` is Ana, `/?user=ben` is Ben. */
const query = new URLSearchParams(location.search);
const user = query.get('user') === 'ben' ? 'ben' : 'ana';
document.querySelector('chat-connection').setAttribute('token-url', `/demo/token/${user}`);
for (const element of document.querySelectorAll('[data-for]')) element.hidden = element.dataset.for !== user;

// The number of unread messages, in the header of the marketplace.
document.addEventListener('chat-unread-change', ({ total }) => {
  document.querySelector('#unread').hidden = total === 0;
  document.querySelector('#unread-count').textContent = total;
});

// A narrow inbox shows either the list or the conversation.
const panes = document.querySelector('.panes');
const toggle = document.querySelector('#list-toggle');
function showList(isList) {
  panes.classList.toggle('shows-list', isList);
  toggle.setAttribute('aria-expanded', isList);
}
toggle.addEventListener('click', () => showList(toggle.getAttribute('aria-expanded') !== 'true'));

document.addEventListener('chat-room-select', ({ roomId }) => {
  for (const about of document.querySelectorAll('.about')) about.hidden = about.dataset.room !== String(roomId);
  const hadList = panes.classList.contains('shows-list');
  showList(false);
  // The list had the focus and is hidden now.
  if (hadList) toggle.focus();
});

// Opens a pop-up beside this window, so that both users are visible. If it is blocked, or with Ctrl or the middle button,
// the link opens a tab.
for (const link of document.querySelectorAll('[data-second-window]')) {
  link.addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const { availWidth, availHeight } = window.screen;
    const width = Math.min(760, Math.round(availWidth / 2));
    if (
      window.open(
        link.href,
        `unified-chat-${user}-other`,
        `popup,width=${width},height=${availHeight},left=${availWidth - width},top=0`,
      )
    )
      event.preventDefault();
  });
}
