// a value of a union type is thrown: known difference, it arrives as an object
for (const v of [1, "text", true]) {
  try { throw v; } catch (e) { console.log(typeof e); }
}
