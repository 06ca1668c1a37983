// createHash in one piece and in several
import { createHash } from "node:crypto";
console.log(createHash("sha256").update("abc").digest("hex"));
const h = createHash("sha256");
h.update("a");
h.update(new Uint8Array([98, 99]));
console.log(h.digest("hex"), createHash("sha256").update("").digest("hex"));
