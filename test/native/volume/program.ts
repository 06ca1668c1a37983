/**
 * Drives the volume room on the real kernel: reads one request (words) and
 * prints what happened, for volume.test.ts to check.
 */
import { reason } from "../../../src/sys/error.ts";
import { exists, makeDirectories, writeAll } from "../../../src/sys/files.ts";
import { toUtf8 } from "../../../src/sys/text.ts";
import { mountVolumes, unmountVolumes } from "../../../src/volume/apply.ts";
import { mountOverlay } from "../../../src/volume/overlay.ts";
import type { VolumePlan, VolumeStep } from "../../../src/volume/plan.ts";

function say(line: string): void {
  writeAll(1, toUtf8(`${line}\n`), "stdout");
}

const base = process.argv[3]!;

/** "image:root.squashfs", "tmpfs:boot", "bind:perm", "wipe:perm", "file:x.bind", "data:x.data", "copy:_config" → a step below `base`. */
function stepOf(word: string): VolumeStep {
  const at = word.indexOf(":");
  const kind = word.slice(0, at);
  const name = word.slice(at + 1);
  const source = `${base}/trail/${name}`;
  const target = `${base}/volumes/${name}`;
  const fstype = name.slice(name.lastIndexOf(".") + 1);
  if (kind === "image") return { kind: "image", volume: name, source, target, fstype, readOnly: fstype !== "ext4", attempts: fstype === "ext4" ? ["data=journal", "data=ordered", ""] : [""] };
  if (kind === "verity") {
    return {
      kind: "verity", volume: name, device: `pv--dmverity--test-${name}`, data: source, hash: `${source}.hash`, rootHash: process.argv[4]!, salt: "", arguments: "", target, fstype,
    };
  }
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

const options = { loopBase: -1, verity: true, verityArguments: "" };

function volumes(what: string, words: string[]): void {
  const plan = planOf(words);
  if (what === "mount" || what === "cycle") {
    const done = mountVolumes(plan, options);
    say(`ok=${done.ok}`);
    if (done.why !== "") say(`why=${done.why}`);
    for (const w of done.warnings) say(`warning=${w}`);
  }
  if (what === "cycle") for (const s of plan.steps) say(`there=${s.volume}:${exists(s.target)}`);
  if (what === "unmount" || what === "cycle") for (const w of unmountVolumes(plan)) say(`warning=${w}`);
}

/** overlay BASE LOWERS…: upper and work below BASE. */
function overlay(lowers: string[]): void {
  const target = `${base}/merged`;
  makeDirectories(target);
  const upper = process.argv[2] === "overlay-ro" ? "" : `${base}/up,p:er`;
  try {
    mountOverlay({ lowers, upper, work: upper === "" ? "" : `${base}/olwork`, options: [] }, target, 0);
    say("ok=true");
  } catch (e) {
    say(`why=${reason(e)}`);
  }
}

const words = process.argv.slice(4);
if (process.argv[2]!.startsWith("overlay")) overlay(words);
else volumes(process.argv[2]!, process.argv[2] === "verity" ? words.slice(1) : words);
