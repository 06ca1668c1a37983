/**
 * `wherry sandbox`: from its command line (and configuration file) to what
 * container/ is asked for. Pure. The command itself is sandbox.ts.
 */
import { noLimits } from "../cgroup/limits.ts";
import type { ConsoleKind } from "../container/plan.ts";
import type { ProfileName } from "../container/profile.ts";
import { emptyDescription, type ContainerDescription, type EnvironmentEntry, type MountEntry } from "../lxc/description.ts";
import { MS_BIND, MS_RDONLY, MS_REC } from "../sys/constants.ts";
import type { Limits } from "../state/model.ts";
import { parseCount, parseFraction, parseSize, type CommandLine, type Flags } from "./flags.ts";

export const SANDBOX: CommandLine = {
  name: "sandbox",
  positional: "ROOTFS COMMAND [ARGUMENT…]",
  says: "Runs one command in a container of its own, without a manager: its exit status is passed on.\n"
    + "ROOTFS is a folder, or a squashfs, erofs or ext4 image; what the command writes there is gone afterwards.\n"
    + "Exit status 125: the container could not be set up, 126: the command can't be executed, 127: there is none,\n"
    + "128+N: it was ended by signal N.",
  flags: [
    { name: "config", short: "c", value: "FILE", says: "an LXC configuration (lxc.container.conf); ROOTFS replaces its lxc.rootfs.path, COMMAND its lxc.init.cmd" },
    { name: "memory", short: "m", value: "SIZE", says: "at most so much memory: 64m, 1g" },
    { name: "cpus", short: "", value: "N", says: "at most N processors' time: 0.5, 2" },
    { name: "pids", short: "", value: "N", says: "at most N processes" },
    { name: "profile", short: "", value: "NAME", says: "lxc (as LXC would run it; default with --config), standard (default), strict" },
    { name: "name", short: "", value: "NAME", says: "name of the container and host name inside" },
    { name: "network", short: "", value: "KIND", says: "none (only loopback) or host; not given: none, or what --config says with lxc.net" },
    { name: "volume", short: "v", value: "SOURCE:TARGET[:ro]", says: "shows a file or folder of this machine inside; may be given more than once" },
    { name: "env", short: "e", value: "NAME[=VALUE]", says: "sets a variable, or passes on ours; may be given more than once" },
    { name: "workdir", short: "w", value: "FOLDER", says: "where the command starts" },
    { name: "tty", short: "t", value: "", says: "gives the command a terminal of its own" },
    { name: "read-only", short: "", value: "", says: "nothing in ROOTFS can be written" },
  ],
  examples: [
    "wherry sandbox ./rootfs /bin/sh -c 'echo hello'",
    "wherry sandbox --tty --memory 64m web.squashfs /bin/sh",
    "wherry sandbox --config web/lxc.container.conf -v /srv/data:/data:ro ./rootfs /usr/bin/check",
  ],
};

/** A bind with a target. isFolder decides what is made inside when the target is missing. */
export type VolumeWish = { source: string; target: string; readOnly: boolean };

export type SandboxWish = {
  rootfs: string;
  config: string;
  name: string;
  profile: ProfileName;
  /** "none", "host", "" = what the configuration says. */
  network: string;
  console: ConsoleKind;
  readOnly: boolean;
  limits: Limits;
  volumes: VolumeWish[];
  environment: EnvironmentEntry[];
  workdir: string;
  command: string[];
};

/** The wish, and why it can't be taken ("" when it can). */
export type ParsedWish = { wish: SandboxWish; problem: string };

const PERIOD_US = 100000;
/** Without --name the command's own container is told apart by our process id. */
export const DEFAULT_PREFIX = "sandbox-";

function limitsOf(f: Flags): { limits: Limits; problem: string } {
  const limits = noLimits();
  let problem = "";
  if (f.has("memory")) {
    limits.memoryMax = parseSize(f.text("memory", ""));
    if (limits.memoryMax <= 0) problem = `--memory takes a size such as 64m, not "${f.text("memory", "")}"`;
  }
  if (f.has("cpus")) {
    const n = parseFraction(f.text("cpus", ""));
    limits.cpuQuota = Math.round(n * PERIOD_US);
    limits.cpuPeriod = PERIOD_US;
    if (limits.cpuQuota < 1000) problem = `--cpus takes a number from 0.01 on, not "${f.text("cpus", "")}"`;
  }
  if (f.has("pids")) {
    limits.pidsMax = parseCount(f.text("pids", ""));
    if (limits.pidsMax <= 0) problem = `--pids takes a number from 1 on, not "${f.text("pids", "")}"`;
  }
  return { limits, problem };
}

function volumeOf(text: string): VolumeWish | null {
  const parts = text.split(":");
  const ro = parts.length === 3 && parts[2] === "ro";
  if (parts.length < 2 || parts.length > 3 || (parts.length === 3 && !ro && parts[2] !== "rw") || !parts[1]!.startsWith("/") || parts[0] === "") return null;
  return { source: parts[0]!, target: parts[1]!.slice(1), readOnly: ro };
}

function isName(name: string): boolean {
  if (name === "" || name.length > 63 || name.startsWith(".") || name.startsWith("-")) return false;
  for (let i = 0; i < name.length; i++) if (!"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.".includes(name.charAt(i))) return false;
  return true;
}

/** processId: ours. Everything is checked that needs no look at the machine. */
export function parseSandbox(f: Flags, processId: number): ParsedWish {
  const limited = limitsOf(f);
  const wish: SandboxWish = {
    rootfs: f.words.length > 0 ? f.words[0]! : "", config: f.text("config", ""), name: f.text("name", `${DEFAULT_PREFIX}${processId}`),
    profile: "standard", network: f.text("network", f.text("config", "") === "" ? "none" : ""), console: f.has("tty") ? "pty" : "inherit", readOnly: f.has("read-only"),
    limits: limited.limits, volumes: [], environment: [], workdir: f.text("workdir", ""), command: f.words.slice(1),
  };
  let problem = limited.problem;
  const profile = f.text("profile", wish.config === "" ? "standard" : "lxc");
  if (profile === "lxc" || profile === "standard" || profile === "strict") wish.profile = profile;
  else problem = `--profile takes lxc, standard or strict, not "${profile}"`;
  if (wish.network !== "none" && wish.network !== "host" && (wish.network !== "" || f.has("network"))) problem = `--network takes none or host, not "${wish.network}"`;
  if (!isName(wish.name)) problem = `--name takes letters, digits, "-", "_" and ".", not "${wish.name}"`;
  for (const text of f.all("volume")) {
    const v = volumeOf(text);
    if (v === null) problem = `--volume takes SOURCE:TARGET or SOURCE:TARGET:ro with an absolute TARGET, not "${text}"`;
    else wish.volumes.push(v);
  }
  for (const text of f.all("env")) {
    const eq = text.indexOf("=");
    if (text === "" || eq === 0) problem = `--env takes NAME=VALUE or NAME, not "${text}"`;
    wish.environment.push({ name: eq < 0 ? text : text.slice(0, eq), value: eq < 0 ? "" : text.slice(eq + 1), inherit: eq < 0, scope: "all" });
  }
  if (wish.rootfs === "") problem = "ROOTFS is missing";
  else if (wish.command.length === 0 && wish.config === "") problem = "COMMAND is missing";
  if (f.problem !== "") problem = f.problem;
  return { wish, problem };
}

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A description for a root without configuration: everything of its own, /proc and /sys as far as the profile lets, PATH and HOME. */
export function plainDescription(): ContainerDescription {
  const d = emptyDescription();
  d.mountAuto.proc = "mixed";
  d.mountAuto.sys = "ro";
  d.ptyMax = 1024;
  d.environment.push({ name: "PATH", value: DEFAULT_PATH, inherit: false, scope: "all" }, { name: "HOME", value: "/root", inherit: false, scope: "all" });
  return d;
}

/** What the command line says goes over what the configuration says. rootfs: as an absolute path. */
export function applyWish(d: ContainerDescription, w: SandboxWish, rootfs: string): void {
  d.rootfs.kind = "auto";
  d.rootfs.path = rootfs;
  d.rootfs.lowers = [];
  if (w.command.length > 0) d.initCommand = w.command;
  if (w.workdir !== "") d.initCwd = w.workdir;
  for (const e of w.environment) d.environment = [...d.environment.filter((x) => x.name !== e.name), e];
  if (w.network === "") return;
  d.net = [];
  if (w.network === "none" && d.namespaces.keep !== null) d.namespaces.keep = d.namespaces.keep.filter((n) => n !== "net");
  if (w.network === "host") d.namespaces.keep = d.namespaces.keep === null ? ["net", "user"] : [...d.namespaces.keep, "net"];
}

/** A volume as a mount. isFolder: what the source is. */
export function volumeEntry(v: VolumeWish, source: string, isFolder: boolean): MountEntry {
  return {
    source, target: v.target, fstype: "none",
    options: { flags: (MS_BIND | MS_REC | (v.readOnly ? MS_RDONLY : 0)) >>> 0, clearFlags: 0, propagation: 0, data: "" },
    create: isFolder ? "dir" : "file", optional: false, relative: false, idmap: "", mkdirOrigin: false, at: `--volume ${v.source}:/${v.target}`,
  };
}
