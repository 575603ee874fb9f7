/** Ana and Ben, each behind a fault proxy that the panel controls. The page uses the public API only. */

const NAMES = { ana: 'Ana', ben: 'Ben' };
const template = document.querySelector('#person');

async function fetchToken(name, expiresIn = 3600) {
  const response = await fetch(`/demo/token/${name}?expires_in=${expiresIn}`);
  return (await response.json()).token;
}

const setFault = (name, query) => fetch(`/demo/faults/${name}?${query}`);

for (const name of Object.keys(NAMES)) void showPerson(name);

async function showPerson(name) {
  const section = template.content.cloneNode(true).firstElementChild;
  section.id = name;
  section.querySelector('h2').textContent = NAMES[name];
  const connection = section.querySelector('chat-connection');
  connection.setAttribute('url', new URL(`/line/${name}`, location.href).href);
  document.querySelector('#people').append(section);

  const log = section.querySelector('.log');
  const note = (event, detail) => {
    const item = document.createElement('li');
    const strong = document.createElement('b');
    strong.textContent = event;
    item.append(strong, ` ${detail}`);
    log.prepend(item);
    while (log.children.length > 50) log.lastElementChild.remove();
  };

  connection.addEventListener('chat-state-change', ({ state, reason }) => note(state, reason.message));
  connection.addEventListener('chat-send', ({ method, message }) =>
    note('sent', `method: '${method}' · ${message.content}`),
  );
  connection.addEventListener('chat-send-failed', ({ error }) => note('not sent', error.message));
  connection.addEventListener('chat-message', ({ message }) => note('received', message.content));
  connection.addEventListener('chat-unread-change', ({ total }) => note('unread', String(total)));
  connection.addEventListener('chat-error', ({ code, message }) => note(code, message));
  connection.addEventListener('chat-token-expired', (event) => {
    if (section.querySelector('[data-renew]').checked) event.respondWith(fetchToken(name));
  });

  const actions = {
    cut: () => setFault(name, 'cut'),
    expire: async () => (connection.token = await fetchToken(name, 3)),
    corrupt: () => (connection.token = `${connection.token ?? ''}x`),
    'sign-out': () => (connection.token = ''),
    'sign-in': async () => (connection.token = await fetchToken(name)),
  };
  section.addEventListener('click', ({ target }) => void actions[target.dataset.do]?.());
  section.addEventListener('change', ({ target }) => {
    const { fault } = target.dataset;
    if (!fault) return;
    for (const other of section.querySelectorAll(`[data-fault=${fault}]`)) if (other !== target) other.checked = false;
    const value = target.checked ? target.value : fault === 'delay' ? '0' : 'pass';
    void setFault(name, `${fault}=${value}`);
    // The fault blocks new sockets only, so the open one is cut.
    if (fault === 'socket' && target.checked) void setFault(name, 'cut');
  });

  // The proxy keeps its faults across reloads; the page starts without any.
  await setFault(name, 'socket=pass&rest=pass&delay=0');
  connection.token = await fetchToken(name);
  customElements.whenDefined('chat-rooms').then(() => connection.connection.selectRoom(1));
}
