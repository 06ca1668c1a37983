/**
 * "Started by the resident manager" beside the floor from the same image: one
 * container that leaves at once and is started again, so many times in a row,
 * in turns with as many containers of one floor process: one that mounts the
 * image for each of them, and one that keeps it mounted, as the manager does
 * for a container that is started again at once. All make the same namespaces,
 * groups, terminal, mounts and binds, and take them down again; times are from
 * one start of the payload to the next.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../toolchain/run.ts";
import { Daemon, NOTES } from "./daemon.ts";
import { lxcLines } from "./peers.ts";
import type { Programs } from "./programs.ts";

/** wallMs: from payload to payload. cpuMs: of all that ran, containers included, divided by the starts. peakKib: of our processes, summed. */
export type Resident = { name: string; wallMs: number[]; cpuMs: number; peakKib: number };

/** Nobody looks more often while a row of starts is measured: to count them keeps a processor as busy as some of them do. */
const UNSEEN_MS = 100;

const NAME = "c000";
/** Another one, with an overlay of configuration: what is copied for a run is no longer there for the next, which is mounted anew. */
const ANEW = "c001";
/** What the manager binds below /pantavisor for a container without management. */
const PANTAVISOR: [source: string, target: string][] = [
  ["pv-ctrl", "pv-ctrl"], [`ro:user-meta.${NAME}`, "user-meta"], [`ro:device-meta.${NAME}`, "device-meta"],
];

/** Parents of the containers' groups, one in each hierarchy that has controllers or a name. */
function groupParents(): string[] {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n").filter((l) => / - cgroup2? /.test(l)).map((l) => l.split(" ")[4]!);
  return mounts.map((m) => join(m, "lxc"));
}

/** The configuration that asks of the manager what the floor does. */
export function configFor(work: string, name: string, volumes: string, notes: string): string {
  return [
    `lxc.rootfs.path = overlayfs:${volumes}/root.squashfs:${volumes}/lxc-overlay/upper`, `lxc.init.cmd = /bin/payload ${name} ${NOTES}/notes leave`,
    ...lxcLines(work), "lxc.no_new_privs = 1", `lxc.mount.entry = ${notes} ${NOTES.slice(1)} none bind,rw 0 0`,
  ].map((l) => `${l}\n`).join("");
}

export function floorWords(d: Daemon, flag: string, starts: number): string[] {
  const bound = PANTAVISOR.map(([source, target]) => [source.replace(/^(ro:)?/, `$1${join(d.top, "run")}/`), `pantavisor/${target}`]);
  const binds = [[join(d.top, "notes"), NOTES.slice(1)], [`ro:${join(d.top, "storage/logs/0", NAME)}`, "pantavisor/logs"], ...bound];
  return [
    "-n", String(starts), flag, join(d.top, "storage/trails/0", NAME, "root.squashfs"), ...groupParents().flatMap((g) => ["-g", g]), ...binds.flatMap((b) => ["-b", ...b]),
    join(d.top, "media"), join(d.top, "writable"), "/bin/payload", "floor", `${NOTES}/notes`, "leave",
  ];
}

function gaps(atNs: number[]): number[] {
  return atNs.slice(1).map((at, i) => (at - atNs[i]!) / 1e6);
}

/** One turn of a floor; its figures are added to `to`. flag: -i or -k. */
function floorTurn(programs: Programs, d: Daemon, flag: string, starts: number, share: number, to: Resident): void {
  const [, , user, system, peak, status] = run(programs.stopwatch, ["1", "floor", programs.floor, ...floorWords(d, flag, starts)]).trim().split(" ").map(Number) as [number, number, number, number, number, number];
  if (status !== 0) throw new Error(`${to.name}: ended with status ${status}`);
  to.wallMs.push(...gaps(d.notes().filter((n) => n.name === "floor").slice(-starts).map((n) => n.atNs)));
  to.cpuMs += (user + system) / 1000 / share;
  to.peakKib = Math.max(to.peakKib, peak);
}

/** The same of the manager: told to start a container, which it does until there are no more retries. */
async function managerTurn(d: Daemon, name: string, starts: number, share: number, to: Resident): Promise<void> {
  const mine = (): number => d.notes().filter((n) => n.name === name).length;
  const before = { cpuMs: d.footprint().cpuMs, starts: mine() };
  const answer = await d.ask("PUT", `/containers/${name}`, "{\"action\":\"start\"}");
  if (answer.status !== 200) throw new Error(`start: ${answer.status} ${answer.body}`);
  await d.until(`${starts} starts`, async () => {
    await new Promise((done) => { setTimeout(done, UNSEEN_MS); });
    return mine() >= before.starts + starts ? true : null;
  });
  await d.reaches(name, "STOPPED");
  const after = d.footprint();
  to.wallMs.push(...gaps(d.notes().filter((n) => n.name === name).slice(-starts).map((n) => n.atNs)));
  to.cpuMs += (after.cpuMs - before.cpuMs) / share;
  to.peakKib = after.peakKib;
}

/** rounds of so many starts each of all; work: an empty folder. */
export async function measureResident(programs: Programs, work: string, top: string, rounds: number, starts: number): Promise<Resident[]> {
  const recovery = { policy: "always", max_retries: starts - 1, retry_delay: 0, backoff_policy: "never" };
  const d = new Daemon(top, programs, 2, "leave", {
    run: { automodfw: "no", auto_recovery: recovery }, config: (name, volumes, notes) => configFor(work, name, volumes, notes), files: { [`_config/${ANEW}/etc/bench`]: "" },
  });
  const names = ["floor", "floor whose image is kept mounted", "started by the resident manager", "the same, its image mounted anew"];
  const [fresh, kept, manager, anew] = names.map((name): Resident => ({ name, wallMs: [], cpuMs: 0, peakKib: 0 })) as [Resident, Resident, Resident, Resident];
  try {
    d.start();
    for (const name of [NAME, ANEW]) await d.reaches(name, "STOPPED");
    for (let round = 0; round < rounds; round += 1) {
      floorTurn(programs, d, "-i", starts, rounds * starts, fresh);
      floorTurn(programs, d, "-k", starts, rounds * starts, kept);
      await managerTurn(d, NAME, starts, rounds * starts, manager);
      await managerTurn(d, ANEW, starts, rounds * starts, anew);
    }
    return [fresh, kept, manager, anew];
  } finally {
    await d.remove();
  }
}
