// an exception leaves a callback of map and sort
try { [1, 2, 3].map((x) => { if (x === 2) throw new Error("in map"); return x; }); } catch (e) { console.log((e as Error).message); }
try { [2, 1].sort(() => { throw new Error("in sort"); }); } catch (e) { console.log((e as Error).message); }
const m = new Map([["a", 1]]);
try { m.forEach(() => { throw new Error("in forEach"); }); } catch (e) { console.log((e as Error).message); }
