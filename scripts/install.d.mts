export const ROOT: string;
/** How npm is called: a program, and what comes before its arguments. */
export function npmCommand(): [command: string, before: string[]];
