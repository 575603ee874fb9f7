export declare const isNodeTest: (path: string) => boolean;
export declare function findTests(folder: string): string[];
