import { css, unsafeCSS } from 'lit';
import { LAUNCHER_BUTTON } from '../../theme/launcher-button.js';

export const styles = [
  unsafeCSS(LAUNCHER_BUTTON),
  css`
    :host {
      display: contents;
    }
    :host([hidden]) {
      display: none;
    }
    .button {
      color: var(--_on-accent);
    }
    .badge {
      position: absolute;
      inset-block-start: calc(-0.25 * var(--_rem));
      inset-inline-end: calc(-0.25 * var(--_rem));
      box-sizing: border-box;
      min-inline-size: calc(1.375 * var(--_rem));
      padding: calc(0.1875 * var(--_rem)) calc(0.375 * var(--_rem));
      border-radius: var(--_rem);
      background: var(--_danger);
      color: var(--_surface);
      font: 600 var(--_font-size-small) / 1 var(--_font);
      text-align: center;
    }
    @media (forced-colors: active) {
      .badge,
      .button,
      .header {
        border: 1px solid;
      }
    }
    .panel {
      /* Keeps out properties that are inherited from the page. */
      all: initial;
      color-scheme: inherit;
      position: fixed;
      z-index: var(--chat-launcher-layer, 1000);
      inset-block: auto calc(var(--chat-launcher-offset, var(--_rem)) + var(--chat-launcher-size, calc(3.5 * var(--_rem))) + calc(0.75 * var(--_rem)) + env(safe-area-inset-bottom, 0px));
      inset-inline: auto var(--chat-launcher-offset, var(--_rem));
      display: none;
      flex-direction: column;
      box-sizing: border-box;
      inline-size: min(var(--chat-panel-width, calc(24 * var(--_rem))), 100dvw - 2 * var(--chat-launcher-offset, var(--_rem)));
      block-size: min(var(--chat-panel-height, calc(36 * var(--_rem))), 100dvh - 2 * var(--chat-launcher-offset, var(--_rem)) - var(--chat-launcher-size, calc(3.5 * var(--_rem))) - calc(0.75 * var(--_rem)));
      overflow: hidden;
      border: 1px solid var(--_border);
      border-radius: calc(var(--_radius) * 2);
      background: var(--_surface);
      color: var(--_text);
      font: var(--_font-size) / var(--_line-height) var(--_font);
      text-align: start;
      overflow-wrap: anywhere;
      box-shadow: var(--_shadow);
    }
    :host([side='start']) .panel {
      inset-inline: var(--chat-launcher-offset, var(--_rem)) auto;
    }
    .panel[open] {
      display: flex;
    }
    .panel.full {
      inset: 0;
      inline-size: auto;
      block-size: auto;
      padding: env(safe-area-inset-top, 0px) env(safe-area-inset-right, 0px) env(safe-area-inset-bottom, 0px) env(safe-area-inset-left, 0px);
      border: 0;
      border-radius: 0;
    }
    .header {
      display: flex;
      align-items: center;
      gap: var(--_space);
      padding: var(--_space);
      background: var(--_accent);
      color: var(--_on-accent);
    }
    .title {
      flex: 1;
      min-inline-size: 0;
      margin: 0;
      padding-inline: var(--_space);
      font-size: var(--_rem);
      font-weight: 600;
      text-align: -webkit-match-parent;
      text-align: match-parent;
      overflow: hidden;
      white-space: nowrap;
      text-overflow: ellipsis;
    }
    .header button {
      display: grid;
      place-items: center;
      inline-size: calc(2.5 * var(--_rem));
      block-size: calc(2.5 * var(--_rem));
      border-radius: 50%;
    }
    .header :focus-visible {
      outline-color: currentcolor;
    }
    :host(:dir(rtl)) .back svg {
      transform: scaleX(-1);
    }
    .content {
      display: flex;
      flex: 1;
      flex-direction: column;
      min-block-size: 0;
    }
    chat-rooms,
    chat-thread {
      flex: 1;
      block-size: auto;
    }
  `,
];
