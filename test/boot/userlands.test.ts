/**
 * The userlands of test/native/userlands.test.ts on a device: Wherry is PID 1
 * of an initramfs there, and the root switch another one. An emulated systemd
 * needs longer to halt than the usual five seconds, so this device gives its
 * containers as long as they need (WHERRY_STOP_TIMEOUT): none may be killed.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ensureCProgram } from "../../build/cprogram.ts";
import { busyboxUserland, debianUserland, plainUserland } from "../../build/userlands.ts";
import { boardDebs, boardNamed } from "../../qemu/boards.ts";
import { outDir } from "../../toolchain/places.ts";
import { factoryStorage, probedRevision, withDevice } from "./device.ts";
import { onDevice } from "./probe.ts";

/** A userland's name, what its console says on the way down, and how it ends: by the kernel's SIGINT for a power-off in a pid namespace, or by itself. */
const DOWN: [string, RegExp, string][] = [
  ["debian", /System Halt|Halting system/, "killed by signal 2"], ["busybox", /busybox: shutting down/, "killed by signal 2"], ["plain", /plain told/, "exited with status 0"],
];

test("armv7: Debian with systemd, busybox init and a program reach READY and hear their halt signal", async () => {
  const board = boardNamed("armv7");
  const payload = readFileSync(await ensureCProgram("build/payload.c", board.target, join(outDir, "bench", "payload-armv7")));
  const userlands = [debianUserland(board.target.debianArch, payload), busyboxUserland(boardDebs(board), payload), plainUserland(payload)];
  const revision = probedRevision(board, userlands.map((u) => ({
    name: u.name, root: u.root, init: u.init, extra: u.extra, keep: "user ipc", run: { status_goal: "READY", restart_policy: "container" },
  })));
  await withDevice({ board, name: "userlands", storage: factoryStorage(revision), diskMb: 192, memoryMb: 512, append: ["wherry_stop_timeout=600"] }, async (d) => {
    for (const [name] of DOWN) await d.waitFor(new RegExp(`container: ready name=${name} `), 900_000);
    for (const [name, down, reason] of DOWN) {
      const stop = await onDevice(d, `/usr/bin/wherry stop ${name}`);
      assert.is(stop.status, 0, stop.text);
      const stopped = await d.waitFor(new RegExp(`container: stopped name=${name} .*reason="[^"]*"`), 900_000);
      assert.ok(stopped.includes(`reason="${reason}`), stopped);
      const log = await onDevice(d, `cat /storage/logs/0/${name}/lxc/console.log`);
      assert.match(log.text, down);
      const left = await onDevice(d, `cat /proc/1/mountinfo | grep /volumes/${name}/`);
      assert.is(left.text, "", "nothing of it stays mounted");
    }
  });
});

test.run();
