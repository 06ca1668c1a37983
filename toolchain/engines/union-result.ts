// a result that is an answer or problems
type Result = { ok: true; value: number } | { ok: false; problems: string[] };
function parse(s: string): Result {
  const n = Number(s);
  return Number.isNaN(n) ? { ok: false, problems: [`not a number: ${s}`] } : { ok: true, value: n };
}
for (const s of ["12", "x"]) { const r = parse(s); console.log(r.ok ? r.value : r.problems.join()); }
