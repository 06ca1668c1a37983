/** Hotplug on this machine's kernel: nodes in another root's /dev, traps in it, the kernel's event socket. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile } from "../../toolchain/compile.ts";
import { root } from "../../toolchain/places.ts";
import { targetNamed } from "../../toolchain/targets.ts";
import { missing } from "../needs.ts";
import { EXPECTATIONS } from "./driver/expected.ts";
import { printed, type Printed } from "./printed.ts";

const program = await compile({ entry: "test/native/driver/program.ts", out: join(root, "build/out/test/driver"), target: targetNamed("x86_64"), flavor: "release" });

function run(scenario: string): Printed {
  const place = mkdtempSync(join(tmpdir(), "wherry-driver-"));
  const r = spawnSync(program, [scenario, place], { encoding: "utf8", timeout: 60_000 });
  rmSync(place, { recursive: true });
  assert.is(r.stderr, "");
  assert.is(r.status, 0, `${scenario} ended with ${r.status ?? r.signal}:\n${r.stdout}`);
  return printed(r.stdout);
}

const why = missing("root") || missing("namespaces");
for (const e of EXPECTATIONS) {
  if (why !== "") console.log(`skip: ${e.says}: ${why}`);
  else test(e.says, () => e.check(run(e.scenario)));
}

test.run();
