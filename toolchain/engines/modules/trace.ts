const seen: string[] = [];
export function trace(name: string): void { seen.push(name); console.log(seen.join(" ")); }
