/** The jobs around a container's life without a kernel: their n-th call is refused, whichever it is. */
import { fakeSys } from "../../fakes/sys.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DriverManager } from "../../../src/driver/manager.ts";
import { MetaValues } from "../../../src/driver/managed.ts";
import { CleanJob, MountJob } from "../../../src/manager/jobs.ts";
import { netAction, type NetPlan } from "../../../src/net/actions.ts";
import type { VolumePlan } from "../../../src/volume/plan.ts";

const EIO = 5;
const EINVAL = 22;
const EROFS = 30;
const VOLUMES: VolumePlan = {
  part: "web", disks: [], modules: [], warnings: [], problems: [],
  steps: [
    { kind: "image", volume: "root", source: "/t/root", target: "/v/root", fstype: "squashfs", readOnly: true, attempts: [""] },
    { kind: "tmpfs", volume: "boot", target: "/v/boot" },
    { kind: "bind", volume: "perm", source: "/s/perm", target: "/v/perm", makeSource: true, wipe: false, recursive: false, readOnly: true },
    { kind: "bind-file", volume: "x", source: "/t/x", target: "/v/x" },
  ],
};
const TARGETS = ["/v/root", "/v/boot", "/v/perm", "/v/x"];
const GROUPS = ["/cg/a/lxc/web", "/cg/b/lxc/web"];

class NoMeta extends MetaValues {
  value(_key: string): string {
    return "";
  }
}

/** What is mounted, as far as calls that were not refused say; umount2 finds nothing more to do when there is nothing. */
class World {
  readonly mounted = new Map<string, number>();
  readonly groups = new Set<string>();

  constructor(refused: { name: string; path: string } | null = null, errno: number = EIO) {
    fakeSys.reset();
    const never = (name: string, path: string): boolean => refused !== null && refused.name === name && refused.path === path;
    fakeSys.answer("sys_mount", ((_s: string, target: string, _f: string, flags: number) => {
      const isRemount = flags % 64 >= 32;
      if (!isRemount) this.mounted.set(target, (this.mounted.get(target) ?? 0) + 1);
      return 0;
    }) as never);
    fakeSys.answer("sys_umount2", ((target: string) => {
      if (never("sys_umount2", target)) return -errno;
      const n = this.mounted.get(target) ?? 0;
      if (n === 0) return -EINVAL;
      this.mounted.set(target, n - 1);
      return 0;
    }) as never);
    fakeSys.answer("sys_unlinkat", ((_fd: number, path: string) => {
      if (never("sys_unlinkat", path)) return -errno;
      this.groups.delete(path);
      return 0;
    }) as never);
  }

  left(): string[] {
    return [...[...this.mounted].filter(([, n]) => n > 0).map(([t]) => t), ...this.groups];
  }
}

function wished(): MountJob {
  const none = new DriverManager([], "", "");
  return new MountJob({ lock: "/l", folders: ["/v"], modules: [], volumes: VOLUMES, options: { loopBase: -1, verity: false, verityArguments: "" }, disks: { plans: [], lock: "" }, driversRequired: [], driversOptional: [], hooks: null }, none, new NoMeta());
}

function start(): string {
  try {
    wished().run();
    return "";
  } catch (e) {
    return e instanceof Error ? e.message : String(e);
  }
}

/** A container that runs: everything is up, what was called so far is forgotten. */
function running(world: World): void {
  assert.is(start(), "");
  for (const g of GROUPS) world.groups.add(g);
  assert.equal(world.left(), [...TARGETS, ...GROUPS]);
}

function stopJob(network: NetPlan | null): CleanJob {
  return new CleanJob({ hooks: null, target: "stop", lock: "/l", volumes: VOLUMES, places: GROUPS.map((directory) => ({ version: 2, controllers: [], base: "/cg", directory })) as never, network, netFd: -1, exports: [], exportsDir: "" });
}

function stop(network: NetPlan | null = null): string {
  return stopJob(network).run();
}

test("whichever call of a start is refused: it is named and nothing stays mounted, or all is mounted", () => {
  new World();
  fakeSys.failAt(-1, EIO);
  start();
  const total = fakeSys.calls.length;
  assert.ok(total > 20, String(total));
  let refused = 0;
  for (let n = 0; n < total; n++) {
    const world = new World();
    fakeSys.failAt(n, EIO);
    const why = start();
    const what = `call ${n}: ${fakeSys.calls[n]!.name}: ${why}`;
    if (why !== "") {
      refused += 1;
      assert.match(why, /EIO/, what);
    }
    assert.equal(world.left(), why === "" ? TARGETS : [], what);
  }
  assert.ok(refused > 10, String(refused));
});

test("whichever call of a stop is refused once: all is taken down, and it was said", () => {
  const world = new World();
  running(world);
  fakeSys.failAt(-1, EIO);
  assert.is(stop(), "");
  const total = fakeSys.calls.length;
  assert.ok(total >= 15, String(total));
  for (let n = 0; n < total; n++) {
    const again = new World();
    running(again);
    fakeSys.failAt(n, EIO);
    const said = stop();
    assert.equal(again.left(), [], `call ${n}: ${fakeSys.calls[n]!.name}: ${said}`);
    assert.ok(said === "" || said.includes("EIO") && said.includes("gone at another attempt"), said);
  }
});

test("whichever call of a start without a worker is refused: all is mounted, or nothing is and a worker has to", () => {
  const hot = (): void => {
    fakeSys.answer("sys_lseek", () => 4095);
    fakeSys.answer("sys_preadv2", () => 1);
  };
  let refused = 0;
  let total = 1;
  for (let n = -1; n < total; n++) {
    const world = new World();
    hot();
    fakeSys.failAt(n, EIO);
    const isDone = wished().tryNow();
    if (n < 0) total = fakeSys.calls.length;
    if (!isDone) refused += 1;
    assert.equal(world.left(), isDone ? TARGETS : [], `call ${n}`);
  }
  assert.ok(total > 20 && refused > 10 && refused < total, `${refused} of ${total}`);
  new World();
  assert.not(wished().tryNow(), "an image that is not in memory is left to a worker");
});

test("whichever call of a stop without a worker is refused: nothing is left, or the worker that follows takes it down and says so", () => {
  let total = 1;
  for (let n = -1; n < total; n++) {
    const world = new World();
    running(world);
    fakeSys.failAt(n, EIO);
    const job = stopJob(null);
    const isDone = job.tryNow();
    if (n < 0) total = fakeSys.calls.length;
    const said = isDone ? "" : job.run();
    assert.equal(world.left(), [], `call ${n}: ${said}`);
    assert.ok(said === "" || said.includes("EIO") && said.includes("gone at another attempt"), said);
  }
  assert.ok(total >= 15, String(total));
});

test("what can't be taken down is named, and everything else goes all the same", () => {
  for (const path of [...TARGETS, ...GROUPS]) {
    const world = new World({ name: TARGETS.includes(path) ? "sys_umount2" : "sys_unlinkat", path }, EROFS);
    running(world);
    assert.match(stop(), new RegExp(`${path}: EROFS`));
    assert.equal(world.left(), [path]);
  }
});

test("links that can't be taken down keep nothing else", () => {
  const world = new World();
  running(world);
  fakeSys.answer("sys_socket", () => -EIO);
  const said = stop({ beforeClone: [], afterClone: [], inside: [], afterExit: [netAction("delete", "veth0")], scriptsUp: [], scriptsDown: [], hostname: "" });
  assert.match(said, /^socket.*: EIO/);
  assert.equal(world.left(), []);
});

test.run();
