/** Every vector of the lxc room under Node; the same files go through the compiled binaries elsewhere. */
import { readdirSync, readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { runLxcVector } from "../../vectors/lxc.ts";

const folder = new URL("../../vectors/lxc/", import.meta.url);
type Vector = { says: string; input: unknown; want: unknown };

for (const file of readdirSync(folder).sort()) {
  const vectors = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Vector[];
  for (const v of vectors) {
    test(`${file}: ${v.says}`, () => {
      assert.equal(JSON.parse(runLxcVector(JSON.stringify(v.input))), v.want);
    });
  }
}

test.run();
