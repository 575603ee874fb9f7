export const MUTANTS: readonly {
  name: string;
  file: string;
  find: string;
  replace: string;
  tests?: string;
  survives?: string;
}[];
