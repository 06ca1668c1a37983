/** What the manager does for containers by the runtime specification, on this machine's kernel; test/boot/runtime.test.ts runs the same on booted boards. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ensureBinary } from "../../build/images.ts";
import { buildRevision } from "../../build/revision.ts";
import { debsDir } from "../../toolchain/places.ts";
import { runResultAsync } from "../../toolchain/run.ts";
import { targetNamed } from "../../toolchain/targets.ts";
import { missing } from "../needs.ts";
import { HostedDaemon } from "./hosted.ts";
import { readBatch, type Seen } from "./runtime/batch.ts";
import { judgeLook, LOOKS, looksScript, managedRevision } from "./runtime/managed.ts";

const DEADLINE_MS = 900_000;
const HERE = LOOKS.filter((l) => l.boardsOnly !== true);

/** In a network namespace of its own: bridges and address translation are not this machine's. */
async function runAll(): Promise<{ seen: (Seen | undefined)[]; left: string[]; said: string }> {
  const program = await ensureBinary(targetNamed("x86_64"));
  const work = mkdtempSync(join(tmpdir(), "wherry-managed-"));
  const top = join(work, "daemon");
  const daemon = new HostedDaemon(top, program, (volumesDir) => buildRevision(managedRevision(debsDir("amd64"), false, volumesDir)));
  try {
    daemon.start(["unshare", "-n"]);
    await daemon.until("it answers", async () => ((await daemon.ask("GET", "/containers")).status === 200 ? true : null), 120_000);
    const script = looksScript(HERE, { program, storage: join(top, "storage"), volumes: join(top, "volumes"), configs: join(top, "configs"), exports: join(top, "exports"), run: join(top, "run") });
    writeFileSync(join(work, "looks"), script);
    // not by spawnSync: what the daemon says has to be read meanwhile
    const r = await runResultAsync("nsenter", ["-t", String(daemon.pid()), "-n", "/bin/sh", join(work, "looks")], { timeout: DEADLINE_MS, env: { PATH: process.env.PATH, LC_ALL: "C" } });
    if (r.stderr !== "") console.log(r.stderr);
    const said = daemon.said();
    await daemon.stop();
    return { seen: readBatch(r.stdout, HERE.length), left: daemon.leftovers(), said };
  } finally {
    await daemon.remove();
    rmSync(work, { recursive: true, force: true });
  }
}

const why = (["root", "namespaces", "overlay", "loop"] as const).map(missing).filter((w) => w !== "");
let run: { seen: (Seen | undefined)[]; left: string[]; said: string } | undefined;
if (why.length > 0) console.log(`skip: the manager by the runtime specification: ${why.join("; ")}`);
else {
  test("the manager runs all of them, and leaves nothing", async () => {
    run = await runAll();
    assert.equal(run.left, [], run.said);
  });
  HERE.forEach((l, i) => test(`${l.rows.join(", ")}: ${l.says}`, () => judgeLook(l, run?.seen[i])));
}
test.run();
