export const LIMIT = 7;
export let count = 0;
export function bump(): void { count += 1; }
export type Greeting = { text: string };
export class Greeter { greet(g: Greeting): string { return `${g.text}!`; } }
