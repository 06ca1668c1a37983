import { test } from "uvu";
import * as assert from "uvu/assert";
import { busyboxRoot } from "../../build/rootfs.ts";
import { boardDebs, boardNamed } from "../../qemu/boards.ts";
import type { Device } from "../../qemu/boot.ts";
import { factoryStorage, probedRevision, withDevice } from "./device.ts";
import { onDevice } from "./probe.ts";

const QUIET_S = 60;
/** PV_WDT_TIMEOUT of the boards' configuration; it may be fed as often as four times within it. */
const WATCHDOG_TIMEOUT_S = 30;
const MAX_FEEDS = Math.ceil((QUIET_S * 4) / WATCHDOG_TIMEOUT_S);
const MAX_PSS_KB = 1229;

type Process = { pid: number; name: string; pssKb: number; privateKb: number; switches: number };

/** Our own processes: those that run /init. */
async function ourProcesses(d: Device): Promise<Process[]> {
  const { text } = await onDevice(d, `
for p in /proc/[0-9]*; do
  [ "$(readlink $p/exe)" = /init ] || continue
  echo "$(basename $p) $(cat $p/comm) $(awk '/^Pss:/{pss=$2} /^Private/{own+=$2} END{print pss, own}' $p/smaps_rollup) $(awk '/^voluntary/{print $2}' $p/status)"
done`);
  return text.split("\n").map((l) => l.split(" ")).map((f) => ({ pid: Number(f[0]), name: f[1]!, pssKb: Number(f[2]), privateKb: Number(f[3]), switches: Number(f[4]) }));
}

test("two sleeping containers: nothing wakes but for the watchdog, and memory stays small", async () => {
  const board = boardNamed("armv7");
  const sleeper = { name: "sleeper", root: busyboxRoot(boardDebs(board), ["sleep"]), init: ["/bin/sleep", "1000000"] };
  const storage = factoryStorage(probedRevision(board, [sleeper]));
  await withDevice({ board, name: "idle", storage }, async (d) => {
    await d.waitFor(/container: started .*name=sleeper/, 60_000);
    await onDevice(d, "sleep 10");
    const before = await ourProcesses(d);
    await onDevice(d, `sleep ${QUIET_S}`, (QUIET_S + 30) * 1000);
    const after = await ourProcesses(d);
    assert.equal(after.map((p) => p.pid), before.map((p) => p.pid));
    assert.ok(after.some((p) => p.pid === 1) && after.length >= 2, JSON.stringify(after));
    for (const [i, p] of after.entries()) {
      const woken = p.switches - before[i]!.switches;
      console.log(`figure: ${p.name} (${p.pid}): ${woken} voluntary switches in ${QUIET_S} s, PSS ${p.pssKb} KB, private ${p.privateKb} KB`);
      assert.ok(woken <= MAX_FEEDS, `${p.name} woke ${woken} times`);
    }
    const together = after.reduce((n, p) => n + p.pssKb, 0);
    console.log(`figure: all of our processes together: PSS ${together} KB`);
    assert.ok(together <= MAX_PSS_KB, `${together} KB`);
  });
});

test.run();
