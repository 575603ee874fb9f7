export const SERVICE_PACKAGES: readonly string[];
export function findProgram(name: string): string | undefined;
export function missingPrograms(): string[];
export const DJANGO_PACKAGES: readonly string[];
/** A Python with Django, PyJWT and SimpleJWT. */
export function findDjango(): string | undefined;
export const PROSODY_PACKAGES: readonly string[];
