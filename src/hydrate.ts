/**
 * As the front door, for pages whose elements a server has drawn (ssr.ts): Lit takes over what stands there instead of drawing it anew.
 * Needs `@lit-labs/ssr-client`, which is installed beside this package.
 */
import '@lit-labs/ssr-client/lit-element-hydrate-support.js';
import { LitElement } from 'lit';
import type * as elements from './index.js';

type Support = (lit: { LitElement: typeof LitElement }) => void;
const { litElementHydrateSupport: support } = globalThis as { litElementHydrateSupport?: Support };
// Lit asks for it when it is loaded; but a bundler may have put Lit first. It leaves an own property there.
if (!Object.hasOwn(LitElement, 'observedAttributes')) support?.({ LitElement });

/** Resolves when the elements are there. They are loaded after the support, whatever a bundler makes of the order. */
export const ready: Promise<typeof elements> = import('./index.js');
