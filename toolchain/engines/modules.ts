// imports of another file: functions, classes, constants, live bindings, type-only
import { bump, count, Greeter, LIMIT } from "./modules/lib.ts";
import type { Greeting } from "./modules/lib.ts";
const g: Greeting = { text: "hi" };
bump();
bump();
console.log(count, LIMIT, new Greeter().greet(g));
