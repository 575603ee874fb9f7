export const ROOT: string;
/** The program that runs npm, and the arguments to put before npm's own. */
export function npmCommand(): [command: string, before: string[]];
