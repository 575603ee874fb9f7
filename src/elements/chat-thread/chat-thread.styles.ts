import { css } from 'lit';

export const styles = css`
  .header {
    flex: none;
    margin: 0;
    padding: calc(var(--_space) * 2);
    border-block-end: 1px solid var(--_border);
    font-size: var(--_rem);
    font-weight: 650;
    /* Aligned in the direction of the page, not in that of the name. */
    text-align: -webkit-match-parent;
    text-align: match-parent;
    overflow: hidden;
    white-space: nowrap;
    text-overflow: ellipsis;
  }
  .middle {
    position: relative;
    display: flex;
    /* Not a basis of 0: without a height from the page, WebKit would not give it any. */
    flex: auto;
    min-block-size: 0;
  }
  .messages {
    position: relative;
    display: flex;
    flex: 1;
    flex-direction: column;
    min-inline-size: 0;
    overflow-y: auto;
    /* The virtual scroller keeps the scroll position itself, the same in every browser. */
    overflow-anchor: none;
    overscroll-behavior: contain;
    padding-inline: calc(var(--_space) * 2);
    scrollbar-width: thin;
  }
  ol {
    margin-block-start: auto;
    padding-block-end: var(--_space);
  }
  /* Observed: it is on the screen if the end of the list is. Taller than the scroller's tolerance. */
  .end {
    flex: none;
    margin-block-start: -8px;
    block-size: 8px;
    pointer-events: none;
  }
  li {
    display: flow-root;
  }
  .note,
  .day,
  .system,
  .author,
  .typing {
    color: var(--_text-muted);
    font-size: var(--_font-size-small);
  }
  .note {
    padding: calc(var(--_space) * 2);
    text-align: center;
  }
  .base > .note,
  slot[name='empty'] .note {
    margin: auto;
    font-size: inherit;
  }
  .older {
    min-block-size: calc(3.5 * var(--_rem));
  }
  .loading {
    margin-block: auto;
    animation: breathe 1.6s ease-in-out infinite;
  }
  .link {
    color: var(--_accent-text);
    text-decoration: underline;
  }
  .day {
    display: flex;
    align-items: center;
    gap: calc(var(--_space) * 1.5);
    padding-block: calc(var(--_space) * 2) var(--_space);
  }
  .day::before,
  .day::after {
    content: '';
    flex: 1;
    border-block-start: 1px solid var(--_border);
  }
  .system {
    padding: var(--_space);
    text-align: center;
  }
  .message {
    display: flex;
    align-items: flex-end;
    gap: var(--_space);
    padding-block-start: 2px;
  }
  .message.first {
    padding-block-start: calc(var(--_space) * 1.25);
  }
  .own {
    justify-content: flex-end;
  }
  .no-avatar {
    flex: none;
    inline-size: calc(var(--_avatar-size) * 0.8);
  }
  .body {
    display: flex;
    flex-direction: column;
    align-items: flex-start;
    min-inline-size: 0;
    max-inline-size: min(80%, calc(36 * var(--_rem)));
  }
  .own .body {
    align-items: flex-end;
  }
  .author {
    padding-inline: calc(0.75 * var(--_rem));
    font-weight: 600;
  }
  .bubble {
    max-inline-size: 100%;
    padding: calc(0.4375 * var(--_rem)) calc(0.8125 * var(--_rem));
    border-radius: var(--_bubble-radius);
    background: var(--_bubble);
    color: var(--_on-bubble);
  }
  .own .bubble {
    background: var(--_bubble-own);
    color: var(--_on-bubble-own);
  }
  .text {
    white-space: pre-wrap;
  }
  .meta {
    display: flex;
    align-items: center;
    gap: calc(0.25 * var(--_rem));
    padding: calc(0.125 * var(--_rem)) calc(0.5 * var(--_rem)) 0;
    color: var(--_text-muted);
    font-size: calc(0.75 * var(--_rem));
  }
  .delivery.checks {
    color: var(--_accent-text);
  }
  .delivery svg {
    inline-size: calc(0.9 * var(--_rem));
    block-size: calc(0.9 * var(--_rem));
  }
  .typing {
    display: flex;
    align-items: center;
    gap: calc(0.5 * var(--_rem));
    min-block-size: calc(1.5 * var(--_rem));
    padding-inline: calc(var(--_space) * 2);
  }
  .composer {
    display: flex;
    flex: none;
    flex-wrap: wrap;
    align-items: flex-end;
    gap: var(--_space);
    padding: 0 calc(var(--_space) * 2) calc(var(--_space) * 1.5);
  }
  /* An invisible copy of the text gives the field its height, so that it grows without script. */
  .field {
    display: grid;
    flex: 1;
    min-inline-size: 0;
    max-block-size: calc(9.5 * var(--_rem));
    border: 1px solid var(--_border);
    border-radius: var(--_bubble-radius);
    background: var(--_surface);
    overflow: hidden;
  }
  .field:focus-within {
    border-color: var(--_accent-text);
    outline: var(--_focus-ring);
    outline-offset: -2px;
  }
  .field::after,
  textarea {
    grid-area: 1 / 1;
    min-inline-size: 0;
    max-block-size: calc(9.5 * var(--_rem));
    padding: calc(0.5 * var(--_rem)) calc(0.875 * var(--_rem));
    border: 0;
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }
  .field::after {
    content: attr(data-text) ' ';
    visibility: hidden;
  }
  textarea {
    margin: 0;
    resize: none;
    background: none;
    outline: none;
    overflow-y: auto;
    scrollbar-width: thin;
  }
  textarea::placeholder {
    color: var(--_text-muted);
    opacity: 1;
  }
  .attach,
  .send {
    display: grid;
    flex: none;
    place-items: center;
    inline-size: calc(2.5 * var(--_rem));
    block-size: calc(2.5 * var(--_rem));
    border-radius: 50%;
  }
  .send {
    /* Forced colours make it visible. */
    border: 1px solid transparent;
    background: var(--_accent);
    color: var(--_on-accent);
  }
  .send:disabled {
    opacity: 0.4;
    cursor: default;
  }
  /* Zoomed to 400 %, or a phone on its side: the messages come first. */
  @media (max-height: 20rem) {
    .header {
      position: absolute;
      clip-path: inset(50%);
    }
    .typing {
      display: none;
    }
  }
  @keyframes breathe {
    50% {
      opacity: 0.45;
    }
  }
`;
