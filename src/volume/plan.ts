/**
 * What a part of the revision (a container, or the bsp) mounts, as ordered
 * steps. Decides only; apply.ts mounts, and takes down again from the same
 * steps, after a crash too. Never looks at other parts.
 * Rules: state spec §4.3, §4.7, §5; runtime spec §1, §5.
 */
import type { Bsp, Container, Storage, Verity, Volume } from "../state/model.ts";

/** Where things are, without slashes at the end. trail: folder of the revision. */
export type VolumePaths = {
  volumes: string;
  storage: string;
  media: string;
  configs: string;
  trail: string;
  revision: string;
};

/** Choices of the device. loopBase: -1 any loop device. verity: dm volumes are verified, else mounted plainly. */
export type VolumeOptions = { loopBase: number; verity: boolean; verityArguments: string };

/** A file with a filesystem, by a loop device; read-only where it is an object, which never changes. attempts: data of mount(2), tried in order. */
export type ImageStep = { kind: "image"; volume: string; source: string; target: string; fstype: string; readOnly: boolean; attempts: string[] };
/** The same behind dm-verity; device: name of the mapping. hash is a file, "" = behind the data in the same file. */
export type VerityStep = {
  kind: "verity"; volume: string; device: string; data: string; hash: string; rootHash: string; salt: string; arguments: string;
  target: string; fstype: string;
};
/** source is made a folder when `makeSource`; wipe: emptied first. */
export type BindStep = { kind: "bind"; volume: string; source: string; target: string; makeSource: boolean; wipe: boolean; recursive: boolean; readOnly: boolean };
export type BindFileStep = { kind: "bind-file"; volume: string; source: string; target: string };
export type TmpfsStep = { kind: "tmpfs"; volume: string; target: string };
/** A fresh copy of a folder, symlinks followed. */
export type CopyStep = { kind: "copy"; volume: string; source: string; target: string };

export type VolumeStep = ImageStep | VerityStep | BindStep | BindFileStep | TmpfsStep | CopyStep;

/** disks: names of the disks that must be mounted before the steps. modules: kernel modules it needs unless built in. problems: why the steps must not be tried. */
export type VolumePlan = { part: string; steps: VolumeStep[]; disks: string[]; modules: string[]; warnings: string[]; problems: { at: string; why: string }[] };

/** An image that was not unmounted would have to be written to: then it is read as it is. */
const EXT4_ATTEMPTS = ["", "noload"];

/** Name of a volume's verity mapping: without the last extension. */
export function verityDevice(part: string, volume: string): string {
  const dot = volume.lastIndexOf(".");
  return `pv--dmverity--${part}-${dot > 0 ? volume.slice(0, dot) : volume}`;
}

/** Where a volume of a part is mounted. */
export function volumeTarget(paths: VolumePaths, part: string, name: string): string {
  return `${paths.volumes}/${part}/${name}`;
}

/** Where a disk's filesystem is mounted; all types share the folder named after the first of them. */
export function diskMount(media: string, disk: string): string {
  return `${media}/pv/dmcrypt/${disk}`;
}

class Planner {
  readonly plan: VolumePlan;
  private readonly paths: VolumePaths;
  private readonly options: VolumeOptions;
  private readonly verity: Verity[];

  constructor(part: string, paths: VolumePaths, options: VolumeOptions, verity: Verity[]) {
    this.plan = { part, steps: [], disks: [], modules: [], warnings: [], problems: [] };
    this.paths = paths;
    this.options = options;
    this.verity = verity;
  }

  private target(name: string): string {
    return volumeTarget(this.paths, this.plan.part, name);
  }

  private needs(modules: string[]): void {
    for (const m of modules) if (!this.plan.modules.includes(m)) this.plan.modules.push(m);
  }

  image(v: Volume): void {
    const source = `${this.paths.trail}/${this.plan.part}/${v.name}`;
    const target = this.target(v.name);
    if (v.kind === "bind") this.plan.steps.push({ kind: "bind-file", volume: v.name, source, target });
    else if (v.kind === "data") this.plan.steps.push({ kind: "bind", volume: v.name, source, target, makeSource: false, wipe: false, recursive: true, readOnly: false });
    else if (v.handler === "dm" && this.options.verity) this.verified(v);
    else {
      this.needs(["loop", v.fstype]);
      const attempts = v.fstype === "ext4" ? EXT4_ATTEMPTS : [""];
      this.plan.steps.push({ kind: "image", volume: v.name, source, target, fstype: v.fstype, readOnly: true, attempts });
    }
  }

  private verified(v: Volume): void {
    const part = this.plan.part;
    for (const d of this.verity) {
      if (d.part !== part || d.volume !== v.name) continue;
      const folder = `${this.paths.trail}/${part}`;
      this.needs(["loop", "dm-mod", "dm-verity", v.fstype]);
      this.plan.steps.push({
        kind: "verity", volume: v.name, device: verityDevice(part, v.name), data: `${folder}/${d.dataDevice}`,
        hash: d.hashDevice === "" || d.hashDevice === d.dataDevice ? "" : `${folder}/${d.hashDevice}`, rootHash: d.rootHash, salt: d.salt,
        arguments: this.options.verityArguments, target: this.target(v.name), fstype: v.fstype,
      });
      return;
    }
    this.plan.problems.push({ at: `${part}/_dm/${v.name}.json`, why: `missing, but volume dm:${v.name} of ${part} needs it` });
  }

  storage(s: Storage): void {
    const part = this.plan.part;
    const target = this.target(s.name);
    if (s.disk === "" && s.persistence === "boot") {
      this.plan.steps.push({ kind: "tmpfs", volume: s.name, target });
      return;
    }
    const root = s.disk === "" ? `${this.paths.storage}/disks` : diskMount(this.paths.media, s.disk);
    const kind = s.persistence === "permanent" ? "perm" : s.persistence === "revision" ? `rev/${this.paths.revision}` : "boot";
    if (s.disk !== "" && !this.plan.disks.includes(s.disk)) this.plan.disks.push(s.disk);
    this.plan.steps.push({
      kind: "bind", volume: s.name, source: `${root}/${kind}/${part}/${s.name}`, target, makeSource: true, wipe: s.persistence === "boot",
      recursive: false, readOnly: false,
    });
  }

  /** An image on another place of the tree, read-only. */
  bindVolume(v: Volume, target: string): void {
    this.plan.steps.push({ kind: "bind", volume: v.name, source: this.target(v.name), target, makeSource: false, wipe: false, recursive: false, readOnly: true });
  }

  copyConfig(): void {
    const part = this.plan.part;
    this.plan.steps.push({ kind: "copy", volume: `_config/${part}`, source: `${this.paths.trail}/_config/${part}`, target: `${this.paths.configs}/${part}` });
  }
}

/** One container's mounts: root volume, volumes, storage in document order, then the copy of its config overlay. */
export function planVolumes(c: Container, verity: Verity[], paths: VolumePaths, options: VolumeOptions): VolumePlan {
  const p = new Planner(c.name, paths, options, verity);
  if (c.rootVolume.name !== "") p.image(c.rootVolume);
  for (const v of c.volumes) p.image(v);
  for (const s of c.storage) p.storage(s);
  if (c.hasConfigOverlay) p.copyConfig();
  return p.plan;
}

/** Folder that becomes the topmost lower of the container's root, "" when the revision has none. */
export function configOverlay(c: Container, paths: VolumePaths): string {
  return c.hasConfigOverlay ? `${paths.configs}/${c.name}` : "";
}

/** The device's own volumes: firmware and the modules of this kernel bound where the kernel looks, and device.json's `volumes`. */
export function planBspVolumes(bsp: Bsp, storage: Storage[], release: string, verity: Verity[], paths: VolumePaths, options: VolumeOptions): VolumePlan {
  const p = new Planner("bsp", paths, options, verity);
  if (bsp.present && bsp.firmware.name !== "") {
    p.image(bsp.firmware);
    p.bindVolume(bsp.firmware, "/lib/firmware");
  }
  const exact = bsp.modules.filter((m) => m.release === release);
  const modules = exact.length > 0 ? exact : bsp.modules.filter((m) => m.release === "");
  if (bsp.present && modules.length > 0 && modules[0]!.volume.name !== "") {
    p.image(modules[0]!.volume);
    p.bindVolume(modules[0]!.volume, `/lib/modules/${release}`);
  }
  for (const s of storage) p.storage(s);
  return p.plan;
}
