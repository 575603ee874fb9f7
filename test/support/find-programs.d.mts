export const SERVICE_PACKAGES: readonly string[];
export function findProgram(name: string): string | undefined;
export function missingPrograms(): string[];
export const DJANGO_PACKAGES: readonly string[];
/** A Python that has Django and PyJWT. */
export function findDjango(): string | undefined;
export const PROSODY_PACKAGES: readonly string[];
