// error classes of our own with fields, caught by class
class SysError extends Error {
  readonly errno: number;
  constructor(call: string, errno: number) { super(`${call}: errno ${errno}`); this.name = "SysError"; this.errno = errno; }
}
class Fatal extends SysError { constructor() { super("fatal", 99); } }
function go(n: number): void { if (n === 0) throw new SysError("open", 2); if (n === 1) throw new Fatal(); throw new Error("plain"); }
for (let i = 0; i < 3; i++) {
  try { go(i); } catch (e) {
    if (e instanceof Fatal) console.log("fatal", e.errno, e.name);
    else if (e instanceof SysError) console.log("sys", e.errno, e.message, e instanceof Error);
    else if (e instanceof Error) console.log("error", e.message, e.name);
  }
}
