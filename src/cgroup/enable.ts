/**
 * Makes the controllers of cgroup2 available below our base group. A group
 * with processes can't pass controllers on (cgroup-v2 "no internal process"),
 * so processes of a base that is ours move into a leaf first.
 */
import { EBUSY, EEXIST } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { readTextOr, tryMakeDirectory, tryPutText } from "../sys/files.ts";
import type { CgroupPlace } from "./plan.ts";

/** The leaf that holds the manager itself where its own group has to be divided. */
export const MANAGER_LEAF = "pantavisor";

function firstLineWords(path: string): string[] {
  const line = readTextOr(path, "").trim();
  return line === "" ? [] : line.split(" ");
}

/** Moves every process of `base` into its leaf; false when one refuses. */
function evacuate(base: string): boolean {
  const leaf = `${base}/${MANAGER_LEAF}`;
  const made = tryMakeDirectory(leaf, 0o755);
  if (made < 0 && made !== -EEXIST) return false;
  let all = true;
  for (const pid of readTextOr(`${base}/cgroup.procs`, "").split("\n")) {
    if (pid !== "" && pid !== "0" && tryPutText(`${leaf}/cgroup.procs`, pid) < 0) all = false;
  }
  return all;
}

/** One controller a write: a single refused one would refuse all of a longer line. */
function enableIn(directory: string, controllers: string[], mayEvacuate: boolean): void {
  const enabled = firstLineWords(`${directory}/cgroup.subtree_control`);
  const file = `${directory}/cgroup.subtree_control`;
  let evacuated = !mayEvacuate;
  for (const c of controllers) {
    if (enabled.includes(c)) continue;
    let r = tryPutText(file, `+${c}`);
    if (r === -EBUSY && !evacuated) {
      evacuated = true;
      evacuate(directory);
      r = tryPutText(file, `+${c}`);
    }
    if (r === -EBUSY) throw new SysError("write", file, EBUSY, `processes are in ${directory} itself, so controller ${c} can't be passed on`);
  }
}

/** Every controller the base has, for the group of all containers and for what is in it. One that the kernel refuses shows when its limit is written. */
export function enableControllers(place: CgroupPlace): void {
  const controllers = firstLineWords(`${place.base}/cgroup.controllers`);
  enableIn(place.base, controllers, true);
  enableIn(place.directory.slice(0, place.directory.lastIndexOf("/")), controllers, false);
}
