/** When a JWT runs out by its own word, in milliseconds since 1970; null where it is none, or does not say. Nothing is verified. */
export function readClaims(token: string): { expiresAt: number | null } {
  try {
    const payload = token.split('.')[1] ?? '';
    const { exp } = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as { exp?: unknown };
    return { expiresAt: typeof exp === 'number' ? exp * 1_000 : null };
  } catch {
    return { expiresAt: null };
  }
}
