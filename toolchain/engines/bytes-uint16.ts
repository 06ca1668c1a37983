// typed arrays other than bytes
const a = new Uint16Array([1, 65536]);
console.log(a.join());
