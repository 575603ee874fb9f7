/**
 * `unified-chat/hydrate`: like the main entry point, for pages with server-rendered elements (ssr.ts). Lit hydrates the
 * existing markup instead of rendering it again. Requires the peer dependency `@lit-labs/ssr-client`.
 */
import '@lit-labs/ssr-client/lit-element-hydrate-support.js';
import { LitElement } from 'lit';
import type * as elements from './index.js';

type Support = (lit: { LitElement: typeof LitElement }) => void;
const { litElementHydrateSupport: support } = globalThis as { litElementHydrateSupport?: Support };
// Lit applies the hydration support when Lit itself is loaded. A bundler may have ordered Lit before the support, so
// apply it here unless it is in place already: it defines `observedAttributes` on LitElement.
if (!Object.hasOwn(LitElement, 'observedAttributes')) support?.({ LitElement });

/**
 * Resolves once the elements are registered. They are imported dynamically so that no bundler can order them before the
 * hydration support.
 */
export const ready: Promise<typeof elements> = import('./index.js');
