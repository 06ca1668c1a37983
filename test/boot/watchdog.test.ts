/**
 * A device with a real watchdog (QEMU's i6300esb): PID 1 starts a manager
 * again that hangs, and containers go on; the hardware resets the device when
 * a container that feeds it hangs for good, not before. The kernel's command
 * line also refuses cgroup v1 here, which is no obstacle.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ensureCProgram } from "../../build/cprogram.ts";
import { busyboxRoot } from "../../build/rootfs.ts";
import type { ContainerSpec } from "../../build/revision.ts";
import { boardDebs, boardNamed, type Board } from "../../qemu/boards.ts";
import type { Device } from "../../qemu/boot.ts";
import { outDir } from "../../toolchain/places.ts";
import { factoryStorage, probedRevision, withDevice } from "./device.ts";
import { onDevice } from "./probe.ts";

const DEADLINE_MS = 300_000;
const WATCHDOG_S = 12;
const MANAGER_S = 5;

/** Says WATCHDOG=1 every second until the file /srv/hang is there. */
function beating(board: Board, name: string, agent: Buffer): ContainerSpec {
  const root = busyboxRoot(boardDebs(board), ["sh", "sleep"]).file("bin/agent", agent, 0o755).dir("srv");
  root.file("beat", "#!/bin/sh\nwhile [ ! -e /srv/hang ]; do agent say WATCHDOG=1; sleep 1; done\nexec sleep 1000000\n", 0o755);
  return {
    name, root, init: ["/bin/sh", "/beat"], extra: [`lxc.mount.entry = /volumes/${name}/keep srv none bind 0 0`],
    run: {
      storage: { "lxc-overlay": { persistence: "boot" }, keep: { persistence: "permanent" } },
      wherry: { health: [{ kind: "notify", interval: "4s", retries: 1, feeds_watchdog: true, on_failure: ["restart"] }] },
    },
  };
}

/** Name, status and pid of every container, and how many cgroup hierarchies are mounted. */
async function running(d: Device): Promise<string> {
  const { text } = await onDevice(d, "until /usr/bin/wherry ps > /tmp/ps; do sleep 1; done; tr -s ' ' < /tmp/ps | cut -d' ' -f1,3,5; grep -c ' - cgroup' /proc/self/mountinfo", DEADLINE_MS);
  return text;
}

test("aarch64: a manager that hangs is started again, a container that feeds the watchdog and hangs resets the device", async () => {
  const board = boardNamed("aarch64");
  const agent = readFileSync(await ensureCProgram("test/native/supervision/agent.c", board.target, join(outDir, "native", "agent-aarch64")));
  const storage = factoryStorage(probedRevision(board, [beating(board, "beats", agent), beating(board, "hangs", agent)]));
  const append = [`pv_wdt.timeout=${WATCHDOG_S}`, `wherry_manager_timeout=${MANAGER_S}`, "cgroup_no_v1=all,named"];
  await withDevice({ board, name: "watchdog", storage, append }, async (d) => {
    await d.waitFor(/warn cgroup.*name=systemd.*cgroup2 alone instead/, DEADLINE_MS);
    for (const name of ["beats", "hangs"]) await d.waitFor(new RegExp(`container: started .*name=${name}`), DEADLINE_MS);
    const before = await running(d);
    assert.is(before.split("\n").filter((l) => / STARTED [0-9]+$/.test(l)).length, 3, before);
    const hardware = await onDevice(d, "cd /sys/class/watchdog/watchdog0; cat identity state timeout");
    assert.match(hardware.text, new RegExp(`^i6300ESB.*\\nactive\\n${WATCHDOG_S}$`));

    await onDevice(d, "for p in /proc/[0-9]*; do [ \"$(cat $p/comm)\" = wherry ] && kill -STOP ${p##*/}; done");
    await d.waitFor(`the manager has been silent for ${MANAGER_S} s: killing it`, DEADLINE_MS);
    await d.waitFor("the manager ended with signal 9: starting it again", DEADLINE_MS);
    assert.is(await running(d), before, "containers and mounts are as before");

    await onDevice(d, `sleep ${WATCHDOG_S + 3}`, DEADLINE_MS);
    assert.is(await running(d), before, "as long as both are heard the device goes on");
    await onDevice(d, "touch /storage/disks/perm/hangs/keep/hang");
    assert.is(await d.endsWithin(DEADLINE_MS), "watchdog", d.console.text.slice(-3000));
    assert.match(d.console.text, /error .*unhealthy name=hangs .*heartbeat/);
    assert.not.match(d.console.text, /unhealthy name=beats|rebooting/);
  });
});

test.run();
