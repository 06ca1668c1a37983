// an exception leaves a callback of map and sort
try { [1, 2, 3].map((x) => { if (x === 2) throw new Error("in map"); return x; }); } catch (e) { console.log(e instanceof Error ? e.message : "?"); }
try { [2, 1].sort((a, b) => { if (a !== b) throw new Error("in sort"); return 0; }); } catch (e) { console.log(e instanceof Error ? e.message : "?"); }
const m = new Map([["a", 1]]);
try { m.forEach((v) => { if (v === 1) throw new Error("in forEach"); }); } catch (e) { console.log(e instanceof Error ? e.message : "?"); }
