/**
 * What a part of the tests may need from the machine, as rows: each is tried
 * for real, once, and answers "" or the reason why it isn't there. Nothing is
 * left behind: mounts are tried in a mount namespace of their own.
 */
import { spawnSync } from "node:child_process";

export type NeedName = "root" | "namespaces" | "overlay" | "loop" | "cgroup1" | "cgroup2" | "qemu-user" | "qemu-system" | "clang";

type Need = { name: NeedName; check: () => string };

/** Runs a shell script; "" when it ends well, else `why` with its last words. */
function tried(script: string, why: string): string {
  const r = spawnSync("/bin/sh", ["-c", script], { encoding: "utf8", timeout: 20_000, env: { ...process.env, LC_ALL: "C" } });
  if (r.status === 0) return "";
  const words = `${r.error?.message ?? ""}${r.stderr ?? ""}`.trim().split("\n").pop() ?? "";
  return words === "" ? why : `${why} (${words})`;
}

function mountTried(script: string, why: string): string {
  return tried(`exec unshare -m sh -ec 'mount --make-rprivate /; mount -t tmpfs none /mnt; cd /mnt; mkdir a b c d; ${script}'`, why);
}

const NEEDS: Need[] = [
  { name: "root", check: () => (process.getuid?.() === 0 ? "" : "not root") },
  { name: "namespaces", check: () => tried("exec unshare -m -u -i -p -n -f true", "no new namespaces") },
  { name: "overlay", check: () => mountTried("mount -t overlay -o lowerdir=a,upperdir=b,workdir=c overlay d", "no overlay file system") },
  { name: "loop", check: () => tried("exec losetup -f >/dev/null", "no loop devices") },
  { name: "cgroup1", check: () => mountTried("mount -t cgroup -o pids none d", "no cgroup v1 pids controller") },
  { name: "cgroup2", check: () => mountTried("mount -t cgroup2 none d", "no cgroup v2") },
  { name: "qemu-user", check: () => tried("qemu-arm --version >/dev/null && qemu-aarch64 --version >/dev/null", "qemu-arm or qemu-aarch64 doesn't start") },
  { name: "clang", check: () => tried("echo 'int LLVMFuzzerTestOneInput(void *d, long n) { return 0; }' | clang -fsanitize=fuzzer,address -x c - -o /dev/null", "clang or its fuzzer library is not there") },
  { name: "qemu-system", check: () => tried("qemu-system-arm --version >/dev/null && qemu-system-aarch64 --version >/dev/null", "qemu-system-arm or -aarch64 doesn't start") },
];

const known = new Map<NeedName, string>();

/** "" when this machine has it, else the reason in words. */
export function missing(name: NeedName): string {
  const before = known.get(name);
  if (before !== undefined) return before;
  const row = NEEDS.find((n) => n.name === name);
  if (row === undefined) throw new Error(`no need "${name}"; there are ${NEEDS.map((n) => n.name).join(", ")}`);
  const why = row.check();
  known.set(name, why);
  return why;
}
