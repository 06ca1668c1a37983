/**
 * The manager's own jobs on a verified volume of /images: what a worker of
 * its does before a start and after an end. Prints how they went.
 *
 *   verity run NAME ROOTHASH    mounts, takes down
 *   verity worn NAME ROOTHASH   mounts, damages the data beneath, reads everything, takes down
 *   verity down NAME ROOTHASH   takes down
 *   verity left                 what the device has of mounts, loop devices, mappings, links and cgroups
 */
import { MetaValues } from "../../../src/driver/managed.ts";
import { DriverManager } from "../../../src/driver/manager.ts";
import { CleanJob, MountJob } from "../../../src/manager/jobs.ts";
import { O_RDWR } from "../../../src/sys/constants.ts";
import { errnoOf, reason } from "../../../src/sys/error.ts";
import { errnoName } from "../../../src/sys/errno.ts";
import { closeFd, exists, listDirectory, listFolders, openFile, readAt, readText, readTextOr, tryWrite, writeAll } from "../../../src/sys/files.ts";
import { toUtf8 } from "../../../src/sys/text.ts";
import { verityDevice, type VolumePlan } from "../../../src/volume/plan.ts";

const BASE = "/images";
const WORN_BYTES = 131072;

class NoMeta extends MetaValues {
  value(_key: string): string {
    return "";
  }
}

let said = "";

function say(line: string): void {
  said += `${line}\n`;
}

/** All of it at the end: its own words are not on trial. */
function print(): void {
  try {
    writeAll(1, toUtf8(said), "stdout");
  } catch {
    writeAll(1, toUtf8(said), "stdout");
  }
}

function planOf(name: string, rootHash: string): VolumePlan {
  const data = `${BASE}/trail/${name}`;
  return {
    part: "web", disks: [], modules: ["loop", "dm-mod", "dm-verity", "squashfs"], warnings: [], problems: [],
    steps: [
      { kind: "verity", volume: name, device: verityDevice("web", name), data, hash: `${data}.hash`, rootHash, salt: "", arguments: "", target: `${BASE}/volumes/${name}`, fstype: "squashfs" },
      { kind: "tmpfs", volume: "lxc-overlay", target: `${BASE}/volumes/lxc-overlay` },
    ],
  };
}

function mount(volumes: VolumePlan): boolean {
  try {
    // a lock is held to the end of the process, which is one for both jobs here: they have one each
    const warnings = new MountJob({
      lock: "/tmp/start", folders: [`${BASE}/volumes`], modules: [], volumes, options: { loopBase: -1, verity: true, verityArguments: "" }, disks: { plans: [], lock: "" },
      driversRequired: [], driversOptional: [], hooks: null,
    }, new DriverManager([], "", ""), new NoMeta()).run();
    say(`up ${warnings}`);
    return true;
  } catch (e) {
    say(`why=${reason(e)}`);
    return false;
  }
}

function down(volumes: VolumePlan): void {
  try {
    say(`down ${new CleanJob({ hooks: null, target: "stop", lock: "/tmp/stop", volumes, places: [], network: null, netFd: -1, exports: [], exportsDir: "" }).run()}`);
  } catch (e) {
    say(`down ${reason(e)}`);
  }
}

/** What a failing flash would give: other data than those that were there, but for the first block. */
function damage(name: string): void {
  const fd = openFile(`${BASE}/trail/${name}`, O_RDWR);
  const b = readAt(fd, 0, WORN_BYTES);
  for (let i = 4096; i < b.length; i++) b[i] = 255 - b[i]!;
  tryWrite(fd, b, 0, b.length);
  closeFd(fd);
}

function readAll(folder: string): void {
  for (const f of listDirectory(folder)) {
    try {
      readText(`${folder}/${f}`);
    } catch (e) {
      say(`read=${errnoName(errnoOf(e))}`);
      return;
    }
  }
  say("read=all");
}

function left(): void {
  for (const line of readText("/proc/self/mounts").split("\n")) if (line.includes(BASE) && !line.includes(` ${BASE}/storage `)) say(`left=${line}`);
  for (const name of listDirectory("/sys/block")) {
    if (name.startsWith("dm-")) say(`left=${readTextOr(`/sys/block/${name}/dm/name`, name).trim()}`);
    if (name.startsWith("loop") && readTextOr(`/sys/block/${name}/loop/backing_file`, "") !== "") say(`left=${name}`);
  }
  for (const name of listDirectory("/sys/class/net")) if (name !== "lo") say(`left=link ${name}`);
  if (exists("/sys/fs/cgroup/lxc")) for (const name of listFolders("/sys/fs/cgroup/lxc")) say(`left=cgroup ${name}`);
}

const what = process.argv[2]!;
if (what === "left") {
  left();
} else {
  const name = process.argv[3]!;
  const plan = planOf(name, process.argv[4]!);
  if (what === "down" || mount(plan)) {
    if (what === "worn") {
      damage(name);
      readAll(`${BASE}/volumes/${name}/etc`);
    }
    down(plan);
  }
}
print();
