/** Joins the first items of a list: `a; b; and 3 more`. */
export function formatList(items: readonly string[], max = 6): string {
  const more = items.length - max;
  return items.slice(0, max).join('; ') + (more > 0 ? `; and ${more} more` : '');
}
