/**
 * Which cgroup hierarchies this machine has, where they are mounted and where
 * in each of them we are. Text of /proc files in, a value out; nothing is read
 * here. Sources: kernel proc_pid_mountinfo(5), cgroups(7); runtime spec §9.
 */

/** unified: cgroup2 only. hybrid: both. legacy: v1 only. none: nothing is mounted. */
export type LayoutKind = "unified" | "hybrid" | "legacy" | "none";

export type Hierarchy = {
  version: 1 | 2;
  /** What limits there: v1 controllers, or of v2 those its root offers; a named hierarchy has "name=systemd". */
  controllers: string[];
  /** Where it is mounted. */
  mount: string;
  /** Our own cgroup below `mount`: "" at its root, else "/a/b". */
  own: string;
};

export type Layout = {
  kind: LayoutKind;
  /** v2, if any, comes last. */
  hierarchies: Hierarchy[];
};

/** A mount of cgroups: what of the hierarchy it shows, and where. options: each between commas. */
export type CgroupMount = { root: string; point: string; fstype: string; options: string };

/** Undoes the octal escapes (\040 and its like) of mountinfo. */
function unescapeField(s: string): string {
  if (!s.includes("\\")) return s;
  const parts = s.split("\\");
  const out = [parts[0]!];
  for (let i = 1; i < parts.length; i++) {
    const p = parts[i]!;
    const code = (p.charCodeAt(0) - 48) * 64 + (p.charCodeAt(1) - 48) * 8 + (p.charCodeAt(2) - 48);
    out.push(p.length >= 3 && code > 0 && code < 128 ? `${String.fromCharCode(code)}${p.slice(3)}` : `\\${p}`);
  }
  return out.join("");
}

/** Parts a mount's place from its kind; a blank comes before. */
const MARK = "- cgroup";

/** The cgroup mounts of a mountinfo text, in its order. */
export function cgroupMounts(mountinfo: string): CgroupMount[] {
  const found: CgroupMount[] = [];
  for (const line of mountinfo.split("\n")) {
    const dash = line.indexOf(MARK) - 1;
    if (dash < 0 || line.charAt(dash) !== " ") continue;
    // id, parent and device come before; optional fields behind, up to the dash
    let at = 0;
    for (let i = 0; i < 3; i++) at = line.indexOf(" ", at) + 1;
    const rootEnd = line.indexOf(" ", at);
    const pointEnd = line.indexOf(" ", rootEnd + 1);
    const source = line.indexOf(" ", dash + 3);
    const options = line.indexOf(" ", source + 1);
    const fstype = line.slice(dash + 3, source);
    if (pointEnd < 0 || pointEnd > dash || source < 0 || options < 0 || (fstype !== "cgroup" && fstype !== "cgroup2")) continue;
    const root = line.slice(at, rootEnd);
    found.push({ root: unescapeField(root), point: unescapeField(line.slice(rootEnd + 1, pointEnd)), fstype, options: `,${line.slice(options + 1)},` });
  }
  return found;
}

/** Our cgroup as seen below a mount that shows the hierarchy from `root` on; "" when it lies outside. */
function below(root: string, path: string): string {
  if (path === "/" || path.startsWith("/..")) return "";
  if (root === "/") return path;
  if (path === root) return "";
  return path.startsWith(`${root}/`) ? path.slice(root.length) : "";
}

/** Whether a mount's options name all controllers of a list with commas: mostly side by side. */
function shows(options: string, controllers: string): boolean {
  if (options.includes(`,${controllers},`)) return true;
  if (!controllers.includes(",")) return false;
  for (const c of controllers.split(",")) if (!options.includes(`,${c},`)) return false;
  return true;
}

/** The mount of a hierarchy: of several the one at the usual place, else the first; null when there is none. controllers: "" for cgroup2. */
function mountOf(mounts: CgroupMount[], fstype: string, controllers: string): CgroupMount | null {
  let first: CgroupMount | null = null;
  for (const m of mounts) {
    if (m.fstype !== fstype || (controllers !== "" && !shows(m.options, controllers))) continue;
    if (m.point.startsWith("/sys/fs/cgroup")) return m;
    if (first === null) first = m;
  }
  return first;
}

/** Where the cgroup2 hierarchy is mounted ("" = nowhere): its cgroup.controllers is what parseLayout wants third. */
export function unifiedMount(mounts: CgroupMount[]): string {
  const m = mountOf(mounts, "cgroup2", "");
  return m === null ? "" : m.point;
}

/**
 * The layout from the cgroup mounts, /proc/self/cgroup, and the text of
 * cgroup.controllers at unifiedMount() ("" when there is none). A hierarchy
 * that is mounted nowhere is left out.
 */
export function parseLayout(mounts: CgroupMount[], ownCgroups: string, unifiedControllers: string): Layout {
  const v1: Hierarchy[] = [];
  const v2: Hierarchy[] = [];
  for (const line of ownCgroups.split("\n")) {
    const first = line.indexOf(":");
    const second = line.indexOf(":", first + 1);
    if (first < 0 || second < 0) continue;
    const names = line.slice(first + 1, second);
    const path = line.slice(second + 1);
    if (names === "") {
      const m = mountOf(mounts, "cgroup2", "");
      const offered = unifiedControllers.trim();
      if (m !== null) v2.push({ version: 2, controllers: offered === "" ? [] : offered.split(" "), mount: m.point, own: below(m.root, path) });
      continue;
    }
    const m = mountOf(mounts, "cgroup", names);
    if (m !== null) v1.push({ version: 1, controllers: names.split(","), mount: m.point, own: below(m.root, path) });
  }
  const kind: LayoutKind = v2.length > 0 ? (v1.length > 0 ? "hybrid" : "unified") : v1.length > 0 ? "legacy" : "none";
  return { kind, hierarchies: [...v1, ...v2] };
}

/** The v1 hierarchy a controller is mounted in, else v2 if it offers the controller, else null. */
export function hierarchyOf(layout: Layout, controller: string): Hierarchy | null {
  for (const h of layout.hierarchies) if (h.controllers.includes(controller)) return h;
  return null;
}

/** The cgroup2 hierarchy, null where there is none. */
export function unifiedHierarchy(layout: Layout): Hierarchy | null {
  for (const h of layout.hierarchies) if (h.version === 2) return h;
  return null;
}
