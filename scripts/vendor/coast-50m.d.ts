export declare const lines: number[][][];
