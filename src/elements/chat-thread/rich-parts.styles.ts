import { css } from 'lit';
import { avatarStyles } from '../../theme/index.js';

const richParts = css`
  .avatar {
    inline-size: calc(var(--_avatar-size) * 0.8);
    block-size: calc(var(--_avatar-size) * 0.8);
    margin-block-end: 1.375rem;
  }
  a {
    color: inherit;
    text-underline-offset: 0.15em;
  }
  .quote {
    margin: 0 0 0.25rem;
    padding-inline-start: 0.5rem;
    border-inline-start: 3px solid currentcolor;
    font-size: var(--_font-size-small);
    overflow: hidden;
    display: -webkit-box;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 2;
  }
  .attachment {
    display: flex;
    align-items: center;
    gap: 0.5rem;
  }
  .attachment img {
    max-inline-size: 100%;
    max-block-size: 18rem;
    border-radius: var(--_radius);
  }
  .failure {
    flex-wrap: wrap;
    justify-content: flex-end;
    color: var(--_danger);
    font-size: var(--_font-size-small);
  }
  .failure button {
    padding: 0.125rem 0.375rem;
    font-weight: 600;
    text-decoration: underline;
    text-underline-offset: 0.15em;
  }
  .hint {
    flex-basis: 100%;
    color: var(--_danger);
    font-size: var(--_font-size-small);
  }
  .jump {
    position: absolute;
    inset-block-end: var(--_space);
    inset-inline: 0;
    display: flex;
    align-items: center;
    gap: 0.375rem;
    inline-size: max-content;
    margin-inline: auto;
    padding: 0.375rem 0.875rem 0.375rem 0.625rem;
    border: 1px solid var(--_border);
    border-radius: 2rem;
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
  @keyframes hop {
    30% {
      transform: translateY(-4px);
    }
  }
`;

export const styles: readonly CSSStyleSheet[] = [avatarStyles, richParts].map(({ styleSheet }) => styleSheet!);
