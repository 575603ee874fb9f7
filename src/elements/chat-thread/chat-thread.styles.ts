import { css } from 'lit';

export const styles = css`
  :host {
    display: flex;
    flex-direction: column;
    block-size: 100%;
    min-block-size: 0;
    /* Without a height from the page, the list would grow with every loaded page, and load the whole history. */
    max-block-size: 100dvh;
    overflow: hidden;
  }
  .base {
    display: flex;
    flex-direction: column;
    flex: auto;
    min-block-size: 0;
    /* If the page changes the display of the host. */
    max-block-size: inherit;
  }
  .header {
    flex: none;
    margin: 0;
    padding: calc(var(--_space) * 2) calc(var(--_space) * 2);
    border-block-end: 1px solid var(--_border);
    font-size: 1rem;
    font-weight: 650;
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
    min-block-size: 3.5rem;
  }
  .loading {
    margin-block: auto;
    animation: breathe 1.6s ease-in-out infinite;
  }
  .link {
    color: var(--_accent);
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
    max-inline-size: min(80%, 36rem);
  }
  .own .body {
    align-items: flex-end;
  }
  .author {
    padding-inline: 0.75rem;
    font-weight: 600;
  }
  .bubble {
    max-inline-size: 100%;
    padding: 0.4375rem 0.8125rem;
    border-radius: var(--_bubble-radius);
    background: var(--_bubble);
    color: var(--_on-bubble);
  }
  .own .bubble {
    background: var(--_bubble-own);
    color: var(--_on-bubble-own);
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
  .text {
    white-space: pre-wrap;
  }
  .meta {
    display: flex;
    align-items: center;
    gap: 0.25rem;
    padding: 0.125rem 0.5rem 0;
    color: var(--_text-muted);
    font-size: 0.75rem;
  }
  .delivery.checks {
    color: var(--_accent);
  }
  .delivery svg {
    inline-size: 0.9rem;
    block-size: 0.9rem;
  }
  .typing {
    display: flex;
    align-items: center;
    gap: 0.5rem;
    min-block-size: 1.5rem;
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
    max-block-size: 9.5rem;
    border: 1px solid var(--_border);
    border-radius: var(--_bubble-radius);
    background: var(--_surface);
    overflow: hidden;
  }
  /* iOS zooms in to a field with a smaller font. */
  @media (pointer: coarse) {
    .field {
      font-size: max(1em, 16px);
    }
  }
  .field:focus-within {
    border-color: var(--_accent);
    outline: var(--_focus-ring);
    outline-offset: -2px;
  }
  .field::after,
  textarea {
    grid-area: 1 / 1;
    min-inline-size: 0;
    max-block-size: 9.5rem;
    padding: 0.5rem 0.875rem;
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
  .send {
    display: grid;
    flex: none;
    place-items: center;
    inline-size: 2.5rem;
    block-size: 2.5rem;
    border-radius: 50%;
    background: var(--_accent);
    color: var(--_on-accent);
  }
  .send:focus-visible {
    outline-offset: 2px;
  }
  .send:disabled {
    opacity: 0.4;
    cursor: default;
  }
  :host(:dir(rtl)) .send svg {
    transform: scaleX(-1);
  }
  @keyframes breathe {
    50% {
      opacity: 0.45;
    }
  }
`;
