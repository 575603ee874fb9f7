/**
 * The shared `--chat-*` design tokens and their defaults; tokens of a single element are in that element's styles. Each
 * public token `--chat-x` has a private counterpart `--_x` with the page's value or the default. Elements read
 * `var(--_x)`, and a page may set `--chat-x` on any ancestor.
 *
 * Surface, text and accent are the base colours: borders, hover states, bubbles and muted text are mixed from them.
 */
import { css } from 'lit';

/**
 * Declares `--_rem` in a page: as a length, `1em` is inherited as the size that it has on the host.
 */
export function registerProperty(page: { CSS?: typeof CSS } | null): void {
  try {
    page?.CSS?.registerProperty({ name: '--_rem', syntax: '<length>', inherits: true, initialValue: '16px' });
  } catch {
    // Another copy of this script has declared it.
  }
}
registerProperty(globalThis);

export const tokens = css`
  :host {
    color-scheme: var(--chat-color-scheme, inherit);
    /* All sizes are relative to the browser's own font size. The page's root may have another one. */
    font: medium sans-serif !important;
    --_rem: 1em;
    --_font: var(--chat-font, system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif);
    --_font-size: var(--chat-font-size, calc(0.9375 * var(--_rem)));
    --_font-size-small: var(--chat-font-size-small, calc(0.8125 * var(--_rem)));
    --_line-height: var(--chat-line-height, 1.4);
    --_space: var(--chat-space, calc(0.5 * var(--_rem)));
    --_radius: var(--chat-radius, calc(0.5 * var(--_rem)));
    --_bubble-radius: var(--chat-bubble-radius, calc(1.125 * var(--_rem)));
    --_avatar-size: var(--chat-avatar-size, calc(2.5 * var(--_rem)));
    --_avatar-radius: var(--chat-avatar-radius, 50%);
    --_focus-ring: var(--chat-focus-ring, 2px solid var(--_accent-text));
    --_shadow: var(--chat-shadow, 0 2px 10px rgb(0 0 0 / 0.18));

    /* They follow the page's color-scheme. */
    --_surface: var(--chat-surface, light-dark(#fff, #15181e));
    --_text: var(--chat-text, light-dark(#1a1d24, #e8eaf0));
    --_accent: var(--chat-accent, light-dark(#2b59d9, #8aa8ff));
    --_on-accent: var(--chat-on-accent, light-dark(#fff, #0d1430));
    --_bubble-own: var(--chat-bubble-own, var(--_accent));
    --_on-bubble-own: var(--chat-on-bubble-own, var(--_on-accent));
    --_accent-text: var(--_accent);
    --_danger: var(--chat-danger, light-dark(#c01f2e, #ff8a8f));

    --_text-muted: var(--chat-text-muted, color-mix(in srgb, var(--_text) 70%, var(--_surface)));
    --_border: var(--chat-border, color-mix(in srgb, var(--_text) 14%, var(--_surface)));
    --_bubble: var(--chat-bubble, color-mix(in srgb, var(--_text) 8%, var(--_surface)));
    --_on-bubble: var(--chat-on-bubble, var(--_text));
  }
  /* Browsers since about 2025. Others have the defaults above. */
  @supports (color: color(from light-dark(red, red) srgb-linear r g b)) {
    :host {
      /* The relative luminance of a colour. */
      --_y: (0.2126 * r + 0.7152 * g + 0.0722 * b);
      /* White or black, whichever has more contrast: at a luminance of 0.179, both have the same. */
      --_k: clamp(0, (0.179 - var(--_y)) * 1e6, 1);
      --_on-accent: var(--chat-on-accent, color(from var(--_accent) srgb-linear var(--_k) var(--_k) var(--_k)));
      --_on-bubble-own: var(
        --chat-on-bubble-own,
        var(--chat-on-accent, color(from var(--_bubble-own) srgb-linear var(--_k) var(--_k) var(--_k)))
      );
      /* Text in the accent colour: made darker or lighter until it is readable on the surface. */
      --_d: min(1, 0.12 / var(--_y));
      --_l: max(0, (0.4 - var(--_y)) / (1 - var(--_y)));
      --_accent-text: light-dark(
        color(from var(--_accent) srgb-linear calc(r * var(--_d)) calc(g * var(--_d)) calc(b * var(--_d))),
        color(
          from var(--_accent) srgb-linear calc(r + (1 - r) * var(--_l)) calc(g + (1 - g) * var(--_l))
            calc(b + (1 - b) * var(--_l))
        )
      );
    }
  }
`;
