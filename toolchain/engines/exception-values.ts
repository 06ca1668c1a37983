// things other than errors are thrown
function t(n: number): void { if (n === 0) throw 1; if (n === 1) throw "text"; throw true; }
for (let i = 0; i < 3; i++) {
  try { t(i); } catch (e) { console.log(typeof e === "string" ? `s:${e}` : typeof e === "number" ? `n:${e}` : `o:${String(e)}`); }
}
