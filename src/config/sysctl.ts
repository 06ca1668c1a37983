/**
 * PV_SYSCTL_* and sysctl.* keys as planned writes below /proc/sys. Whether an
 * underscore of a name is a slash depends on the folders of the running
 * kernel, so paths are worked out against a probe the caller hands in.
 * Rules: configuration spec "sysctl keys".
 */
import { lowerAscii } from "../sys/ascii.ts";

/** dotted: `name` separates with dots (older spelling), else with underscores. */
export type SysctlSetting = { name: string; dotted: boolean; value: string; level: number; source: string };

/** One write, path below /proc/sys. */
export type SysctlWrite = { path: string; value: string; source: string };

/** Answers whether a path below /proc/sys is a folder. */
export abstract class SysctlFolders {
  abstract isFolder(path: string): boolean;
}

const NEW_PREFIX = "pv_sysctl_";
const OLD_PREFIX = "sysctl";

/** Is it a sysctl key of either spelling? */
export function isSysctlKey(key: string): boolean {
  return key.startsWith(OLD_PREFIX) || (key.length >= NEW_PREFIX.length && lowerAscii(key.slice(0, NEW_PREFIX.length)) === NEW_PREFIX);
}

/** Letters, digits, underscores and, when dotted, dots and dashes; no empty part. */
function isPlain(name: string, dotted: boolean): boolean {
  for (let i = 0; i < name.length; i++) {
    const c = name.charAt(i);
    if (!"abcdefghijklmnopqrstuvwxyz0123456789_".includes(c) && !(dotted && (c === "." || c === "-"))) return false;
  }
  return !name.split(dotted ? "." : "_").includes("");
}

/** "PV_SYSCTL_KERNEL_PANIC" or "sysctl.kernel.panic" → the setting; null when the name cannot be one. */
export function sysctlSetting(key: string, value: string, level: number, source: string): SysctlSetting | null {
  const dotted = key.startsWith(`${OLD_PREFIX}.`);
  const bare = dotted || key.startsWith(`${OLD_PREFIX}_`);
  const name = dotted ? key.slice(7) : bare ? lowerAscii(key.slice(7)) : lowerAscii(key.slice(NEW_PREFIX.length));
  if (name === "" || (!bare && key.startsWith(OLD_PREFIX)) || !isPlain(dotted ? lowerAscii(name) : name, dotted)) return null;
  return { name, dotted, value, level, source };
}

/** Path of a setting: an underscore is a slash where the path so far is a folder. */
export function sysctlPath(s: SysctlSetting, folders: SysctlFolders): string {
  if (s.dotted) return s.name.split(".").join("/");
  let path = "";
  const words = s.name.split("_");
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (path === "") path = word;
    else if (folders.isFolder(path)) path = `${path}/${word}`;
    else path = `${path}_${word}`;
  }
  return path;
}

/** All writes in the order they are made; of two spellings of one path the higher level counts, else the later. */
export function planSysctls(settings: SysctlSetting[], folders: SysctlFolders): SysctlWrite[] {
  const out: SysctlWrite[] = [];
  const levels: number[] = [];
  for (let i = 0; i < settings.length; i++) {
    const s = settings[i]!;
    const write: SysctlWrite = { path: sysctlPath(s, folders), value: s.value, source: s.source };
    const known = out.findIndex((o) => o.path === write.path);
    if (known < 0) {
      out.push(write);
      levels.push(s.level);
    } else if (s.level >= levels[known]!) {
      out[known] = write;
      levels[known] = s.level;
    }
  }
  return out;
}
