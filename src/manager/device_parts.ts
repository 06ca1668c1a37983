/**
 * What a revision mounts once for the device, before any container: swap, the
 * bsp's firmware and modules, device.json's volumes; and at the end every disk
 * that containers had mounted. In workers: storage may be slow. A manager that
 * starts again finds by a note in the run dir what is mounted already.
 * Rules: state spec §3.2, §5; runtime spec §8; lifecycle spec §2 "RUN".
 */
import { ensureModules } from "../driver/apply.ts";
import type { Log } from "../log/line.ts";
import { Answer, startWorker, Job } from "../supervisor/worker.ts";
import { exists, putText, readTextOr, tryUnlink, writeFile } from "../sys/files.ts";
import type { Loop } from "../sys/loop.ts";
import { kernelRelease } from "../sys/processes.ts";
import { toUtf8 } from "../sys/text.ts";
import { mountVolumes, unmountVolumes } from "../volume/apply.ts";
import { unmountDisk } from "../volume/disk.ts";
import { planDisk } from "../volume/disk_plan.ts";
import { planBspVolumes, volumeTarget, type VolumeOptions, type VolumePaths, type VolumePlan } from "../volume/plan.ts";
import { mountDisks, type Disks } from "./jobs.ts";
import { volumePathsOf } from "./prepare.ts";
import type { LoadedRevision } from "./revision.ts";
import type { Settings } from "./settings.ts";

const FIRMWARE_VOLUME = "pv--firmware";
const FIRMWARE_PATH = "/sys/module/firmware_class/parameters/path";

class BringUp extends Job {
  private readonly plan: VolumePlan;
  private readonly options: VolumeOptions;
  private readonly disks: Disks;
  private readonly swaps: string[];
  private readonly firmware: string;

  constructor(plan: VolumePlan, options: VolumeOptions, disks: Disks, swaps: string[], firmware: string) {
    super();
    this.plan = plan;
    this.options = options;
    this.disks = disks;
    this.swaps = swaps;
    this.firmware = firmware;
  }

  run(): string {
    ensureModules(this.plan.modules);
    const disk = mountDisks(this.disks, [...this.swaps, ...this.plan.disks]);
    if (disk !== "") throw new Error(disk);
    const done = mountVolumes(this.plan, this.options);
    if (!done.ok) throw new Error(done.why);
    if (this.firmware !== "" && !exists(this.firmware)) throw new Error(`PV_STORAGE_FIRMWARE_VOL is set, but the revision has no volume ${FIRMWARE_VOLUME}`);
    if (this.firmware !== "") putText(FIRMWARE_PATH, this.firmware);
    return done.warnings.join("\n");
  }
}

class TakeDown extends Job {
  private readonly plan: VolumePlan;
  private readonly disks: Disks;

  constructor(plan: VolumePlan, disks: Disks) {
    super();
    this.plan = plan;
    this.disks = disks;
  }

  run(): string {
    const left = unmountVolumes(this.plan);
    // a dual disk lies over its parts
    for (const dual of [true, false]) {
      for (const p of this.disks.plans) {
        const why = (p.action === "dual") === dual ? unmountDisk(p.name, this.disks.plans) : "";
        if (why !== "") left.push(why);
      }
    }
    return left.join("\n");
  }
}

export class DeviceParts {
  readonly disks: Disks;
  private readonly loop: Loop;
  private readonly log: Log;
  private readonly options: VolumeOptions;
  private readonly plan: VolumePlan;
  private readonly swaps: string[];
  private readonly firmware: string;
  private readonly note: string;
  private readonly revision: string;

  constructor(loop: Loop, log: Log, s: Settings, found: LoadedRevision) {
    const state = found.state;
    const paths: VolumePaths = volumePathsOf(s, found.trail, found.name);
    this.loop = loop;
    this.log = log;
    this.options = volumeOptionsOf(s);
    this.plan = planBspVolumes(state.bsp, state.bspVolumes, kernelRelease(), state.verity, paths, this.options);
    this.disks = { plans: state.disks.map((d) => planDisk(d, state.disks, { media: s.media, storage: s.storage, lib: s.lib })), lock: `${s.runDir}/wherry/disks.lock` };
    this.swaps = state.disks.filter((d) => d.type === "swap-disk").map((d) => d.name);
    this.firmware = s.firmwareVolume ? volumeTarget(paths, "bsp", FIRMWARE_VOLUME) : "";
    this.note = `${s.runDir}/wherry/device`;
    this.revision = found.name;
  }

  /** Has the revision any such parts that are not up yet? */
  areMissing(): boolean {
    const any = this.plan.steps.length + this.plan.problems.length + this.swaps.length > 0 || this.firmware !== "";
    return any && readTextOr(this.note, "", 256) !== this.revision;
  }

  /** The answer says whether the revision can run. */
  bringUp(answer: Answer): void {
    startWorker(this.loop, new BringUp(this.plan, this.options, this.disks, this.swaps, this.firmware), answer);
  }

  /** The worker has done it: a manager after this one need not. */
  areUp(warnings: string): void {
    for (const w of warnings.split("\n")) if (w !== "") this.log.warn("volume", w);
    writeFile(this.note, toUtf8(this.revision));
  }

  /** True when the answer will come; false when there is nothing to take down. */
  takeDown(answer: Answer): boolean {
    tryUnlink(this.note);
    if (this.plan.steps.length + this.disks.plans.length === 0) return false;
    startWorker(this.loop, new TakeDown(this.plan, this.disks), answer);
    return true;
  }
}

/** The device's choices for all volumes. */
export function volumeOptionsOf(s: Settings): VolumeOptions {
  return { loopBase: s.loopBase, verity: s.verityHandlers, verityArguments: s.verityArguments };
}
