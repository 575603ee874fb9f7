/** Styles shared by the elements that scroll their content: they fill the box that the page gives them. */
import { css } from 'lit';

export const fillStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    block-size: 100%;
    min-block-size: 0;
    /* Without a height from the page, a list would be as long as its rooms, and a thread would load its whole history. */
    max-block-size: 100dvh;
    overflow: hidden;
  }
  .base {
    display: flex;
    flex-direction: column;
    flex: auto;
    min-block-size: 0;
    /* If the page changes the display of the host. */
    block-size: 100%;
    max-block-size: 100dvh;
  }
  /* iOS zooms in to a field with a smaller font. */
  @media (pointer: coarse) {
    .field,
    .filter {
      font-size: max(1em, 16px);
    }
  }
`;
