// namespace import, default export, re-export
import * as lib from "./modules/lib.ts";
import main, { LIMIT as again } from "./modules/more.ts";
console.log(lib.LIMIT, new lib.Greeter().greet({ text: "x" }), main(2), again);
