import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Disk } from "../../../src/state/model.ts";
import { parseDiskOptions, parseSize, planDisk } from "../../../src/volume/disk_plan.ts";

const PATHS = { media: "/media", storage: "/storage", lib: "/usr/lib/pantavisor" };

function disk(changes: Partial<Disk>): Disk {
  return {
    name: "d", aliases: [], type: "volume-disk", path: "", mode: "", migrateKeyblob: false, format: "", provision: "", provisionOptions: "", formatOptions: "",
    mountOptions: "", mountTarget: "", uuid: "", isDefault: false, disks: [], initOrder: [], ...changes,
  };
}

function whys(d: Disk, all: Disk[] = []): string[] {
  return planDisk(d, all, PATHS).problems.map((p) => `${p.at}: ${p.why}`);
}

test("a plain volume-disk binds a folder of the storage", () => {
  const p = planDisk(disk({}), [], PATHS);
  assert.equal([p.action, p.folder, p.target, p.place], ["bind", "/storage/pv/volume-disk/d", "/media/pv/dmcrypt/d", "/media/pv/dmcrypt/d"]);
});

test("with a mount target of its own, volumes still find it at the usual place", () => {
  const p = planDisk(disk({ mountTarget: "/data" }), [], PATHS);
  assert.equal([p.target, p.place], ["/data", "/media/pv/dmcrypt/d"]);
});

test("a provisioned one needs format, path and target, and says which is missing", () => {
  assert.equal(whys(disk({ provision: "block" })), [
    "device.json disk d .format: a provisioned volume-disk needs ext4 or ext3", "device.json disk d .mount_target: a provisioned volume-disk needs one",
    "device.json disk d .path: missing",
  ]);
  assert.equal(whys(disk({ provision: "file", format: "ext4", path: "/x", mountTarget: "/m" })), [
    "device.json disk d .provision_options: a disk in a file needs size=, as size=64M",
  ]);
});

test("swap needs a provision; its options are NAME=VALUE below the device only", () => {
  assert.match(whys(disk({ type: "swap-disk" }))[0]!, /\.provision: a swap-disk needs one/);
  assert.equal(whys(disk({ type: "swap-disk", provision: "zram", provisionOptions: "comp_algorithm=lz4 disksize=64M" })), []);
  assert.equal(whys(disk({ type: "swap-disk", provision: "zram", provisionOptions: "disksize=64M ../x=1 k" })).length, 2);
});

test("crypt: the script's words, mode required for caam and dcp", () => {
  const p = planDisk(disk({ type: "dm-crypt-caam", path: "-v2 /i.img,4,k", mode: "nxp", migrateKeyblob: true }), [], PATHS);
  assert.equal([p.script, ...p.arguments], ["/usr/lib/pantavisor/pv/volmount/crypt/crypt", "--type", "caam", "--mode", "nxp", "--migrate-keyblob"]);
  assert.equal(planDisk(disk({ type: "dm-crypt-versatile", path: "/i.img,4,k" }), [], PATHS).arguments, ["--type", "versatile", "--mode", "unknown"]);
  assert.equal(whys(disk({ type: "dm-crypt-dcp", path: "x" })), ["device.json disk d .mode: dm-crypt-dcp needs mainline or nxp"]);
});

test("dual: steps name their disk, the marker lies on the storage", () => {
  const a = disk({ name: "a" });
  const b = disk({ name: "b" });
  const p = planDisk(disk({ type: "dual", disks: ["a", "b"], initOrder: ["copy-once-to-primary", "primary", "create-secondary"] }), [a, b], PATHS);
  assert.equal(p.order, [{ kind: "copy-once", disk: "a" }, { kind: "use", disk: "a" }, { kind: "create", disk: "b" }]);
  assert.is(p.marker, "/storage/pv/disks/dual_a_b.init_done");
  assert.equal(whys(disk({ type: "dual", disks: ["a", "zz"], initOrder: ["third"] }), [a]).map((w) => w.slice(w.indexOf(": ") + 2)), [
    "zz is not defined", '"third" is not known', "nothing to try",
  ]);
});

test("mount options: names of flags in both spellings, the rest for the filesystem", () => {
  assert.equal(parseDiskOptions("MS_NOATIME,nodev,data=journal,ro,rw"), { flags: 1024 + 4 + 1, data: "data=journal" });
});

test("sizes: suffixes of 1024, anything else is none", () => {
  assert.equal(["64M", "1024", "2g", "", "M", "6 4", "-1"].map(parseSize), [67108864, 1024, 2147483648, -1, -1, -1, -1]);
});

test.run();
