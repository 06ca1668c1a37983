/**
 * One fuzzed input for the lxc room: a seccomp profile after a line "s", an
 * fstab after "f", a command after "c", else a configuration (which may
 * include itself). What it throws is a finding: nothing of this may throw, and what
 * is accepted must hold together.
 */
import type { ContainerDescription } from "../../src/lxc/description.ts";
import { parseFstab } from "../../src/lxc/mount_entry.ts";
import { parseLxcConfig } from "../../src/lxc/parser.ts";
import { ConfigReader, type ReadText } from "../../src/lxc/reader.ts";
import { Report } from "../../src/lxc/report.ts";
import { parseSeccompProfile } from "../../src/lxc/seccomp.ts";
import { isWrapped, splitCommand } from "../../src/lxc/words.ts";

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`finding: ${what}`);
}

/** Every path is the text itself, for the first few that are read; a path that ends in d is a folder. */
class SameText extends ConfigReader {
  private readonly text: string;
  private readonly most: number = 4;
  private reads: number = 0;

  constructor(text: string) {
    super();
    this.text = text;
  }

  read(path: string): ReadText {
    this.reads = this.reads + 1;
    return { ok: !path.endsWith("x"), text: this.reads <= this.most ? this.text : "", why: "EIO" };
  }

  list(path: string): string[] | null {
    return path.endsWith("d") ? ["b.conf", "a.conf", "x"] : null;
  }
}

/** What a description without problems promises to the container room. */
function checkWhole(d: ContainerDescription): void {
  must(d.initCommand.length > 0, "no command");
  must(d.capKeep === null || d.capDrop.length === 0, "capabilities kept and dropped");
  must(d.namespaces.keep === null || d.namespaces.clone === null, "namespaces kept and cloned");
  must(d.rootfs.kind !== "overlay" || (d.rootfs.lowers.length > 0 && d.rootfs.upper !== ""), "an overlay without layers");
  must(d.rootfs.kind === "none" || d.rootfs.kind === "overlay" || d.rootfs.path !== "", "a root without path");
  for (const m of d.mountEntries) must(m.source !== "" && m.target !== "" && (m.options.flags & m.options.clearFlags) === 0, "a mount that says both");
  for (const m of d.idmaps) must(m.count > 0 && m.nsId + m.count <= 4294967295 && m.hostId + m.count <= 4294967295, "an id map beyond the ids");
  for (const p of d.prlimits) must(p.resource >= 0 && (p.hard === -1 || (p.soft >= 0 && p.soft <= p.hard)), "a soft limit above its hard one");
  for (const s of d.sysctls) must(!`/${s.path}/`.includes("/../"), "a sysctl that climbs");
  for (const p of d.procFiles) must(!`/${p.file}/`.includes("/../"), "a proc file that climbs");
  for (const r of d.devices) must(r.access !== "" && (r.type !== "a" || r.path !== "" || r.access.length > 0), "a device rule without access");
  let last = -1;
  for (const n of d.net) {
    must(n.index > last, "network devices out of order");
    must(n.ipv4Gateway === "" || (n.up && n.ipv4.length > 0), "a gateway without address");
    last = n.index;
  }
}

function fuzzConfig(text: string): void {
  const c = parseLxcConfig(text, "c", new SameText(text));
  must(c.problems.length <= 128 && c.warnings.length <= 128, "endless problems");
  for (const p of c.problems) must(p.at !== "" && p.why !== "" && p.why.length < 300, "a problem without place or words");
  if (c.problems.length === 0) checkWhole(c.description);
}

function fuzzSeccomp(text: string): void {
  const s = parseSeccompProfile(text, "p");
  for (const r of s.profile.rules) {
    must((r.syscall === "") === (r.number >= 0), "a rule with a name and a number, or neither");
    must((r.action.errno === 0 || r.action.kind === "errno") && r.action.errno <= 4095, "an errno where none belongs");
    for (const c of r.conditions) must(c.index >= 0 && c.index <= 5 && c.valueLow <= 4294967295 && c.valueHigh <= 4294967295, "a condition out of range");
  }
}

function fuzzFstab(text: string): void {
  const r = new Report();
  const entries = parseFstab(text, "fstab", r);
  must(entries.length + r.problems.length <= text.length + 1, "more entries than characters");
}

function fuzzCommand(text: string): void {
  const c = splitCommand(text);
  let length = 0;
  for (const w of c.words) length += w.length;
  must(length <= text.length, "words longer than the line");
  must(c.words.length <= text.length, "more words than characters");
  if (isWrapped(text)) must(text.length >= 2, "a wrapped text without two ends");
}

/** Runs one input; returns what kind it was. */
export function fuzzLxc(input: Uint8Array): number {
  const text = new TextDecoder().decode(input);
  const kind = text.startsWith("s\n") ? 1 : text.startsWith("f\n") ? 2 : text.startsWith("c\n") ? 3 : 0;
  if (kind === 0) fuzzConfig(text);
  else if (kind === 1) fuzzSeccomp(text.slice(2));
  else if (kind === 2) fuzzFstab(text.slice(2));
  else fuzzCommand(text.slice(2));
  return kind;
}
