/**
 * Carries out module plans: hands the files to the kernel, or takes modules
 * out. A module that is there already is success. Never runs modprobe.
 * Source: finit_module(2), delete_module(2); MODULE_INIT_COMPRESSED_FILE:
 * kernel include/uapi/linux/module.h (5.17).
 */
import { tryLoadModule, tryUnloadModule } from "../sys/devices.ts";
import { EEXIST, EINVAL, ENOENT, ENOEXEC, EOPNOTSUPP, EPERM, errnoName } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { isDirectory, listDirectory, readTextOr } from "../sys/files.ts";
import { kernelRelease } from "../sys/processes.ts";
import { ModuleTables, type ModuleText } from "./module_tables.ts";
import { kernelName } from "./module_names.ts";
import { planModules, wishOf, type ModulePlan, type ModuleProblem, type ModuleStep, type ModuleWish } from "./module_plan.ts";

const COMPRESSED_FILE = 4;
const EKEYREJECTED = 129;
/** Larger than depmod's output for every driver of a distribution. */
const MAX_TABLE_BYTES = 16 * 1048576;

/** The folder of the running kernel's modules. */
export function moduleFolder(): string {
  return `/lib/modules/${kernelRelease()}`;
}

/** The texts of one module folder, each read once when asked for. Let go of it after use: they can be megabytes. */
export class FolderTables extends ModuleTables {
  readonly folder: string;
  private readonly known: Map<string, string> = new Map<string, string>();

  constructor(folder: string) {
    super();
    this.folder = folder;
  }

  text(which: ModuleText): string {
    const before = this.known.get(which);
    if (before !== undefined) return before;
    const text = which === "modprobe.d" ? configText() : readTextOr(which === "cmdline" ? "/proc/cmdline" : `${this.folder}/${which}`, "", MAX_TABLE_BYTES);
    this.known.set(which, text);
    return text;
  }
}

function configText(): string {
  const parts: string[] = [];
  for (const folder of ["/lib/modprobe.d", "/etc/modprobe.d"]) {
    if (!isDirectory(folder)) continue;
    for (const name of listDirectory(folder)) if (name.endsWith(".conf")) parts.push(readTextOr(`${folder}/${name}`, ""));
  }
  return parts.join("\n");
}

/** loaded: names now in the kernel through this call, in order. problems: empty when all that was needed is there. */
export type ModuleOutcome = { loaded: string[]; problems: ModuleProblem[] };

/** Plans and loads in one go. The first needed module that fails ends its wish, not the others. */
export function loadModules(folder: string, wishes: ModuleWish[]): ModuleOutcome {
  return applyModules(folder, planModules(new FolderTables(folder), wishes));
}

/**
 * Names and aliases that something is about to use. What is there costs no
 * look at the module folder; what is built in without a trace, or unknown, is
 * no problem here: the kernel's answer to its use counts.
 */
export function ensureModules(names: string[]): void {
  const filesystems = readTextOr("/proc/filesystems", "");
  const missing = names.filter((n) => !filesystems.includes(`\t${n}\n`) && !isDirectory(`/sys/module/${kernelName(n)}`));
  if (missing.length > 0) loadModules(moduleFolder(), missing.map((n) => wishOf(n)));
}

/** Loads the steps in order; every failure of a needed one is reported, with what the errno means for modules. */
export function applyModules(folder: string, plan: ModulePlan): ModuleOutcome {
  const out: ModuleOutcome = { loaded: [], problems: plan.problems.slice() };
  for (const step of plan.steps) {
    if (isLoaded(step.name)) continue;
    const r = tryLoadModule(`${folder}/${step.path}`, step.parameters, step.compressed ? COMPRESSED_FILE : 0);
    if (r === 0) out.loaded.push(step.name);
    else if (r !== -EEXIST && step.needed) out.problems.push({ at: `module ${step.name}`, why: refusal(folder, step, -r) });
  }
  return out;
}

/** Is it in the kernel and past its own initialisation? */
export function isLoaded(name: string): boolean {
  return readTextOr(`/sys/module/${name}/initstate`, "", 64).trim() === "live";
}

/** Takes out the first of `names`, which must succeed (not there: fine), then the rest as far as nothing uses them. */
export function unloadModules(names: string[]): ModuleProblem[] {
  for (let i = 0; i < names.length; i++) {
    const r = tryUnloadModule(names[i]!);
    if (i === 0 && r < 0 && r !== -ENOENT) return [{ at: `module ${names[0]!}`, why: `delete_module: ${errnoName(-r)}` }];
  }
  return [];
}

function refusal(folder: string, step: ModuleStep, errno: number): string {
  return new SysError("finit_module", `${folder}/${step.path}`, errno, hint(step, errno)).message;
}

function hint(step: ModuleStep, errno: number): string {
  if (step.compressed && (errno === EINVAL || errno === EOPNOTSUPP)) return "this kernel doesn't unpack modules of this compression: store them unpacked";
  if (errno === ENOEXEC) return "built for another kernel, or no module";
  if (errno === ENOENT) return "no such file, or a symbol it needs is missing";
  if (errno === EINVAL) return step.parameters === "" ? "" : `maybe one of its parameters: ${step.parameters}`;
  if (errno === EKEYREJECTED) return "its signature is not accepted by this kernel";
  if (errno === EPERM) return "needs CAP_SYS_MODULE, and kernel.modules_disabled=0";
  return "";
}
