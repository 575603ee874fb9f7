/** The selects for theme, language and direction. */
const root = document.documentElement;
const scheme = document.querySelector('meta[name=color-scheme]');
const onChange = (id, apply) =>
  document.querySelector(id).addEventListener('change', ({ target }) => apply(target.value));

onChange('#theme', (value) => {
  scheme.content = value;
  root.dataset.theme = value;
});
// The chat follows; the English parts of the page have a `lang` of their own.
onChange('#lang', (value) => (root.lang = value));
onChange('#dir', (value) => (root.dir = value));
