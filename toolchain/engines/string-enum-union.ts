// string unions as enumerations, exhaustive switch
type Level = "error" | "warn" | "info";
const ORDER: Level[] = ["error", "warn", "info"];
function rank(l: Level): number { return ORDER.indexOf(l); }
function label(l: Level): string { switch (l) { case "error": return "E"; case "warn": return "W"; case "info": return "I"; } }
console.log(ORDER.map((l) => `${label(l)}${rank(l)}`).join());
