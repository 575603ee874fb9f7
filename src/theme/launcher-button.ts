/**
 * Styles of the launcher's button, as plain CSS: `loader.js` renders the button before Lit is loaded, and
 * `<chat-launcher>` replaces it with an identical one, whose icon has the exact `--_on-accent`. `all: initial` keeps out
 * properties that are inherited from the page.
 */
export const LAUNCHER_BUTTON = `.button{all:initial;color-scheme:inherit;position:fixed;z-index:var(--chat-launcher-layer,1000);inset-block-end:calc(var(--chat-launcher-offset,1em) + env(safe-area-inset-bottom));inset-inline-end:var(--chat-launcher-offset,1em);display:grid;place-items:center;inline-size:var(--chat-launcher-size,3.5em);block-size:var(--chat-launcher-size,3.5em);border-radius:50%;cursor:pointer;--_a:var(--chat-accent,light-dark(#2b59d9,#8aa8ff));background:var(--_a);color:var(--chat-on-accent,oklch(from var(--_a) calc(58e3 - 1e5*l) 0 0));box-shadow:var(--chat-shadow,0 2px 10px rgb(0 0 0/.18))}
:host([side=start]) .button{inset-inline:var(--chat-launcher-offset,1em) auto}
.button[aria-busy]{opacity:.6}
.button:focus-visible{outline:2px solid;outline-offset:-6px}
.button svg{inline-size:1.5em;block-size:1.5em;fill:none;stroke:currentcolor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}`;

/** Path of a speech bubble, on a 24 × 24 grid. */
export const LAUNCHER_ICON = 'M21 12a8 8 0 0 1-8 8H4l2-3a8 8 0 1 1 15-5Z';
