// throw, catch, finally, message
function risky(n: number): string {
  try {
    if (n > 1) throw new Error(`too big: ${n}`);
    return "fine";
  } catch (e) {
    return e instanceof Error ? `caught ${e.message}` : "?";
  } finally {
    console.log("finally", n);
  }
}
console.log(risky(1), risky(2));
