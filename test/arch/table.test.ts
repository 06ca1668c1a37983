/** The shim's functions, each called for real, on the three machines: natively and through qemu-user. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile } from "../../toolchain/compile.ts";
import { declarationsIn } from "../../toolchain/manifest.ts";
import { outDir, root } from "../../toolchain/places.ts";
import { TARGETS } from "../../toolchain/targets.ts";
import { missing } from "../needs.ts";
import { judge } from "./verdict.ts";

const declared = declarationsIn(join(root, "src/sys")).map((d) => d.name);

for (const target of TARGETS) {
  const emulated = target.emulator.length > 0;
  const title = `every function of the shim works and is refused on ${target.name}`;
  const why = missing("root") || missing("namespaces") || (emulated ? missing("qemu-user") : "");
  if (why !== "") {
    console.log(`skip: ${title}: ${why}`);
    continue;
  }
  test(title, async () => {
    const program = await compile({ entry: "test/arch/table.ts", out: join(outDir, "test/arch", `table-${target.name}`), target, flavor: "release" });
    const disk = mkdtempSync(join(outDir, "test/arch", "disk-"));
    const [command, ...words] = [...target.emulator, program, ...(emulated ? ["emulated"] : []), `disk=${disk}`];
    const r = spawnSync(command!, words, { encoding: "utf8", timeout: 120_000 });
    rmSync(disk, { recursive: true });
    assert.is(r.stderr, "");
    assert.is(r.status, 0, `it ended with ${r.status ?? r.signal}`);
    assert.equal(judge(r.stdout, declared, emulated ? "emulator" : "machine"), []);
  });
}

const WHOLE = "ok sys_a\nok sys_a EINVAL\n";

test("a function that the table forgets is told", () => {
  assert.equal(judge(`${WHOLE}end of table\n`, ["sys_a", "sys_b"], "machine"), ["sys_b is not in the table"]);
});

test("a function that only works, or is only refused, is told", () => {
  assert.equal(judge("ok sys_a\nok sys_b EINVAL\nend of table\n", ["sys_a", "sys_b"], "machine"), ["sys_a was never refused", "sys_b never worked"]);
});

test("a line that says not ok, and a table cut short, are told", () => {
  assert.equal(judge(`${WHOLE}not ok sys_a: EIO`, ["sys_a"], "machine"), ["not ok sys_a: EIO", "the table ended early, after \"not ok sys_a: EIO\""]);
});

test("only what is listed may be lacking, and only where it is", () => {
  assert.equal(judge("lacks sys_clone3 ENOSYS\nend of table", ["sys_clone3"], "emulator"), []);
  assert.equal(judge("lacks sys_clone3 ENOSYS\nend of table", ["sys_clone3"], "device"), ["sys_clone3 is lacking (ENOSYS), which is not listed"]);
});

test("a row of the list that no longer holds is told", () => {
  assert.equal(judge("ok sys_clone3\nok sys_clone3 EINVAL\nend of table", ["sys_clone3"], "emulator"), ["sys_clone3 is listed as lacking and isn't"]);
});

test.run();
