export { LIMIT } from "./lib.ts";
export default function twice(n: number): number { return n * 2; }
