/**
 * The runtime specification on booted boards: every scenario and look of
 * test/native/runtime, from inside containers and from outside, where Wherry
 * is PID 1. armv7 has v1 controllers beside cgroup2 (hybrid), aarch64 cgroup2
 * alone. What is about cgroups runs once more in the other layouts: v1 alone
 * on armv7, hybrid on aarch64.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { storageTree } from "../../build/disk.ts";
import { buildRevision } from "../../build/revision.ts";
import { squashfs } from "../../build/rootfs.ts";
import { boardDebs, boardNamed, type Board } from "../../qemu/boards.ts";
import { batchScript, judgeScenario, readBatch, type Scenario, type Seen } from "../native/runtime/batch.ts";
import { judgeLook, LOOKS, looksScript, managedRevision, type Look } from "../native/runtime/managed.ts";
import { scenarioRoot } from "../native/runtime/root.ts";
import { SCENARIOS } from "../native/runtime/scenarios.ts";
import { withDevice } from "./device.ts";
import { onDevice, probeContainer } from "./probe.ts";

const DEADLINE_MS = 900_000;
const PROGRAM = "/usr/bin/wherry";

type Boot = {
  board: Board;
  kind: "hybrid" | "legacy" | "unified";
  /** On the kernel command line: what asks for that layout, and for what the looks show. */
  append: string[];
  /** What /proc/self/mountinfo must have of cgroups, and must not. */
  mounted: RegExp;
  absent: RegExp;
  scenarios: Scenario[];
  looks: Look[];
  /** Only these containers of the managed revision; none named: all. */
  containers: string[];
};

const GROUPED = { scenarios: SCENARIOS.filter((s) => s.rows.some((r) => r.includes("cgroup"))), looks: LOOKS.filter((l) => l.rows.some((r) => r.startsWith("§9"))), containers: ["plain", "limited", "eats"] };
const ALL = { scenarios: SCENARIOS, looks: LOOKS, containers: [] };

const FIRMWARE = ["PV_STORAGE_FIRMWARE_VOL=1"];

const BOOTS: Boot[] = [
  { board: boardNamed("armv7"), kind: "hybrid", append: FIRMWARE, mounted: / - cgroup cgroup .*memory/, absent: / \/sys\/fs\/cgroup \S+ \S+ - cgroup2/, ...ALL },
  { board: boardNamed("armv7"), kind: "legacy", append: ["wherry_cgroup=legacy"], mounted: / - cgroup cgroup .*memory/, absent: / - cgroup2 /, ...GROUPED },
  { board: boardNamed("aarch64"), kind: "unified", append: [...FIRMWARE, "cgroup_no_v1=all", "wherry_cgroup=unified"], mounted: / \/sys\/fs\/cgroup .* - cgroup2 /, absent: / - cgroup cgroup /, ...ALL },
  { board: boardNamed("aarch64"), kind: "hybrid", append: ["wherry_cgroup=hybrid"], mounted: / - cgroup cgroup .*memory/, absent: / \/sys\/fs\/cgroup \S+ \S+ - cgroup2/, ...GROUPED },
];

type Ran = { groups: string; scenarios: (Seen | undefined)[]; looks: (Seen | undefined)[] };

async function runOn(b: Boot): Promise<Ran> {
  const debs = boardDebs(b.board);
  const root = scenarioRoot(debs);
  const whole = managedRevision(debs, b.containers.length === 0, "/volumes");
  const made = b.containers.length === 0 ? whole : { containers: whole.containers.filter((c) => b.containers.includes(c.name)), device: whole.device };
  const storage = storageTree({ revisions: { "0": buildRevision({ ...made, containers: [probeContainer(b.board), ...made.containers] }) }, committed: "0" });
  root.copyInto(storage, "scenarios/root");
  storage.file("scenarios/root.squashfs", squashfs(root));
  let ran: Ran | undefined;
  await withDevice({ board: b.board, name: `runtime-${b.kind}`, storage, diskMb: 160, memoryMb: 512, append: ["PV_SECUREBOOT_HANDLERS=1", ...b.append] }, async (d) => {
    const groups = (await onDevice(d, "cat /proc/self/mountinfo", DEADLINE_MS)).text;
    const looks = await onDevice(d, looksScript(b.looks, { program: PROGRAM, storage: "/storage", volumes: "/volumes", configs: "/run/pantavisor/configs", exports: "/exports", run: "/run/pantavisor/pv" }), DEADLINE_MS);
    const places = { program: PROGRAM, root: "/storage/scenarios/root", image: "/storage/scenarios/root.squashfs", work: "/tmp/scenarios" };
    const scenarios = await onDevice(d, batchScript(b.scenarios, places), DEADLINE_MS);
    ran = { groups, looks: readBatch(looks.text, b.looks.length), scenarios: readBatch(scenarios.text, b.scenarios.length) };
    assert.is(d.console.find("Kernel panic"), undefined);
    // in the background: the answer would be cut off with the network
    await onDevice(d, `( sleep 1; ${PROGRAM} poweroff ) > /dev/null 2>&1 &`);
    assert.is(await d.endsWithin(DEADLINE_MS), "poweroff");
  });
  return ran!;
}

for (const b of BOOTS) {
  const on = `${b.board.name} (${b.kind})`;
  let ran: Ran | undefined;
  test(`${on}: the device runs all of them and powers off`, async () => {
    ran = await runOn(b);
    assert.match(ran.groups, b.mounted);
    assert.not.match(ran.groups, b.absent);
  });
  b.scenarios.forEach((s, i) => test(`${on}: ${s.rows.join(", ")}: ${s.says}`, () => judgeScenario(s, ran?.scenarios[i])));
  b.looks.forEach((l, i) => test(`${on}: ${l.rows.join(", ")}: ${l.says}`, () => judgeLook(l, ran?.looks[i])));
}

test.run();
