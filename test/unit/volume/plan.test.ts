import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Bsp, Container, Storage, Verity, Volume } from "../../../src/state/model.ts";
import { configOverlay, planBspVolumes, planVolumes, verityDevice, type VolumePaths } from "../../../src/volume/plan.ts";

const PATHS: VolumePaths = { volumes: "/volumes", storage: "/storage", media: "/media", configs: "/configs", trail: "/storage/trails/7", revision: "7" };
const PLAIN = { loopBase: -1, verity: false, verityArguments: "" };
const VERIFY = { loopBase: -1, verity: true, verityArguments: "--panic-on-corruption" };

function volume(text: string): Volume {
  const handler = text.startsWith("dm:") ? "dm" : "";
  const name = text.slice(handler === "" ? 0 : 3);
  const fstype = name.slice(name.lastIndexOf(".") + 1);
  return { kind: fstype === "bind" ? "bind" : fstype === "data" ? "data" : "image", handler, name, fstype };
}

const NO_VOLUME: Volume = { kind: "image", handler: "", name: "", fstype: "" };

function container(root: string, volumes: string[], storage: Storage[], overlay = false): Container {
  return { name: "web", rootVolume: root === "" ? NO_VOLUME : volume(root), volumes: volumes.map(volume), storage, hasConfigOverlay: overlay } as unknown as Container;
}

const VERITY: Verity = { part: "web", volume: "root.squashfs", dataDevice: "root.squashfs", hashDevice: "root.squashfs.hash", rootHash: "ab", salt: "", uuid: "" };

test("root volume, volumes and storage come in document order, the config copy last", () => {
  const c = container("root.squashfs", ["b.squashfs", "a.data"], [{ name: "z", persistence: "boot", disk: "" }, { name: "k", persistence: "permanent", disk: "" }], true);
  const plan = planVolumes(c, [], PATHS, PLAIN);
  assert.equal(plan.steps.map((s) => `${s.kind} ${s.target}`), [
    "image /volumes/web/root.squashfs", "image /volumes/web/b.squashfs", "bind /volumes/web/a.data", "tmpfs /volumes/web/z", "bind /volumes/web/k", "copy /configs/web",
  ]);
  assert.equal(plan.modules, ["loop", "squashfs"]);
  assert.is(configOverlay(c, PATHS), "/configs/web");
});

test("images are read-only, for objects never change; an ext4 that was not unmounted is read as it is", () => {
  const steps = planVolumes(container("r.squashfs", ["d.ext4"], []), [], PATHS, PLAIN).steps;
  assert.equal(steps[0], { kind: "image", volume: "r.squashfs", source: "/storage/trails/7/web/r.squashfs", target: "/volumes/web/r.squashfs", fstype: "squashfs", readOnly: true, attempts: [""] });
  assert.equal(steps[1], { kind: "image", volume: "d.ext4", source: "/storage/trails/7/web/d.ext4", target: "/volumes/web/d.ext4", fstype: "ext4", readOnly: true, attempts: ["", "noload"] });
});

test("storage lies by persistence, on a disk below its mount, and a boot folder there is emptied", () => {
  const rows: Storage[] = [];
  for (const disk of ["", "d1"]) for (const persistence of ["permanent", "revision", "boot"] as const) rows.push({ name: "v", persistence, disk });
  const plan = planVolumes(container("", [], rows), [], PATHS, PLAIN);
  assert.equal(plan.steps.map((s) => (s.kind === "bind" ? `${s.source}${s.wipe ? " wiped" : ""}` : s.kind)), [
    "/storage/disks/perm/web/v", "/storage/disks/rev/7/web/v", "tmpfs",
    "/media/pv/dmcrypt/d1/perm/web/v", "/media/pv/dmcrypt/d1/rev/7/web/v", "/media/pv/dmcrypt/d1/boot/web/v wiped",
  ]);
  assert.equal(plan.disks, ["d1"]);
});

test("dm: volumes are verified when the device does that, else mounted plainly", () => {
  const c = container("dm:root.squashfs", [], []);
  const verified = planVolumes(c, [VERITY], PATHS, VERIFY);
  assert.equal(verified.steps, [{
    kind: "verity", volume: "root.squashfs", device: "pv--dmverity--web-root", data: "/storage/trails/7/web/root.squashfs",
    hash: "/storage/trails/7/web/root.squashfs.hash", rootHash: "ab", salt: "", arguments: "--panic-on-corruption", target: "/volumes/web/root.squashfs", fstype: "squashfs",
  }]);
  assert.equal(verified.modules, ["loop", "dm-mod", "dm-verity", "squashfs"]);
  assert.is(planVolumes(c, [VERITY], PATHS, PLAIN).steps[0]!.kind, "image");
});

test("a dm: volume without its description is a problem that names the missing document", () => {
  const plan = planVolumes(container("dm:root.squashfs", [], []), [], PATHS, VERIFY);
  assert.equal(plan.problems, [{ at: "web/_dm/root.squashfs.json", why: "missing, but volume dm:root.squashfs of web needs it" }]);
  assert.equal(plan.steps, []);
});

test("hashes in the same file are said by the same name or none", () => {
  const c = container("dm:root.squashfs", [], []);
  for (const hashDevice of ["", "root.squashfs"]) {
    const s = planVolumes(c, [{ ...VERITY, hashDevice }], PATHS, VERIFY).steps[0]!;
    assert.is(s.kind === "verity" ? s.hash : "?", "");
  }
});

test("verity devices drop the last extension only", () => {
  assert.equal(["root.squashfs", "a.b.squashfs", "x"].map((v) => verityDevice("web", v)), ["pv--dmverity--web-root", "pv--dmverity--web-a.b", "pv--dmverity--web-x"]);
});

test("the device's own: firmware and the modules of this very kernel, bound where the kernel looks", () => {
  const bsp = {
    present: true, firmware: volume("firmware.squashfs"),
    modules: [{ release: "", volume: volume("any.squashfs") }, { release: "6.1.0", volume: volume("m61.squashfs") }],
  } as unknown as Bsp;
  const targets = (release: string): string[] => planBspVolumes(bsp, [{ name: "pv--devmeta", persistence: "permanent", disk: "" }], release, [], PATHS, PLAIN).steps.map((s) => s.target);
  assert.equal(targets("6.1.0"), ["/volumes/bsp/firmware.squashfs", "/lib/firmware", "/volumes/bsp/m61.squashfs", "/lib/modules/6.1.0", "/volumes/bsp/pv--devmeta"]);
  assert.equal(targets("5.4.0")[2], "/volumes/bsp/any.squashfs");
});

test.run();
