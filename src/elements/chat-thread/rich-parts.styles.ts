import { css } from 'lit';
import { avatarStyles, contrastTokens } from '../../theme/index.js';

const richParts = css`
  .avatar {
    inline-size: calc(var(--_avatar-size) * 0.8);
    block-size: calc(var(--_avatar-size) * 0.8);
    margin-block-end: calc(1.375 * var(--_rem));
  }
  a,
  .bubble .link {
    color: inherit;
    text-underline-offset: 0.15em;
  }
  /* The accent colour of the ring is also the colour of own bubbles. */
  .bubble :focus-visible {
    outline-color: currentcolor;
  }
  .other:not(.first) .bubble {
    border-start-start-radius: calc(var(--_bubble-radius) * 0.3);
  }
  .other:not(.last) .bubble {
    border-end-start-radius: calc(var(--_bubble-radius) * 0.3);
  }
  .own:not(.first) .bubble {
    border-start-end-radius: calc(var(--_bubble-radius) * 0.3);
  }
  .own:not(.last) .bubble {
    border-end-end-radius: calc(var(--_bubble-radius) * 0.3);
  }
  :host(:dir(rtl)) .send svg {
    transform: scaleX(-1);
  }
  .send:focus-visible {
    outline-offset: 2px;
  }
  @media (forced-colors: active), (prefers-contrast: more) {
    .bubble {
      border: 1px solid;
    }
  }
  @media (forced-colors: active) {
    .own .bubble {
      border: 3px solid Highlight;
    }
    .dots i {
      forced-color-adjust: none;
      background: CanvasText;
    }
  }
  /* See wheel-reserve.ts. */
  .messages::before {
    content: '';
    flex: none;
    block-size: var(--_reserve, 0);
  }
  .quote {
    margin: 0 0 calc(0.25 * var(--_rem));
    padding-inline-start: calc(0.5 * var(--_rem));
    border-inline-start: 3px solid currentcolor;
    font-size: var(--_font-size-small);
    overflow: hidden;
    display: -webkit-box;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 2;
  }
  .attachment,
  .file {
    display: flex;
    align-items: center;
    gap: calc(0.5 * var(--_rem));
  }
  .file svg {
    flex: none;
  }
  .attachment + .attachment {
    margin-block-start: calc(0.25 * var(--_rem));
  }
  .attachment img {
    max-inline-size: 100%;
    /* With its width and height, the space of a picture is reserved. */
    inline-size: auto;
    block-size: auto;
    max-block-size: calc(18 * var(--_rem));
    border-radius: var(--_radius);
  }
  .attachment img:not([hidden]) + .file {
    display: none;
  }
  .reactions {
    flex-wrap: wrap;
  }
  .reaction {
    padding: calc(0.125 * var(--_rem)) calc(0.5 * var(--_rem));
    border: 1px solid var(--_border);
    border-radius: calc(2 * var(--_rem));
    color: var(--_text);
    font-size: var(--_font-size-small);
  }
  .reaction[aria-pressed='true'] {
    border-color: var(--_accent-text);
    box-shadow: inset 0 0 0 1px var(--_accent-text);
    font-weight: 600;
  }
  @media (forced-colors: active) {
    .reaction[aria-pressed='true'] {
      border: 2px solid Highlight;
    }
  }
  .attach {
    color: var(--_text-muted);
  }
  .attach svg {
    inline-size: calc(1.25 * var(--_rem));
    block-size: calc(1.25 * var(--_rem));
  }
  .base {
    position: relative;
  }
  .drop {
    position: absolute;
    inset: 0;
    z-index: 1;
    display: grid;
    place-items: center;
    border: 2px dashed var(--_accent-text);
    border-radius: var(--_radius);
    background: var(--_surface);
    font-weight: 600;
    pointer-events: none;
  }
  .failure {
    flex-wrap: wrap;
    justify-content: flex-end;
    color: var(--_danger);
    font-size: var(--_font-size-small);
  }
  .failure button {
    padding: calc(0.125 * var(--_rem)) calc(0.375 * var(--_rem));
    font-weight: 600;
    text-decoration: underline;
    text-underline-offset: 0.15em;
  }
  .hint {
    flex-basis: 100%;
    color: var(--_danger);
    font-size: var(--_font-size-small);
  }
  .counter {
    color: var(--_text-muted);
  }
  .emoji {
    font-size: calc(2.5 * var(--_rem));
    line-height: 1.2;
  }
  .jump {
    position: absolute;
    inset-block-end: var(--_space);
    inset-inline: 0;
    display: flex;
    align-items: center;
    gap: calc(0.375 * var(--_rem));
    inline-size: max-content;
    margin-inline: auto;
    padding: calc(0.375 * var(--_rem)) calc(0.875 * var(--_rem)) calc(0.375 * var(--_rem)) calc(0.625 * var(--_rem));
    border: 1px solid var(--_border);
    border-radius: calc(2 * var(--_rem));
    background: var(--_surface);
    box-shadow: var(--_shadow);
    font-size: var(--_font-size-small);
    font-weight: 600;
  }
  .dots {
    display: flex;
    gap: 3px;
  }
  .dots i {
    inline-size: 5px;
    block-size: 5px;
    border-radius: 50%;
    background: currentcolor;
    animation: hop 1.2s ease-in-out infinite;
  }
  .dots i:nth-child(2) {
    animation-delay: 0.15s;
  }
  .dots i:nth-child(3) {
    animation-delay: 0.3s;
  }
  /* A placeholder has the direction of the page, not that of the empty text. */
  textarea:placeholder-shown {
    direction: inherit;
    unicode-bidi: normal;
  }
  @keyframes hop {
    30% {
      transform: translateY(-4px);
    }
  }
`;

export const styles: readonly CSSStyleSheet[] = [contrastTokens, avatarStyles, richParts].map(
  ({ styleSheet }) => styleSheet!,
);
