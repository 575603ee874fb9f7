import { css } from 'lit';

export const styles = css`
  :host {
    --_surface-hover: var(--chat-surface-hover, color-mix(in srgb, var(--_text) 6%, var(--_surface)));
    --_surface-selected: var(--chat-surface-selected, color-mix(in srgb, var(--_accent) 13%, var(--_surface)));
  }
  .header {
    padding: var(--_space) calc(var(--_space) * 1.5);
    border-block-end: 1px solid var(--_border);
  }
  .filter {
    inline-size: 100%;
    padding: var(--_space) calc(var(--_space) * 1.5);
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
    background: var(--_surface);
    appearance: none;
  }
  .filter::placeholder {
    color: var(--_text-muted);
    opacity: 1;
  }
  .list {
    flex: auto;
    min-block-size: 0;
    overflow-y: auto;
    overscroll-behavior: contain;
    /* The element keeps the rows in their place itself. */
    overflow-anchor: none;
    padding: calc(var(--_space) * 0.75);
    scrollbar-width: thin;
  }
  .rows {
    container-type: inline-size;
    display: flow-root;
  }
  .room {
    display: grid;
    grid-template-columns: auto 1fr auto;
    align-items: center;
    column-gap: calc(var(--_space) * 1.5);
    min-block-size: calc(4 * var(--_rem));
    padding: var(--_space);
    border-radius: var(--_radius);
    cursor: pointer;
    -webkit-tap-highlight-color: transparent;
  }
  .room:hover {
    background: var(--_surface-hover);
  }
  .room[aria-selected='true'] {
    background: var(--_surface-selected);
  }
  .room[aria-selected='true'] .avatar {
    background: var(--_surface);
  }
  @media (forced-colors: active) {
    .room[aria-selected='true'],
    .room[aria-selected='true'] *,
    .room[aria-selected='true'] .avatar {
      forced-color-adjust: none;
      background: none;
      color: HighlightText;
    }
    .room[aria-selected='true'] {
      background: Highlight;
    }
    .badge {
      border: 1px solid;
    }
  }
  @media (prefers-contrast: more) {
    .room[aria-selected='true'] {
      box-shadow: inset 0 0 0 1px var(--_border);
    }
  }
  .text {
    min-inline-size: 0;
  }
  /* Cut at the end of the text's own direction, and aligned in the page's. */
  .name,
  .preview {
    display: block;
    text-align: -webkit-match-parent;
    text-align: match-parent;
    overflow: hidden;
    white-space: nowrap;
    text-overflow: ellipsis;
  }
  .name {
    font-weight: 600;
  }
  .preview,
  .time {
    color: var(--_text-muted);
    font-size: var(--_font-size-small);
  }
  .aside {
    /* A long time leaves room for the name. */
    max-inline-size: 40cqi;
    display: flex;
    flex-direction: column;
    align-items: flex-end;
    align-self: stretch;
    justify-content: space-around;
    gap: calc(var(--_space) * 0.25);
  }
  .unread .preview {
    color: var(--_text);
    font-weight: 600;
  }
  .badge {
    min-inline-size: calc(1.375 * var(--_rem));
    padding: 0 calc(0.4 * var(--_rem));
    border-radius: var(--_rem);
    background: var(--_accent);
    color: var(--_on-accent);
    font-size: calc(0.75 * var(--_rem));
    font-weight: 700;
    line-height: calc(1.375 * var(--_rem));
    text-align: center;
    font-variant-numeric: tabular-nums;
  }
  .note {
    padding: calc(var(--_space) * 4) calc(var(--_space) * 2);
    color: var(--_text-muted);
    text-align: center;
  }
  .loading {
    margin-block: auto;
    animation: breathe 1.6s ease-in-out infinite;
  }
  @keyframes breathe {
    50% {
      opacity: 0.45;
    }
  }
`;
