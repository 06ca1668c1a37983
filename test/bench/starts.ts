/**
 * "`true` to exit" in a fresh container: floor, Wherry and peers, one round
 * after the other, so that whatever else this machine does meets all of them.
 */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { busyboxRoot } from "../../build/rootfs.ts";
import { debsDir } from "../../toolchain/places.ts";
import { run, runResult } from "../../toolchain/run.ts";
import { PEERS, sandboxWords } from "./peers.ts";
import type { Programs } from "./programs.ts";

/** Times in milliseconds, memory in KiB, one entry a run. */
export type Samples = { name: string; wall: number[]; cpu: number[]; peakKib: number[]; statuses: number[] };

type Row = { name: string; command: (program: string) => string[]; /** How many containers one run of the command is. */ containers: number; probeStatus: number };

/** Hidden from all rows: crun refuses a machine with controllers on v1 and a v2 mount beside them. */
const V2_BESIDE_V1 = "/sys/fs/cgroup/unified";
const LOOP = 10;
/** A program that ends with it is started once by every row: what comes out shows that it ran. */
const PROBE_STATUS = 42;

/** work: an empty folder. runs: of each row in each round. refused: is told of every row that does not run a program and pass on its status. */
export function measureStarts(programs: Programs, work: string, rounds: number, runs: number, withPeers: boolean, refused: (why: string) => void): Samples[] {
  const rootfs = join(work, "rootfs");
  busyboxRoot(debsDir("amd64"), ["true", "sh"]).file("bin/probe", `#!/bin/sh\nexit ${PROBE_STATUS}\n`, 0o755).stage(rootfs);
  const mountPoint = join(work, "floor");
  mkdirSync(mountPoint);
  const rows: Row[] = [
    { name: "the command alone", command: (program) => [join(rootfs, program)], containers: 1, probeStatus: PROBE_STATUS },
    { name: "floor", command: (program) => [programs.floor, mountPoint, rootfs, program], containers: 1, probeStatus: PROBE_STATUS },
    { name: `floor, ${LOOP} from one process`, command: (program) => [programs.floor, "-n", String(LOOP), mountPoint, rootfs, program], containers: LOOP, probeStatus: PROBE_STATUS },
    { name: "wherry sandbox", command: (program) => [programs.wherry, "sandbox", ...sandboxWords(work), rootfs, program], containers: 1, probeStatus: PROBE_STATUS },
    { name: "wherry sandbox, standard profile", command: (program) => [programs.wherry, "sandbox", rootfs, program], containers: 1, probeStatus: PROBE_STATUS },
    ...(withPeers ? PEERS.map((p): Row => ({ name: p.name, command: (program) => p.command(work, rootfs, program), containers: 1, probeStatus: p.passesStatus ? PROBE_STATUS : 0 })) : []),
  ];
  const hide = existsSync(V2_BESIDE_V1) && existsSync("/sys/fs/cgroup/memory") ? ["-h", V2_BESIDE_V1] : [];
  const working = rows.filter((row) => {
    const status = runResult(programs.stopwatch, [...hide, "1", "probe", ...row.command("/bin/probe")]).stdout.trim().split(" ").pop();
    if (status !== String(row.probeStatus)) refused(`${row.name}: ended with status ${status} instead of ${row.probeStatus}`);
    return status === String(row.probeStatus);
  });
  const samples = working.map((r): Samples => ({ name: r.name, wall: [], cpu: [], peakKib: [], statuses: [] }));
  for (let round = 0; round < rounds; round += 1) {
    working.forEach((row, i) => {
      for (const line of run(programs.stopwatch, [...hide, String(runs), "row", ...row.command("/bin/true")]).trim().split("\n")) {
        const [wall, user, system, peak, status] = line.split(" ").slice(1).map(Number) as [number, number, number, number, number];
        const s = samples[i]!;
        s.wall.push(wall / 1000 / row.containers);
        s.cpu.push((user + system) / 1000 / row.containers);
        s.peakKib.push(peak);
        s.statuses.push(status);
      }
    });
  }
  return samples;
}
