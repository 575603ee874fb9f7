/** Styles shared by all visible elements. */
import { css } from 'lit';
import { tokens } from './tokens.js';

const base = css`
  :host {
    display: block;
    box-sizing: border-box;
    background: var(--_surface);
  }
  :host([hidden]) {
    display: none;
  }
  /* The page styles the host; its inherited properties must not leak into the content, except for these. */
  .base {
    all: initial;
    visibility: inherit;
    pointer-events: inherit;
    color-scheme: inherit;
    -webkit-user-select: text;
    user-select: text;
    font: var(--_font-size) / var(--_line-height) var(--_font);
    color: var(--_text);
    text-align: start;
    overflow-wrap: anywhere;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  button,
  input,
  textarea {
    font: inherit;
    color: inherit;
    letter-spacing: inherit;
  }
  button {
    cursor: pointer;
    border: 0;
    background: none;
    padding: 0;
    border-radius: var(--_radius);
  }
  :focus-visible {
    outline: var(--_focus-ring);
    outline-offset: -2px;
  }
  ul,
  ol {
    list-style: none;
    margin: 0;
    padding: 0;
  }
  p {
    margin: 0;
  }
  svg {
    display: block;
    width: 1.25em;
    height: 1.25em;
    fill: none;
    stroke: currentcolor;
    stroke-width: 2;
    stroke-linecap: round;
    stroke-linejoin: round;
  }
  .hidden-visually {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      animation: none !important;
      transition: none !important;
      scroll-behavior: auto !important;
    }
  }
`;

export const baseStyles = [tokens, base];
