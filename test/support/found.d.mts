export const SERVICE_PACKAGES: readonly string[];
export function findProgram(name: string): string | undefined;
export function missingPrograms(): string[];
