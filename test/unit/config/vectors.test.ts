/** Every vector of the config room under Node; the same files go through the compiled binaries elsewhere. */
import { readdirSync, readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { runConfigVector } from "../../vectors/config.ts";

const folder = new URL("../../vectors/config/", import.meta.url);
type Vector = { says: string; input: unknown; want: unknown };

for (const file of readdirSync(folder).sort()) {
  const vectors = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Vector[];
  for (const v of vectors) {
    test(`${file}: ${v.says}`, () => {
      assert.equal(JSON.parse(runConfigVector(JSON.stringify(v.input))), v.want);
    });
  }
}

test.run();
