/** Styles of an avatar: a picture over its initials. */
import { css } from 'lit';

export const avatarStyles = css`
  .avatar {
    position: relative;
    display: grid;
    flex: none;
    place-items: center;
    overflow: hidden;
    inline-size: var(--_avatar-size);
    block-size: var(--_avatar-size);
    border-radius: var(--_avatar-radius);
    background: color-mix(in srgb, var(--_accent) 16%, var(--_surface));
    color: var(--_accent-text);
    font-size: var(--_font-size-small);
    font-weight: 600;
    /* Initials are not part of copied text. */
    -webkit-user-select: none;
    user-select: none;
  }
  @media (forced-colors: active) {
    .avatar {
      border: 1px solid;
    }
  }
  .avatar img {
    position: absolute;
    inset: 0;
    inline-size: 100%;
    block-size: 100%;
    object-fit: cover;
  }
`;
