/** The net room on this machine's kernel, in namespaces of its own: real links, real packets. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile } from "../../toolchain/compile.ts";
import { root } from "../../toolchain/places.ts";
import { targetNamed } from "../../toolchain/targets.ts";
import { missing } from "../needs.ts";
import { EXPECTATIONS, OPTIONAL_LINKS } from "./net/expected.ts";
import { printed, type Expectation, type Printed } from "./printed.ts";

const program = await compile({ entry: "test/native/net/program.ts", out: join(root, "build/out/test/net"), target: targetNamed("x86_64"), flavor: "release" });

function run(scenario: string): Printed {
  const r = spawnSync(program, [scenario], { encoding: "utf8", timeout: 60_000 });
  assert.is(r.stderr, "");
  assert.is(r.status, 0, `${scenario} ended with ${r.status ?? r.signal}:\n${r.stdout}`);
  return printed(r.stdout);
}

/** Why an expectation can't be tried here, "" when it can. */
function obstacle(e: Expectation): string {
  const why = missing("root") || missing("namespaces");
  if (why !== "" || !OPTIONAL_LINKS.includes(e.scenario)) return why;
  return (run(e.scenario).get("error") ?? []).some((m) => m.includes("EOPNOTSUPP")) ? `this kernel has no ${e.scenario}; boot tests show it` : "";
}

for (const e of EXPECTATIONS) {
  const why = obstacle(e);
  if (why !== "") console.log(`skip: ${e.says}: ${why}`);
  else test(e.says, () => e.check(run(e.scenario)));
}

test.run();
