// rethrow through several frames, cleanup in order
const log: string[] = [];
function inner(): void { try { throw new Error("deep"); } finally { log.push("inner"); } }
function middle(): void { try { inner(); } catch (e) { log.push("middle"); throw e; } }
try { middle(); } catch (e) { log.push(e instanceof Error ? e.message : "?"); }
console.log(log.join());
