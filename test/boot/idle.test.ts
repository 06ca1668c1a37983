/**
 * A device that has nothing to do, and one whose configuration has values that
 * mean nothing: the same boot shows both.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { busyboxRoot } from "../../build/rootfs.ts";
import { boardDebs, boardNamed } from "../../qemu/boards.ts";
import type { Device } from "../../qemu/boot.ts";
import { factoryStorage, probedRevision, withDevice } from "./device.ts";
import { onDevice } from "./probe.ts";

const QUIET_S = 60;
/** Default of PV_WDT_TIMEOUT; the device may be fed as often as four times within it, and what asks the manager for its heartbeat may be late once. */
const WATCHDOG_TIMEOUT_S = 15;
/** Of the manager with PID 1, and of the manager with its logger. */
const MAX_PSS_KB = 1229;
const BAD_VALUES = ["pv_wdt.timeout=soon", "PV_LOG_DIR_MAXSIZE=huge", "pv_storage.wait=-"];
const DEADLINE_MS = 300_000;

type Process = { upS: number; pid: number; name: string; pssKb: number; privateKb: number; switches: number };

/** Our own processes: those that run /init. */
async function ourProcesses(d: Device): Promise<Process[]> {
  const { text } = await onDevice(d, `
for p in /proc/[0-9]*; do
  [ "$(readlink $p/exe)" = /init ] || continue
  echo "$(cut -d. -f1 /proc/uptime) $(basename $p) $(cat $p/comm) $(awk '/^Pss:/{pss=$2} /^Private/{own+=$2} END{print pss, own}' $p/smaps_rollup) $(awk '/^voluntary/{print $2}' $p/status)"
done`);
  return text.split("\n").map((l) => l.split(" ")).map((f) => ({ upS: Number(f[0]), pid: Number(f[1]), name: f[2]!, pssKb: Number(f[3]), privateKb: Number(f[4]), switches: Number(f[5]) })).sort((a, b) => a.pid - b.pid);
}

test("values that mean nothing are named and left at their defaults; with two sleeping containers nothing wakes but for the watchdog, and memory stays small", async () => {
  const board = boardNamed("armv7");
  const sleeper = { name: "sleeper", root: busyboxRoot(boardDebs(board), ["sleep"]), init: ["/bin/sleep", "1000000"] };
  const storage = factoryStorage(probedRevision(board, [sleeper]));
  await withDevice({ board, name: "idle", storage, append: BAD_VALUES }, async (d) => {
    await d.waitFor(/warn .*PV_WDT_TIMEOUT.*soon/, DEADLINE_MS);
    await d.waitFor(/warn .*PV_LOG_DIR_MAXSIZE.*huge/, DEADLINE_MS);
    await d.waitFor(/warn .*PV_STORAGE_WAIT.*-/, DEADLINE_MS);
    await d.waitFor(/container: started .*name=sleeper/, DEADLINE_MS);
    await onDevice(d, "sleep 10", DEADLINE_MS);
    const before = await ourProcesses(d);
    await onDevice(d, `sleep ${QUIET_S}`, DEADLINE_MS);
    const after = await ourProcesses(d);
    assert.equal(after.map((p) => p.pid), before.map((p) => p.pid));
    assert.equal(after.map((p) => p.name), ["init", "wherry", "wherry-logger"]);
    for (const [i, p] of after.entries()) {
      const woken = p.switches - before[i]!.switches;
      const seconds = p.upS - before[i]!.upS;
      console.log(`figure: ${p.name} (${p.pid}): ${woken} voluntary switches in ${seconds} s, PSS ${p.pssKb} KB, private ${p.privateKb} KB`);
      assert.ok(woken <= Math.ceil((seconds * 4) / WATCHDOG_TIMEOUT_S) + 1, `${p.name} woke ${woken} times`);
    }
    const [init, manager, logger] = after.map((p) => p.pssKb) as [number, number, number];
    console.log(`figure: manager and init: PSS ${manager + init} KB; manager and logger: ${manager + logger} KB; all three: ${manager + init + logger} KB`);
    assert.ok(manager + init <= MAX_PSS_KB && manager + logger <= MAX_PSS_KB, `${manager} + ${init}, ${manager} + ${logger} KB`);
  });
});

test.run();
