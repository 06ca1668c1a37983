/**
 * How long checking a state takes: `wherry check`, as it ships, on generated
 * states of 20 items and about 5 KB a container. Whole processes: start, file
 * read and report included.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../toolchain/run.ts";
import type { Programs } from "./programs.ts";

/** One state, checked again and again; times in milliseconds. */
export type StateCheck = { containers: number; items: number; bytes: number; wall: number[]; cpu: number[]; peakKib: number[] };

const SIZES = [10, 100, 1000];
const FILES = 15;
const STORAGES = 24;
const LOGS = 14;
const SERVICES = 8;

function objectId(n: number): string {
  const digits = String(n);
  return `${"0".repeat(64 - digits.length)}${digits}`;
}

function repeated(count: number, item: (i: number) => string): string {
  const items: string[] = [];
  for (let i = 0; i < count; i++) items.push(item(i));
  return items.join(",");
}

function manifest(name: string): string {
  return `{"#spec":"service-manifest-run@1","config":"lxc.container.conf","drivers":{"manual":["usbserial"],"optional":[],"required":["wifi"]},"group":"app",`
    + `"logs":[${repeated(LOGS, (i) => `{"file":"/var/log/${i}.log","maxsize":"1048576","name":"web","truncate":"true"}`)}],"name":"${name}","root-volume":"root.squashfs",`
    + `"services":{"optional":[${repeated(SERVICES, (i) => `{"name":"s${i}","target":"/run/${i}.sock","type":"rest"}`)}],"required":[]},`
    + `"storage":{${repeated(STORAGES, (i) => `"docker--${i}":{"persistence":"permanent"}`)}},"type":"lxc","volumes":["a.squashfs"]}`;
}

/** A state of so many containers. */
export function stateOf(containers: number): string {
  const members: string[] = ["\"#spec\":\"pantavisor-service-system@1\"", "\"bsp/run.json\":{\"fit\":\"x.fit\"}", `"bsp/x.fit":"${objectId(0)}"`];
  for (let c = 0; c < containers; c++) {
    const name = `c${c}`;
    for (let f = 0; f < FILES; f++) members.push(`"_config/${name}/etc/conf.d/some-file-${f}.conf":"${objectId(c * 100 + f)}"`);
    for (const f of ["a.squashfs", "lxc.container.conf", "root.squashfs"]) members.push(`"${name}/${f}":"${objectId(c * 100 + 50)}"`);
    members.push(`"${name}/run.json":${manifest(name)}`);
    members.push(`"${name}/src.json":{"#spec":"service-manifest-src@1","args":{"A":"${"x".repeat(100)}"}}`);
  }
  return `{${members.join(",")}}`;
}

/** Checks a state of each size `runs` times. work: a folder for the files. */
export function measureChecks(programs: Programs, work: string, runs: number): StateCheck[] {
  return SIZES.map((containers) => {
    const text = stateOf(containers);
    const file = join(work, `state-${containers}.json`);
    writeFileSync(file, text);
    const found: StateCheck = { containers, items: 0, bytes: text.length, wall: [], cpu: [], peakKib: [] };
    found.items = (JSON.parse(run(programs.wherry, ["check", "--json", "--mode", "disabled", file])) as { items: number }).items;
    for (const line of run(programs.stopwatch, [String(runs), "row", programs.wherry, "check", "--mode", "disabled", file]).trim().split("\n")) {
      const [, wall, user, system, peak, status] = line.split(" ").map(Number);
      if (status !== 0) throw new Error(`check of ${containers} containers: status ${status}`);
      found.wall.push(wall! / 1000);
      found.cpu.push((user! + system!) / 1000);
      found.peakKib.push(peak!);
    }
    return found;
  });
}
