/**
 * Drives the volume room on the real kernel: reads one request (words) and
 * prints what happened, for volume.test.ts to check.
 */
import { reason } from "../../../src/sys/error.ts";
import type { Disk } from "../../../src/state/model.ts";
import { closeFd, exists, listDirectory, makeDirectories, readText, readTextOr, writeAll, writeFile } from "../../../src/sys/files.ts";
import { mountAt } from "../../../src/sys/mounts.ts";
import { cloneProcess, exitNow, unshare, waitPid } from "../../../src/sys/processes.ts";
import { toUtf8 } from "../../../src/sys/text.ts";
import { mountVolumes, unmountVolumes } from "../../../src/volume/apply.ts";
import { mappingUsers } from "../../../src/volume/device_mapper.ts";
import { mountDisk, unmountDisk } from "../../../src/volume/disk.ts";
import { planDisk, type DiskPlan } from "../../../src/volume/disk_plan.ts";
import { attachExport, openExport, planExports, removeExports } from "../../../src/volume/exports.ts";
import { mountNumbered, mountOverlay, openLayers } from "../../../src/volume/overlay.ts";
import type { Overlay } from "../../../src/volume/overlay_data.ts";
import { remountContainer } from "../../../src/volume/remount.ts";
import { verityDevice, type VolumePlan, type VolumeStep } from "../../../src/volume/plan.ts";

function say(line: string): void {
  writeAll(1, toUtf8(`${line}\n`), "stdout");
}

const base = process.argv[3]!;

/** "verity:NAME@ROOTHASH" with hashes in NAME.hash, "appended:NAME@ROOTHASH" with hashes behind the data. */
function verityStep(kind: string, word: string): VolumeStep {
  const name = word.slice(0, word.indexOf("@"));
  const data = `${base}/trail/${name}`;
  return {
    kind: "verity", volume: name, device: verityDevice("test", name), data, hash: kind === "verity" ? `${data}.hash` : "",
    rootHash: word.slice(word.indexOf("@") + 1), salt: "", arguments: "", target: `${base}/volumes/${name}`, fstype: "squashfs",
  };
}

/** "image:root.squashfs", "tmpfs:boot", "bind:perm", "wipe:perm", "file:x.bind", "data:x.data", "copy:_config" → a step below `base`. */
function stepOf(word: string): VolumeStep {
  const at = word.indexOf(":");
  const kind = word.slice(0, at);
  const name = word.slice(at + 1);
  const source = `${base}/trail/${name}`;
  const target = `${base}/volumes/${name}`;
  const fstype = name.slice(name.lastIndexOf(".") + 1);
  if (kind === "image") return { kind: "image", volume: name, source, target, fstype, readOnly: fstype !== "ext4", attempts: fstype === "ext4" ? ["data=journal", "data=ordered", ""] : [""] };
  if (kind === "verity" || kind === "appended") return verityStep(kind, name);
  if (kind === "tmpfs") return { kind: "tmpfs", volume: name, target };
  if (kind === "file") return { kind: "bind-file", volume: name, source, target };
  if (kind === "copy") return { kind: "copy", volume: name, source, target: `${base}/configs/${name}` };
  return { kind: "bind", volume: name, source: `${base}/disks/${name}`, target, makeSource: kind !== "data", wipe: kind === "wipe", recursive: kind === "data", readOnly: false };
}

function planOf(words: string[]): VolumePlan {
  const steps: VolumeStep[] = [];
  for (const w of words) steps.push(stepOf(w));
  return { part: "web", steps, disks: [], modules: [], warnings: [], problems: [] };
}

/** What the kernel still has of it. */
function remains(plan: VolumePlan): void {
  for (const line of readText("/proc/self/mounts").split("\n")) if (line.includes(base)) say(`left=${line}`);
  for (const name of listDirectory("/sys/block")) {
    const file = name.startsWith("loop") ? readTextOr(`/sys/block/${name}/loop/backing_file`, "") : "";
    if (file.includes(base)) say(`left=${name} ${file.trim()}`);
  }
  for (const s of plan.steps) if (s.kind === "verity" && mappingUsers(s.device) >= 0) say(`left=${s.device}`);
}

const options = { loopBase: -1, verity: true, verityArguments: "" };

function volumes(what: string, words: string[]): void {
  const plan = planOf(words);
  if (what === "mount" || what === "cycle") {
    const done = mountVolumes(plan, options);
    say(`ok=${done.ok}`);
    if (done.why !== "") say(`why=${done.why}`);
    for (const w of done.warnings) say(`warning=${w}`);
  }
  if (what === "cycle") for (const s of plan.steps) say(`motd=${s.volume}:${readTextOr(`${s.target}/etc/motd`, "").trim()}`);
  if (what === "unmount" || what === "cycle") for (const w of unmountVolumes(plan)) say(`warning=${w}`);
  if (what === "cycle") remains(plan);
}

/** overlay BASE LOWERS…: upper and work below BASE. */
function overlay(lowers: string[]): void {
  const target = `${base}/merged`;
  makeDirectories(target);
  const upper = process.argv[2] === "overlay-ro" ? "" : `${base}/up,p:er`;
  const o: Overlay = { lowers, upper, work: upper === "" ? "" : `${base}/olwork`, options: [] };
  try {
    if (process.argv[2] === "overlay-numbered") {
      makeDirectories(o.upper);
      makeDirectories(o.work);
      const fds = openLayers(o);
      mountNumbered(o, fds, target, 0);
      for (const fd of fds) closeFd(fd);
    } else {
      mountOverlay(o, target, 0);
    }
    say("ok=true");
  } catch (e) {
    say(`why=${reason(e)}`);
  }
}

function disk(name: string): Disk {
  return {
    name, aliases: [], type: "volume-disk", path: "", mode: "", migrateKeyblob: false, format: "", provision: "", provisionOptions: "", formatOptions: "",
    mountOptions: "", mountTarget: "", uuid: "", isDefault: false, disks: [], initOrder: [],
  };
}

/** Every kind that needs no special device: plain, in a file, swap in a file, dual of a plain one and the file, crypt by a script of the test. */
function diskPlans(): DiskPlan[] {
  const file = disk("file");
  file.provision = "file";
  file.provisionOptions = "size=8M";
  file.format = "ext4";
  file.path = `${base}/disks/file.img`;
  file.mountTarget = `${base}/filemount`;
  file.mountOptions = "MS_NOATIME,nodev";
  const swap = disk("swap");
  swap.type = "swap-disk";
  swap.provision = "file";
  swap.provisionOptions = "size=1M";
  swap.path = `${base}/disks/swap.img`;
  const zram = disk("zram");
  zram.type = "swap-disk";
  zram.provision = "zram";
  zram.provisionOptions = "disksize=4M";
  const dual = disk("dual");
  dual.type = "dual";
  dual.disks = ["plain", "file"];
  dual.initOrder = ["copy-once-to-primary", "primary", "secondary"];
  const crypt = disk("crypt");
  crypt.type = "dm-crypt-versatile";
  crypt.path = "i.img,4,key";
  const all = [disk("plain"), file, swap, zram, dual, crypt];
  const plans: DiskPlan[] = [];
  for (const d of all) plans.push(planDisk(d, all, { media: `${base}/media`, storage: `${base}/storage`, lib: `${base}/lib` }));
  return plans;
}

function disks(words: string[]): void {
  const plans = diskPlans();
  for (const w of words) {
    const why = w.startsWith("-") ? unmountDisk(w.slice(1), plans) : mountDisk(w, plans);
    say(`${w}=${why}`);
  }
}

/** Swap in compressed memory: once, recognised, given back. */
function zram(): void {
  disks(["zram", "zram"]);
  say(`swaps=${readText("/proc/swaps").split("\n").filter((l) => l.includes("zram")).length}`);
  disks(["-zram", "-zram"]);
  say(`swaps=${readText("/proc/swaps").split("\n").filter((l) => l.includes("zram")).length}`);
  say(`size=${readTextOr("/sys/block/zram0/disksize", "").trim()}`);
}

/** A container-like child exports a folder; the parent attaches it, sees a later mount in it, and takes it away. */
function exported(): void {
  const exports = planExports(`${base}/exports`, "web", ["/srv/out"]);
  const root = `${base}/root`;
  makeDirectories(`${root}/srv/out/later`);
  writeFile(`${root}/srv/out/file`, toUtf8("x"));
  unshare(0x20000);
  mountAt("", "/", "", 0x40000 + 16384);
  const fd = openExport(`${root}${exports[0]!.inside}`);
  attachExport(fd, exports[0]!);
  closeFd(fd);
  mountAt("tmpfs", `${root}/srv/out/later`, "tmpfs", 0);
  writeFile(`${root}/srv/out/later/new`, toUtf8("y"));
  say(`file=${readText(`${exports[0]!.outside}/file`)}`);
  say(`later=${exists(`${exports[0]!.outside}/later/new`)}`);
  removeExports(exports, `${base}/exports`);
  say(`gone=${!exists(`${base}/exports/web`)}`);
  say(`stays=${exists(`${root}/srv/out/later/new`)}`);
}

/** Mounts below a root, changed by policy; in a mount namespace that ends with the process. */
function remounted(): void {
  const c = cloneProcess(0x20000);
  if (c.pid > 0) {
    waitPid(c.pid);
    return;
  }
  mountAt("", "/", "", 0x40000 + 16384);
  const root = `${base}/root`;
  makeDirectories(`${root}/var/log`);
  mountAt("tmpfs", root, "tmpfs", 2);
  makeDirectories(`${root}/var/log`);
  mountAt("tmpfs", `${root}/var/log`, "tmpfs", 0);
  const problems = remountContainer(root, [
    { pattern: "/", options: "nodev,suid" }, { pattern: "/var/(log|cache)", options: "noexec,ro" }, { pattern: "/(", options: "ro" }, { pattern: "/nothing", options: "ro" },
  ]);
  for (const p of problems) say(`problem=${p}`);
  for (const line of readText("/proc/self/mountinfo").split("\n")) {
    const f = line.split(" ");
    if (f.length > 5 && f[4]!.startsWith(root)) say(`mount=${f[4]!.slice(root.length)} ${f[5]!}`);
  }
  exitNow(0);
}

const words = process.argv.slice(4);
const what = process.argv[2]!;
if (what.startsWith("overlay")) overlay(words);
else if (what === "disks") disks(words);
else if (what === "exports") exported();
else if (what === "remount") remounted();
else if (what === "zram") zram();
else volumes(what, words);
