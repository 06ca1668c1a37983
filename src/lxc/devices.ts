/**
 * Device rules and other cgroup settings of lxc.cgroup.* and lxc.cgroup2.*.
 * Order matters for device rules, so both versions share one list; which
 * cgroup version the machine has is not known here.
 */
import type { ContainerDescription, DeviceRule } from "./description.ts";
import { parseUnsigned } from "./numbers.ts";
import type { Report } from "./report.ts";
import { splitBlanks } from "./words.ts";

/** Linux device numbers: 12 bits major, 20 bits minor. */
const MAX_MAJOR = 4095;
const MAX_MINOR = 1048575;

/** "*" is -1, a bad number -2. */
function deviceNumber(text: string, max: number): number {
  if (text === "*") return -1;
  const n = parseUnsigned(text, max);
  return n < 0 ? -2 : n;
}

function isAccess(text: string): boolean {
  if (text === "" || text.length > 3) return false;
  for (let i = 0; i < text.length; i++) {
    if (!"rwm".includes(text.charAt(i)) || text.indexOf(text.charAt(i)) !== i) return false;
  }
  return true;
}

/** One allow or deny line: "a", "c 1:3 rwm", "b 7:* r", and for allow "/dev/x rwm". null = refused in `r`. */
export function parseDeviceRule(version: 1 | 2, allow: boolean, value: string, r: Report): DeviceRule | null {
  const w = splitBlanks(value);
  const rule: DeviceRule = { version, allow, type: "a", major: -1, minor: -1, access: "rwm", path: "", at: r.at };
  const first = w.length > 0 ? w[0]! : "";
  if (first === "a" && (w.length === 1 || (w.length <= 3 && w[1] === "*:*" && (w.length === 2 || w[2] === "rwm")))) return rule;
  if (first.startsWith("/dev/") && allow) {
    rule.path = first;
    if (w.length === 2 && isAccess(w[1]!)) {
      rule.access = w[1]!;
      return rule;
    }
  } else if ((first === "b" || first === "c" || first === "a") && w.length === 3) {
    const numbers = w[1]!.split(":");
    rule.type = first;
    if (numbers.length === 2 && isAccess(w[2]!)) {
      rule.major = deviceNumber(numbers[0]!, MAX_MAJOR);
      rule.minor = deviceNumber(numbers[1]!, MAX_MINOR);
      rule.access = w[2]!;
      if (rule.major > -2 && rule.minor > -2) return rule;
    }
  }
  r.refuse(`"${value}" is no device rule (a | b|c MAJOR:MINOR r w m${allow ? " | /dev/NAME r w m" : ""})`);
  return null;
}

/** Names a file in a cgroup: no path, no blanks. */
function isCgroupFile(name: string): boolean {
  if (name === "" || name.startsWith(".")) return false;
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    if (c <= 32 || c === 47 || c === 127) return false;
  }
  return true;
}

/** Removes what earlier lines of this file (all when "") asked for. */
function clearCgroup(d: ContainerDescription, version: 1 | 2, file: string): void {
  const keptDevices: DeviceRule[] = [];
  for (const rule of d.devices) {
    const name = rule.allow ? "devices.allow" : "devices.deny";
    if (rule.version !== version || (file !== "" && file !== name)) keptDevices.push(rule);
  }
  d.devices = keptDevices;
  if (version === 1) d.cgroup1 = d.cgroup1.filter((w) => file !== "" && w.file !== file);
  else d.cgroup2 = d.cgroup2.filter((w) => file !== "" && w.file !== file);
}

/** lxc.cgroup.FILE or lxc.cgroup2.FILE; file "" with an empty value clears the whole list. */
export function applyCgroupSetting(d: ContainerDescription, version: 1 | 2, file: string, value: string, r: Report): void {
  if (value === "") {
    clearCgroup(d, version, file);
    return;
  }
  if (!isCgroupFile(file)) {
    r.refuse(`"${file}" is no file of a cgroup`);
    return;
  }
  if (file === "devices.allow" || file === "devices.deny") {
    const rule = parseDeviceRule(version, file === "devices.allow", value, r);
    if (rule !== null) d.devices.push(rule);
    return;
  }
  const dot = file.indexOf(".");
  const write = { controller: dot < 0 ? file : file.slice(0, dot), file, value, at: r.at };
  if (version === 1) d.cgroup1.push(write);
  else d.cgroup2.push(write);
}
