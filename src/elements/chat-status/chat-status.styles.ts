import { css } from 'lit';

export const styles = css`
  :host {
    position: relative;
    z-index: 1;
    background: none;
    --_ok: var(--chat-ok, light-dark(#116932, #5fd38a));
    --_wait: var(--chat-wait, light-dark(#8a6100, #f0c350));
    --_warn: var(--chat-warn, light-dark(#b4480b, #ffa066));
    --_idle: var(--chat-idle, var(--_text-muted));
  }
  .base {
    --_state: var(--_idle);
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: calc(var(--_space) * 0.25) var(--_space);
    padding: calc(var(--_space) * 0.75) calc(var(--_space) * 1.5);
    font-size: var(--_font-size-small);
    background: color-mix(in srgb, var(--_state) 10%, var(--_surface));
    border-block-end: 1px solid color-mix(in srgb, var(--_state) 35%, var(--_surface));
  }
  /* It lies over the content below it, so that nothing moves when it appears. */
  :host(:not([always])) .base {
    /* Running text takes the fewest lines. */
    display: block;
    position: absolute;
    inset-block-start: var(--_space);
    inset-inline: var(--_space);
    inline-size: fit-content;
    max-inline-size: calc(100% - 2 * var(--_space));
    margin-inline: auto;
    /* Controls below it can be clicked. */
    pointer-events: none;
    border: 1px solid color-mix(in srgb, var(--_state) 35%, var(--_surface));
    border-radius: var(--_radius);
    box-shadow: var(--_shadow);
  }
  .connecting {
    --_state: var(--_wait);
  }
  .connected {
    --_state: var(--_ok);
  }
  .reconnecting,
  .polling {
    --_state: var(--_warn);
  }
  .unauthorized,
  .error {
    --_state: var(--_danger);
  }
  :host(:not([always])) .dot {
    display: inline-block;
    margin-inline-end: calc(var(--_space) * 0.5);
  }
  .dot {
    flex: none;
    inline-size: calc(0.625 * var(--_rem));
    block-size: calc(0.625 * var(--_rem));
    border-radius: 50%;
    background: var(--_state);
  }
  @media (forced-colors: active) {
    .dot {
      border: 1px solid;
    }
  }
  .connecting .dot,
  .reconnecting .dot {
    animation: pulse 1.2s ease-in-out infinite;
  }
  .label {
    /* As high as the buttons, so that the bar keeps its height. */
    padding-block: calc(var(--_space) * 0.25);
    font-weight: 600;
    color: var(--_state);
  }
  button,
  [part='panel'] {
    pointer-events: auto;
  }
  .facts {
    padding-block: var(--_space);
    outline-offset: 2px;
  }
  button {
    padding: calc(var(--_space) * 0.25) var(--_space);
    color: var(--_state);
    font-weight: 600;
    text-decoration: underline;
    text-underline-offset: 0.2em;
  }
  @media (prefers-contrast: more) {
    .base {
      border-color: var(--_border) !important;
    }
    .label,
    button {
      color: var(--_text);
    }
  }
  @keyframes pulse {
    50% {
      opacity: 0.25;
    }
  }
`;
