/** Reads when a JWT expires, in ms since 1970, without verifying it; null if it is not a JWT or has no `exp`. */
export function readClaims(token: string): { expiresAt: number | null } {
  try {
    const payload = token.split('.')[1] ?? '';
    const { exp } = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as { exp?: unknown };
    return { expiresAt: typeof exp === 'number' ? exp * 1_000 : null };
  } catch {
    return { expiresAt: null };
  }
}
