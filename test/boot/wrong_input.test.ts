import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkDisk } from "../../build/disk.ts";
import { lxcConfig } from "../../build/lxcconfig.ts";
import { busyboxRoot } from "../../build/rootfs.ts";
import type { ContainerSpec } from "../../build/revision.ts";
import type { Tree } from "../../build/tree.ts";
import { boardDebs, boardNamed, type Board } from "../../qemu/boards.ts";
import type { Device } from "../../qemu/boot.ts";
import type { Pattern } from "../../qemu/console.ts";
import { factoryStorage, probedRevision, withDevice } from "./device.ts";
import { onDevice } from "./probe.ts";

const MESSAGE_DEADLINE_MS = 300_000;
const armv7 = boardNamed("armv7");

function sleeper(board: Board, name: string): ContainerSpec {
  return { name, root: busyboxRoot(boardDebs(board), ["sleep"]), init: ["/bin/sleep", "1000000"] };
}

/** The device names what is wrong, then reboots by itself: PID 1 neither died nor made the kernel panic. */
async function namesItAndReboots(d: Device, pattern: Pattern): Promise<void> {
  await d.waitFor(pattern, MESSAGE_DEADLINE_MS);
  assert.is(await d.endsWithin(MESSAGE_DEADLINE_MS), "reboot", d.console.text);
  assert.is(d.console.find("Kernel panic"), undefined);
}

/** A good storage, then spoiled. */
function spoiled(spoil: (t: Tree) => void): Tree {
  const t = factoryStorage(probedRevision(armv7, [sleeper(armv7, "sleeper")]));
  spoil(t);
  return t;
}

test("no disk: the wanted label is named, the device reboots", async () => {
  await withDevice({ board: armv7, name: "no-disk" }, (d) => namesItAndReboots(d, /error .*LABEL=storage/));
});

test("a revision that isn't there: it is named, the device reboots", async () => {
  const storage = spoiled(() => undefined);
  await withDevice({ board: armv7, name: "no-revision", storage, revision: "7" }, (d) => namesItAndReboots(d, /error .*trails\/7\/\.pvr\/json/));
});

test("a state cut in half: file and position are named, the device reboots", async () => {
  const storage = spoiled((t) => {
    const state = t.get("trails/0/.pvr/json");
    if (state?.kind !== "file") throw new Error("no state");
    t.file("trails/0/.pvr/json", state.data.subarray(0, state.data.length / 2));
  });
  await withDevice({ board: armv7, name: "half-state", storage }, (d) => namesItAndReboots(d, /error .*trails\/0\/\.pvr\/json.*(line|:) ?1\b/));
});

test("an object that is missing: its key is named, the device reboots", async () => {
  const storage = spoiled((t) => {
    const link = t.get("trails/0/sleeper/root.squashfs");
    if (link?.kind !== "hard") throw new Error("no link");
    t.remove("trails/0/sleeper/root.squashfs");
    t.remove(link.target);
  });
  await withDevice({ board: armv7, name: "missing-object", storage }, (d) => namesItAndReboots(d, /error .*sleeper\/root\.squashfs/));
});

test("a container that fails and must not: it is named with its end, the device reboots in order", async () => {
  const failing: ContainerSpec = { name: "failing", root: busyboxRoot(boardDebs(armv7), ["sh"]), init: ["/bin/sh", "-c", "exit 4"], run: { group: "root", restart_policy: "system" } };
  const storage = factoryStorage(probedRevision(armv7, [sleeper(armv7, "sleeper"), failing]));
  await withDevice({ board: armv7, name: "failing", storage }, async (d, disk) => {
    await namesItAndReboots(d, /error .*has failed for good.*name=failing.*status 4/);
    const looked = checkDisk(disk);
    assert.ok(looked.clean, looked.report);
  });
});

test("containers that can't start are named with the reason, the others run on", async () => {
  const like = (name: string): ContainerSpec => sleeper(armv7, name);
  const storage = factoryStorage(probedRevision(armv7, [
    like("good"),
    { ...like("noimage"), root: Buffer.alloc(8192, "not a squashfs ") },
    { ...like("badkey"), config: `${lxcConfig(like("badkey"))}lxc.nonsense.key = 1\n` },
    { ...like("nocommand"), init: ["/bin/no-such-command"] },
    { ...like("badlimit"), extra: ["lxc.cgroup.memory.limit_in_bytes = plenty"] },
    { ...like("badpids"), extra: ["lxc.cgroup.pids.max = -3"] },
    { ...like("unproved"), run: { "root-volume": "dm:root.squashfs" } },
  ]));
  await withDevice({ board: armv7, name: "bad-containers", storage, append: ["PV_SECUREBOOT_HANDLERS=1"] }, async (d) => {
    await d.waitFor(/error .*noimage.*mount.*root\.squashfs/, MESSAGE_DEADLINE_MS);
    await d.waitFor(/error .*badkey.*lxc\.nonsense\.key/, MESSAGE_DEADLINE_MS);
    await d.waitFor(/error .*nocommand.*exec.*\/bin\/no-such-command.*ENOENT/, MESSAGE_DEADLINE_MS);
    await d.waitFor(/error .*badlimit.*memory\.limit_in_bytes.*plenty/, MESSAGE_DEADLINE_MS);
    await d.waitFor(/error .*badpids.*pids\.max.*-3/, MESSAGE_DEADLINE_MS);
    await d.waitFor(/error .*unproved.*unproved\/_dm\/root\.squashfs\.json.*missing/, MESSAGE_DEADLINE_MS);
    const ps = await onDevice(d, "/usr/bin/wherry ps --json");
    assert.is(ps.status, 0, ps.text);
    const status = new Map((JSON.parse(ps.text) as { name: string; status: string }[]).map((c) => [c.name, c.status]));
    assert.is(status.get("good"), "STARTED", ps.text);
    for (const bad of ["noimage", "badkey", "nocommand", "badlimit", "badpids", "unproved"]) assert.is.not(status.get(bad), "STARTED", ps.text);
    const first = await onDevice(d, "cat /proc/1/comm; readlink /proc/1/exe");
    assert.match(first.text, /\/init$/);
    assert.is(d.console.find("Kernel panic"), undefined);
  });
});

test.run();
