/** Themes to start from: values of tokens, and CSS rules. */
export interface Preset {
  tokens: Readonly<Record<string, string>>;
  /** CSS rules for parts. */
  css?: string;
}

export const PRESETS: Readonly<Record<string, Preset>> = {
  clean: { tokens: {} },
  dense: {
    tokens: {
      '--chat-space': '0.3rem',
      '--chat-font-size': '0.8125rem',
      '--chat-font-size-small': '0.75rem',
      '--chat-line-height': '1.3',
      '--chat-avatar-size': '1.75rem',
      '--chat-bubble-radius': '0.5rem',
    },
  },
  bubbles: {
    tokens: {
      '--chat-accent': 'light-dark(#0b65d8, #7db4ff)',
      '--chat-bubble': 'light-dark(#e9e9ee, #2a2d34)',
      '--chat-bubble-radius': '1.375rem',
      '--chat-radius': '0.875rem',
    },
  },
  'high contrast': {
    tokens: {
      '--chat-surface': 'Canvas',
      '--chat-text': 'CanvasText',
      '--chat-text-muted': 'CanvasText',
      '--chat-border': 'CanvasText',
      '--chat-accent': 'light-dark(#00349e, #ffe94d)',
      '--chat-on-accent': 'light-dark(#fff, #000)',
      '--chat-bubble': 'Canvas',
      '--chat-focus-ring': '3px solid CanvasText',
    },
    css: 'chat-thread::part(bubble-other) {\n  border: 2px solid;\n}\n',
  },
  material: {
    tokens: {
      '--chat-surface': 'light-dark(#fef7ff, #141218)',
      '--chat-text': 'light-dark(#1d1b20, #e6e0e9)',
      '--chat-accent': 'light-dark(#6750a4, #d0bcff)',
      '--chat-on-accent': 'light-dark(#fff, #381e72)',
      '--chat-bubble': 'light-dark(#ece6f0, #2b2930)',
      '--chat-font': "Roboto, 'Noto Sans', system-ui, sans-serif",
      '--chat-radius': '1rem',
      '--chat-bubble-radius': '1.25rem',
    },
  },
  terminal: {
    tokens: {
      '--chat-color-scheme': 'dark',
      '--chat-font': "ui-monospace, 'DejaVu Sans Mono', monospace",
      '--chat-surface': '#0b0f0c',
      '--chat-text': '#b9e8c4',
      '--chat-accent': '#5fd38a',
      '--chat-on-accent': '#06120a',
      '--chat-bubble': 'transparent',
      '--chat-bubble-own': 'transparent',
      '--chat-on-bubble-own': '#5fd38a',
      '--chat-radius': '0',
      '--chat-avatar-radius': '0',
    },
    css: 'chat-thread::part(bubble) {\n  padding-block: 0;\n}\n',
  },
};
