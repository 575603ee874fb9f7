/** Replaces Lit's `css`, which chat.js would have to export to this chunk. */
function css([text]: TemplateStringsArray): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text!);
  return sheet;
}

export const styles = css`
  .panel {
    flex-basis: 100%;
    margin-block: calc(var(--_space) * 0.5);
    padding: calc(var(--_space) * 1.5);
    max-block-size: min(calc(28 * var(--_rem)), 70dvh, 100dvh - calc(9 * var(--_rem)));
    overflow: auto;
    color: var(--_text);
    background: var(--_surface);
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
  }
  .panel h2 {
    margin: 0 0 var(--_space);
    font-size: var(--_font-size);
    outline-offset: 2px;
  }
  .panel p,
  .panel ul {
    margin-block: var(--_space);
  }
  .basics {
    display: grid;
    grid-template-columns: max-content 1fr;
    gap: calc(var(--_space) * 0.25) calc(var(--_space) * 1.5);
    margin: 0;
    font-variant-numeric: tabular-nums;
  }
  .basics dt {
    color: var(--_text-muted);
  }
  .basics dd {
    margin: 0;
  }
  .finding + .finding {
    margin-block-start: var(--_space);
  }
  .verdict {
    font-weight: 600;
    color: var(--_text-muted);
  }
  .pass .verdict {
    color: var(--_ok);
  }
  .note .verdict {
    color: var(--_wait);
  }
  .fail .verdict {
    color: var(--_danger);
  }
  .fix {
    display: block;
    margin-block-start: calc(var(--_space) * 0.25);
    padding-inline-start: var(--_space);
    border-inline-start: 2px solid var(--_border);
    white-space: pre-wrap;
  }
  .panel summary {
    cursor: pointer;
    color: var(--_text-muted);
  }
  .panel .actions {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    margin-block-end: 0;
    /* Aligns the text of the buttons with the text above. */
    margin-inline-start: calc(var(--_space) * -1);
  }
  .panel .actions button {
    margin: 0;
    color: var(--_accent-text);
  }
  .panel textarea {
    inline-size: 100%;
    block-size: calc(8 * var(--_rem));
    color: var(--_text);
    background: var(--_surface);
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
  }
`;
