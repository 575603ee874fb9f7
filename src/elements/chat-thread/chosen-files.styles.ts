import { css } from 'lit';

const chosenFiles = css`
  .uploads {
    display: flex;
    flex: 1 0 100%;
    flex-wrap: wrap;
    gap: var(--_space);
    max-block-size: calc(8 * var(--_rem));
    overflow-y: auto;
  }
  .upload {
    display: flex;
    align-items: center;
    gap: calc(var(--_space) * 0.75);
    max-inline-size: 100%;
    padding: calc(var(--_space) * 0.5);
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
    font-size: var(--_font-size-small);
  }
  .upload canvas {
    flex: none;
    inline-size: calc(2.5 * var(--_rem));
    block-size: calc(2.5 * var(--_rem));
    border-radius: var(--_radius);
    background: var(--_bubble);
  }
  .upload-text {
    display: grid;
    min-inline-size: 0;
    max-inline-size: calc(14 * var(--_rem));
  }
  .upload bdi {
    overflow: hidden;
    white-space: nowrap;
    text-overflow: ellipsis;
  }
  .upload small {
    color: var(--_text-muted);
    font-size: inherit;
  }
  .upload .upload-error {
    color: var(--_danger);
  }
  .upload progress {
    inline-size: 100%;
    block-size: 4px;
    accent-color: var(--_accent);
  }
  .upload button {
    flex: none;
    padding: calc(0.25 * var(--_rem));
    border-radius: var(--_radius);
    font-weight: 600;
  }
  /* Zoomed to 400 %, or a phone on its side. */
  @media (max-height: 20rem) {
    .uploads {
      max-block-size: calc(3.5 * var(--_rem));
    }
  }
  .upload svg {
    inline-size: calc(1.125 * var(--_rem));
    block-size: calc(1.125 * var(--_rem));
  }
`;

export const styles: readonly CSSStyleSheet[] = [chosenFiles.styleSheet!];
