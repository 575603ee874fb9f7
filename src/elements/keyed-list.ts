import { render, type TemplateResult } from 'lit';

/** The rows of each list, by key. */
const lists = new WeakMap<Element, Map<string, HTMLElement>>();

/**
 * Renders the rows of a list. A row keeps its element while its key is in the list, also when it moves. Lit's `repeat`
 * does the same, and adds 900 bytes to `chat.js`.
 * @param list the element that contains the rows, and nothing else.
 * @param tag name of the elements of the rows.
 * @param items each key occurs once.
 * @param template renders the content of a row.
 */
export function renderKeyed<Item>(
  list: Element,
  tag: string,
  items: readonly Item[],
  keyOf: (item: Item) => string,
  template: (item: Item, index: number) => TemplateResult,
): void {
  const rows = lists.get(list) ?? new Map<string, HTMLElement>();
  const keys = new Set(items.map(keyOf));
  lists.set(list, rows);
  for (const [key, row] of rows) {
    if (keys.has(key)) continue;
    row.remove();
    rows.delete(key);
  }
  let next = list.firstElementChild;
  items.forEach((item, index) => {
    const key = keyOf(item);
    const row = rows.get(key) ?? document.createElement(tag);
    rows.set(key, row);
    if (row === next) next = row.nextElementSibling;
    else list.insertBefore(row, next);
    render(template(item, index), row);
  });
}
