/** More contrast, for readers who have asked for it. Not part of the first download. */
import { css } from 'lit';

/** To be applied after the tokens. */
export const contrastTokens = css`
  @supports (color: color(from light-dark(red, red) srgb-linear r g b)) {
    /* The reader's wish comes before the page's values, except for those of surface and text. */
    @media (prefers-contrast: more) {
      :host {
        --_text-muted: var(--_text);
        --_accent-text: var(--_text);
        --_border: var(--_text);
        --_bubble-own: var(--_text);
        --_on-bubble-own: var(--_surface);
        --_focus-ring: 3px solid var(--_text);
      }
    }
  }
`;
