/**
 * A user of a container by its own /etc/passwd and /etc/group. Text in,
 * values out. Source: passwd(5), group(5).
 */
import { parseDecimal } from "../sys/text.ts";

/** groups: supplementary ones. home, shell: "" when the file says none. */
export type ContainerUser = { name: string; uid: number; gid: number; groups: number[]; home: string; shell: string };

/** The user of a name or a number; null when there is no such name. A number that the file lacks is a user without name, home and shell. */
export function findUser(wanted: string, passwd: string, group: string): ContainerUser | null {
  const number = parseDecimal(wanted);
  for (const line of passwd.split("\n")) {
    const f = line.split(":");
    if (f.length < 7) continue;
    const uid = parseDecimal(f[2]!);
    const gid = parseDecimal(f[3]!);
    if (uid < 0 || gid < 0 || (f[0] !== wanted && uid !== number)) continue;
    return { name: f[0]!, uid, gid, groups: groupsOf(f[0]!, group), home: f[5]!, shell: f[6]! };
  }
  if (number >= 0) return { name: wanted, uid: number, gid: number, groups: [], home: "", shell: "" };
  // a container without passwd still has its root
  return wanted === "root" ? { name: "root", uid: 0, gid: 0, groups: [], home: "", shell: "" } : null;
}

function groupsOf(name: string, group: string): number[] {
  const out: number[] = [];
  for (const line of group.split("\n")) {
    const f = line.split(":");
    if (f.length < 4 || !f[3]!.split(",").includes(name)) continue;
    const gid = parseDecimal(f[2]!);
    if (gid >= 0) out.push(gid);
  }
  return out;
}
