// a return in finally wins over return and throw
function f(): number { try { return 1; } finally { return 2; } }
function g(): string { try { throw new Error("lost"); } finally { return "kept"; } }
function h(): string { const log: string[] = []; for (let i = 0; i < 3; i++) { try { if (i === 1) continue; log.push(`b${i}`); } finally { log.push(`f${i}`); } } return log.join(); }
console.log(f(), g(), h());
