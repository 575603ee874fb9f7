/** Line icons on a 24 × 24 grid. Decorative: the text next to each icon carries its meaning. */
import { svg, html, type SVGTemplateResult, type TemplateResult } from 'lit';

export const icon = (paths: SVGTemplateResult): TemplateResult =>
  html`<svg viewBox="0 0 24 24" aria-hidden="true">${paths}</svg>`;

export const icons = {
  send: icon(svg`<path d="M4 12 3 4l18 8-18 8 1-8Zm0 0h8" />`),
  clock: icon(svg`<circle cx="12" cy="12" r="9" /><path d="M12 7v5l3 2" />`),
  check: icon(svg`<path d="m5 12 5 5L19 7" />`),
  checks: icon(svg`<path d="m2 12 5 5L16 7M13 17l9-10" />`),
} satisfies Record<string, TemplateResult>;
