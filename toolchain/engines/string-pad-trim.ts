// padStart, padEnd, repeat, trim, startsWith, endsWith, includes, case
console.log("7".padStart(3, "0"), "7".padEnd(3, "ab"), "long".padStart(2), "ab".repeat(3), `[${" \t x \n".trim()}]`, `[${" x ".trimStart()}]`, `[${" x ".trimEnd()}]`);
console.log("wherry".startsWith("whe"), "wherry".startsWith("e", 2), "wherry".endsWith("ry"), "wherry".includes("her"), "MiXed".toLowerCase(), "MiXed".toUpperCase());
