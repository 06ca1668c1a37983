/** Rows of the runtime specification on this machine's kernel; test/boot/runtime.test.ts runs the same on booted boards. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ensureBinary } from "../../build/images.ts";
import { squashfs } from "../../build/rootfs.ts";
import { debsDir, root } from "../../toolchain/places.ts";
import { targetNamed } from "../../toolchain/targets.ts";
import { missing } from "../needs.ts";
import { batchScript, judgeScenario, readBatch, type Seen } from "./runtime/batch.ts";
import { scenarioRoot } from "./runtime/root.ts";
import { runtimePage } from "./runtime/page.ts";
import { SCENARIOS } from "./runtime/scenarios.ts";

const DEADLINE_MS = 600_000;
const HERE = SCENARIOS.filter((s) => s.boardsOnly !== true);

/** In a network namespace of its own: its links are not this machine's. */
async function runAll(): Promise<(Seen | undefined)[]> {
  const program = await ensureBinary(targetNamed("x86_64"));
  const top = mkdtempSync(join(tmpdir(), "wherry-runtime-"));
  try {
    chmodSync(top, 0o755);
    const tree = scenarioRoot(debsDir("amd64"));
    const places = { program, root: join(top, "root"), image: join(top, "root.squashfs"), work: join(top, "work") };
    mkdirSync(places.root);
    tree.stage(places.root);
    writeFileSync(places.image, squashfs(tree));
    const r = spawnSync("unshare", ["-n", "/bin/sh", "-s"], { input: batchScript(HERE, places), encoding: "utf8", timeout: DEADLINE_MS, maxBuffer: 1 << 26, env: { PATH: process.env.PATH, LC_ALL: "C" } });
    if (r.stderr !== "") console.log(r.stderr);
    return readBatch(r.stdout, HERE.length);
  } finally {
    if (!readFileSync("/proc/self/mountinfo", "utf8").includes(` ${top}`)) rmSync(top, { recursive: true, force: true });
  }
}

const PAGE = join(root, "docs/runtime-tests.md");
if (process.argv.includes("--write")) writeFileSync(PAGE, runtimePage());
test("docs/runtime-tests.md is what the tables say (--write makes it again)", () => assert.is(readFileSync(PAGE, "utf8"), runtimePage()));

const why = (["root", "namespaces", "overlay", "loop"] as const).map(missing).filter((w) => w !== "");
let seen: (Seen | undefined)[] = [];
if (why.length > 0) console.log(`skip: containers by the runtime specification: ${why.join("; ")}`);
else {
  test("the machine runs all of them", async () => { seen = await runAll(); });
  HERE.forEach((s, i) => test(`${s.rows.join(", ")}: ${s.says}`, () => judgeScenario(s, seen[i])));
}
test.run();
