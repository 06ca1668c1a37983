/**
 * How long checking a state takes, compiled: `program N` makes the state of N
 * containers (20 items and about 5 KB each), checks it 20 times and prints
 * the best time and the peak memory; `program N FILE` writes the state
 * instead, `program FILE` checks a file once, so that the peak is its own.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseState, usualOptions } from "../../src/state/parse.ts";

const ROUNDS = 20;
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
function stateOf(containers: number): string {
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

function peakKb(): string {
  for (const line of readFileSync("/proc/self/status", "utf8").split("\n")) {
    if (line.startsWith("VmHWM:")) return line.slice(6).trim();
  }
  return "unknown";
}

function check(bytes: Uint8Array, rounds: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < rounds; i++) {
    const began = performance.now();
    const checked = parseState(bytes, usualOptions());
    const took = performance.now() - began;
    if (!checked.ok) throw new Error(`${checked.problems[0]!.at}: ${checked.problems[0]!.why}`);
    if (took < best) best = took;
  }
  return best;
}

const first = process.argv[2]!;
const containers = Number(first);
if (Number.isNaN(containers)) {
  const bytes = new Uint8Array(readFileSync(first));
  console.log(`${bytes.length} bytes, ${check(bytes, 1).toFixed(1)} ms, peak ${peakKb()}`);
} else if (process.argv.length > 3) {
  writeFileSync(process.argv[3]!, stateOf(containers));
} else {
  const bytes = new TextEncoder().encode(stateOf(containers));
  console.log(`${containers} containers, ${bytes.length} bytes, best of ${ROUNDS}: ${check(bytes, ROUNDS).toFixed(1)} ms`);
}
