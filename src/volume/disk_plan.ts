/**
 * What mounting one disk of the state takes, as data. Pure: no device is
 * looked at. disk.ts does it, and recognises what is mounted already.
 * Rules: state spec §3.2, lifecycle spec §11, with their "do" fixes.
 */
import type { Disk } from "../state/model.ts";
import { diskMount } from "./plan.ts";

/** lib: folder with pv/volmount/crypt/crypt. */
export type DiskPaths = { media: string; storage: string; lib: string };

/** Where a disk's bytes are. zram: compressed memory; file: made with `size` when missing; device: as it is. */
export type DiskSource = { kind: "none" | "zram" | "file" | "device"; path: string; options: string[] };

/** A step of a dual disk's init_order, by place in `disks`: 0 primary, 1 secondary. */
export type DualStep = { kind: "use" | "create" | "copy-once"; disk: string };

/**
 * action bind: a folder of the storage; mount: a filesystem on `source`,
 * formatted when blank; swap; crypt: the script; dual: the first step of
 * `order` that works. target: where the disk is mounted; place: where
 * volumes look for it, bound when another. problems: why not to try.
 */
export type DiskPlan = {
  name: string;
  action: "bind" | "mount" | "swap" | "crypt" | "dual";
  source: DiskSource;
  format: string;
  formatOptions: string[];
  flags: number;
  data: string;
  folder: string;
  target: string;
  place: string;
  /** Script and its arguments before and after the "no create" option; `mount` or `umount` comes first. */
  script: string;
  arguments: string[];
  order: DualStep[];
  primary: string;
  secondary: string;
  /** Marker of a copy that was made once. */
  marker: string;
  problems: { at: string; why: string }[];
};

const FLAG_NAMES = [
  "RDONLY", "NOSUID", "NODEV", "NOEXEC", "SYNCHRONOUS", "MANDLOCK", "DIRSYNC", "NOATIME", "NODIRATIME", "RELATIME", "STRICTATIME", "LAZYTIME",
];
const FLAG_BITS = [1, 2, 4, 8, 16, 64, 128, 1024, 2048, 0x200000, 0x1000000, 0x2000000];

/** The usual spelling of mount(8), where it differs from the flag's name in small letters. */
const ALIASES = [["ro", "RDONLY"], ["sync", "SYNCHRONOUS"], ["mand", "MANDLOCK"]];

/** Capital ASCII letters; all others stay. */
function upperCase(s: string): string {
  const out: string[] = [];
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i);
    out.push(c >= 97 && c <= 122 ? String.fromCharCode(c - 32) : s.charAt(i));
  }
  return out.join("");
}

/** "MS_NOATIME,nodev,data=journal" → flags and the filesystem's own options. */
export function parseDiskOptions(text: string): { flags: number; data: string } {
  let flags = 0;
  const data: string[] = [];
  for (const raw of text.split(",")) {
    const word = raw.trim();
    if (word === "" || word === "rw" || word === "defaults") continue;
    let name = word.startsWith("MS_") ? word.slice(3) : upperCase(word);
    for (const a of ALIASES) if (a[0] === word) name = a[1]!;
    const at = FLAG_NAMES.indexOf(name);
    if (at >= 0) flags = (flags | FLAG_BITS[at]!) >>> 0;
    else data.push(word);
  }
  return { flags, data: data.join(",") };
}

function wordsOf(text: string): string[] {
  return text.split(" ").filter((w) => w !== "");
}

/** Number of bytes of "64M", -1 when it is none. */
export function parseSize(text: string): number {
  const units = "KMGT";
  const last = upperCase(text.charAt(text.length - 1));
  const power = last === "" ? -1 : units.indexOf(last);
  const digits = power >= 0 ? text.slice(0, text.length - 1) : text;
  if (digits === "" || digits.length > 12) return -1;
  let n = 0;
  for (let i = 0; i < digits.length; i++) {
    const d = digits.charCodeAt(i) - 48;
    if (d < 0 || d > 9) return -1;
    n = n * 10 + d;
  }
  return n * 1024 ** (power + 1);
}

/** Value of `key=` among options, "" when it is not there. */
export function optionValue(options: string[], key: string): string {
  for (const o of options) if (o.startsWith(`${key}=`)) return o.slice(key.length + 1);
  return "";
}

function sourceOf(d: Disk): DiskSource {
  const options = wordsOf(d.provisionOptions);
  if (d.provision === "zram") return { kind: "zram", path: "", options };
  if (d.provision === "file") return { kind: "file", path: d.path, options };
  return { kind: d.path === "" ? "none" : "device", path: d.path, options };
}

class Planner {
  readonly plan: DiskPlan;
  private readonly disk: Disk;

  constructor(d: Disk, paths: DiskPaths) {
    this.disk = d;
    const place = diskMount(paths.media, d.name);
    const o = parseDiskOptions(d.mountOptions);
    this.plan = {
      name: d.name, action: "bind", source: sourceOf(d), format: d.format, formatOptions: wordsOf(d.formatOptions), flags: o.flags, data: o.data,
      folder: "", target: d.mountTarget === "" ? place : d.mountTarget, place, script: "", arguments: [], order: [], primary: "", secondary: "",
      marker: "", problems: [],
    };
  }

  refuse(member: string, why: string): void {
    this.plan.problems.push({ at: `device.json disk ${this.disk.name} .${member}`, why });
  }

  swap(): void {
    this.plan.action = "swap";
    this.plan.target = "";
    this.plan.place = "";
    if (this.disk.provision === "") this.refuse("provision", "a swap-disk needs one: zram, file, or block with a path");
    this.checkSource();
  }

  checkSource(): void {
    const s = this.plan.source;
    if (s.kind !== "zram" && s.path === "") this.refuse("path", "missing");
    if (s.kind === "file" && parseSize(optionValue(s.options, "size")) <= 0) this.refuse("provision_options", "a disk in a file needs size=, as size=64M");
    if (s.kind === "zram" && optionValue(s.options, "disksize") === "") this.refuse("provision_options", "zram needs disksize=");
    for (const o of s.options) if (!o.includes("=") || o.includes("/")) this.refuse("provision_options", `"${o}" is not NAME=VALUE`);
  }

  volume(storage: string): void {
    if (this.disk.provision === "") {
      this.plan.folder = `${storage}/pv/volume-disk/${this.disk.name}`;
      return;
    }
    this.plan.action = "mount";
    if (this.disk.format !== "ext4" && this.disk.format !== "ext3") this.refuse("format", "a provisioned volume-disk needs ext4 or ext3");
    if (this.disk.mountTarget === "") this.refuse("mount_target", "a provisioned volume-disk needs one");
    this.checkSource();
  }

  crypt(type: string, lib: string): void {
    this.plan.action = "crypt";
    this.plan.target = this.plan.place;
    this.plan.script = `${lib}/pv/volmount/crypt/crypt`;
    const mode = this.disk.mode === "" ? "unknown" : this.disk.mode;
    if (type !== "versatile" && this.disk.mode === "") this.refuse("mode", `dm-crypt-${type} needs mainline or nxp`);
    if (this.disk.path === "") this.refuse("path", "missing: IMAGE,MIB,KEY");
    this.plan.arguments = ["--type", type, "--mode", mode];
    if (this.disk.migrateKeyblob) this.plan.arguments.push("--migrate-keyblob");
  }

  dual(all: Disk[], storage: string): void {
    this.plan.action = "dual";
    this.plan.target = this.plan.place;
    for (const name of this.disk.disks) {
      const known = all.filter((x) => x.name === name);
      if (known.length === 0) this.refuse("disks", `${name} is not defined`);
      else if (known[0]!.type === "dual" || known[0]!.type === "swap-disk") this.refuse("disks", `${name} is of type ${known[0]!.type}`);
    }
    if (this.disk.disks.length < 2) {
      this.refuse("disks", "a dual disk needs two: primary and secondary");
      return;
    }
    this.plan.primary = this.disk.disks[0]!;
    this.plan.secondary = this.disk.disks[1]!;
    this.plan.marker = `${storage}/pv/disks/dual_${this.plan.primary}_${this.plan.secondary}.init_done`;
    for (const word of this.disk.initOrder) this.dualStep(word);
    if (this.plan.order.length === 0) this.refuse("init_order", "nothing to try");
  }

  private dualStep(word: string): void {
    const disk = word.endsWith("secondary") ? this.plan.secondary : this.plan.primary;
    if (word === "primary" || word === "secondary") this.plan.order.push({ kind: "use", disk });
    else if (word === "create-primary" || word === "create-secondary") this.plan.order.push({ kind: "create", disk });
    else if (word === "copy-once-to-primary") this.plan.order.push({ kind: "copy-once", disk });
    else this.refuse("init_order", `"${word}" is not known`);
  }
}

/** Plans one disk; `all` are the disks of the state. */
export function planDisk(d: Disk, all: Disk[], paths: DiskPaths): DiskPlan {
  const p = new Planner(d, paths);
  if (d.type === "swap-disk") p.swap();
  else if (d.type === "volume-disk") p.volume(paths.storage);
  else if (d.type === "dual") p.dual(all, paths.storage);
  else p.crypt(d.type.slice("dm-crypt-".length), paths.lib);
  return p.plan;
}
