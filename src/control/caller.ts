/**
 * Who a caller is: the host itself, or a container known by the cgroup its
 * process is in. Rules: control spec, "Caller identity"; of upstream's
 * mistakes, sub-cgroups count for their container and names match whole.
 */
import { readTextOr } from "../sys/files.ts";

/** Name of the host itself. */
export const HOST = "_pv_";

/** The name in a text of /proc/<pid>/cgroup: HOST, a container's, or "" when it says nothing. */
export function callerName(cgroups: string): string {
  let unified = "";
  for (const line of cgroups.split("\n")) {
    const first = line.indexOf(":");
    const second = line.indexOf(":", first + 1);
    if (first < 0 || second < 0) continue;
    const hierarchy = line.slice(first + 1, second);
    const path = line.slice(second + 1);
    if (hierarchy === "name=pantavisor") return containerOf(path);
    if (hierarchy === "" && path !== "") unified = path;
  }
  return unified === "" ? HOST : containerOf(unified);
}

function containerOf(path: string): string {
  const at = path.indexOf("/lxc/");
  if (at < 0) return path.includes("/lxc.monitor") ? "" : HOST;
  const rest = path.slice(at + 5);
  const slash = rest.indexOf("/");
  return slash < 0 ? rest : rest.slice(0, slash);
}

/** Name of the caller with this pid; "" when the process is gone or unknown. */
export function callerOf(pid: number): string {
  const text = pid > 0 ? readTextOr(`/proc/${pid}/cgroup`, "") : "";
  return text === "" ? "" : callerName(text);
}
