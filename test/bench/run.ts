/**
 * npm run bench -- [--rounds N] [--runs N] [--starts N] [--seconds N]
 *                  [--only starts,manager,idle,check] [--no-peers] [--write]
 * Figures of Wherry beside a floor and beside Debian's container runtimes, in
 * the same interleaved run. Printed; --write keeps them as docs/benchmarks.md.
 * Figures are no test: status 1 only when something could not be measured.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import parse from "yargs-parser";
import { root } from "../../toolchain/places.ts";
import { measureColdStarts, measureIdle, measureRestarts, countSyncs } from "./manager.ts";
import { installPeers } from "./peers.ts";
import { ensurePrograms } from "./programs.ts";
import { machineText, reportText, type Results } from "./report.ts";
import { measureResident } from "./resident.ts";
import { measureStarts } from "./starts.ts";
import { measureChecks } from "./state.ts";

const PARTS = ["starts", "manager", "idle", "check"];

async function main(): Promise<number> {
  const args = parse(process.argv.slice(2), {
    number: ["rounds", "runs", "starts", "seconds"], string: ["only"], boolean: ["peers", "write"],
    default: { rounds: 20, runs: 10, starts: 10, seconds: 30, only: PARTS.join(","), peers: true },
  });
  const only = String(args.only).split(",");
  const unknown = only.filter((o) => !PARTS.includes(o));
  if (unknown.length > 0) {
    console.error(`no part "${unknown.join(", ")}"; there are ${PARTS.join(", ")}`);
    return 2;
  }
  if (process.getuid?.() !== 0) {
    console.error("bench: containers need root");
    return 2;
  }
  if (args.peers && only.includes("starts")) installPeers();
  const programs = await ensurePrograms();
  const work = mkdtempSync(join(tmpdir(), "wherry-bench-"));
  const results: Results = { starts: [], residents: [], coldStarts: [], syncs: null, restarts: null, idle: [], checks: [], failures: [] };
  const attempt = async (what: string, measure: () => void | Promise<void>): Promise<void> => {
    console.error(`bench: ${what}`);
    try {
      await measure();
    } catch (e) {
      results.failures.push(`${what}: ${e instanceof Error ? e.message : String(e)}`);
    }
  };
  const top = join(work, "manager");
  try {
    if (only.includes("starts")) await attempt("starts", () => { results.starts = measureStarts(programs, work, args.rounds, args.runs, args.peers, (why) => results.failures.push(why)); });
    if (only.includes("manager")) {
      await attempt("starts by the resident manager", async () => { results.residents = await measureResident(programs, work, top, args.rounds, args.runs * 5); });
      await attempt("one container", async () => { results.coldStarts.push(await measureColdStarts(programs, top, 1, "ready", args.starts)); });
      await attempt("ten containers", async () => { results.coldStarts.push(await measureColdStarts(programs, top, 10, "ready", args.starts)); });
      await attempt("a hundred containers", async () => { results.coldStarts.push(await measureColdStarts(programs, top, 100, "stay", Math.min(args.starts, 3))); });
      await attempt("calls that wait for the storage", async () => { results.syncs = await countSyncs(programs, top); });
      await attempt("restarts", async () => { results.restarts = await measureRestarts(programs, top, Math.min(args.seconds, 10)); });
    }
    if (only.includes("idle")) {
      for (const n of [1, 10, 100]) await attempt(`${n} idle`, async () => { results.idle.push(await measureIdle(programs, top, n, args.seconds)); });
    }
    if (only.includes("check")) await attempt("checks of a state", () => { results.checks = measureChecks(programs, work, args.runs); });
  } finally {
    // Nothing is deleted through what may still be mounted.
    if (!readFileSync("/proc/self/mountinfo", "utf8").includes(` ${work}/`)) rmSync(work, { recursive: true, force: true });
  }
  const text = reportText(results);
  console.log(text);
  if (args.write) writeFileSync(join(root, "docs/benchmarks.md"), pageText(text));
  return results.failures.length === 0 && results.starts.every((s) => s.statuses.every((x) => x === 0)) ? 0 : 1;
}

function pageText(figures: string): string {
  return `# Benchmarks

Written by \`npm run bench -- --write\`; \`npm run bench\` prints the same without keeping it.

Machine: ${machineText()}. Times vary by machine and by what else it does; ratios of one run much less.

${figures}
## How it is measured

- Rows of "\`true\` to exit" take turns, round after round, in a mount namespace without the v2 mount beside v1 (crun refuses such a machine). \`test/bench/stopwatch.c\` starts each command from a small process and takes wall time, CPU and peak memory of it and of all it waited for.
- Floor: \`test/bench/floor.c\`, the least that is still a container: mount, pid, uts, ipc, net and cgroup namespaces, a cgroup in memory, cpu, pids and devices, a writable overlay, /proc, /sys, /dev, pivot_root, ten capabilities, a seccomp filter.
- wherry sandbox: told by an LXC configuration and flags to do what the floor does, with the floor's four controllers; the second row is its default, which also masks or locks what tells of the machine in /proc and /sys, and refuses more calls.
- "From an image": rounds of one container that leaves at once and is started again, in turns with as many from one floor process, from the start of its program to the next start. Its root is a squashfs on a loop device below an overlay whose upper layer is a tmpfs; the floor makes the same namespaces, a group in each hierarchy of the machine (as clients of the manager know containers by them), a terminal, the same binds and filter, and takes all of it down. One floor attaches and mounts the image for every container. The other mounts it once, and so does the work that the manager does here: what doesn't change stays mounted while a container is started again at once. Every other start is mounted anew, which the last row shows, of a container that has more than the floor's: an overlay of configuration, from a copy that is made for each run. The manager besides reads the configuration and plans each start, keeps its journal, writes a log, follows the container's own log files and watches the group. Nobody looks at the containers while a row of them runs. CPU is that of all processes, containers included; what the kernel does for loop devices in threads of its own is nobody's. The kernel counts memory in steps: a program as small as the floor has none.
- crun, lxc and runc are Debian's packages, configured to the same namespaces, capabilities and refused calls, but with a bound root instead of an overlay (\`test/bench/peers.ts\`).
- "From exec of the manager": \`wherry daemon\` on a storage where the revision lies already; run dir and mount points are in memory, as on a device and below a host's /run, the storage is on the machine's disk; every container has its own squashfs on a loop device, an overlay and a cgroup limit. The payload's first instruction reads the clock; READY is when the manager has answered its signal on the control socket.
- "wherry check" runs on generated states, as a whole process without a daemon (\`test/bench/state.ts\`).
- CPU and memory of the manager count all processes that are Wherry's, none of a container. A CPU tick is 10 ms.
`;
}

process.exitCode = await main();
