// readonly tables, as const, keyof
const MODES = { disabled: 0, audit: 1, strict: 2 } as const;
type Mode = keyof typeof MODES;
const names: readonly Mode[] = ["disabled", "strict"];
console.log(names.map((n) => MODES[n]).join(), Object.keys(MODES).length);
