/**
 * The demo device: "web" serves a status page it generates, "ticker" prints a
 * line a second and is killed now and then. Two containers with different root
 * filesystems, configured as `pvr app add` would. Scripts are in demo/.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { busyboxRoot } from "./rootfs.ts";
import { buildRevision, type ContainerSpec, type Json, type Revision } from "./revision.ts";

export type DemoSpec = {
  /** Unpacked Debian packages of the machine. */
  debs: string;
  /** The Wherry binary of that machine: web asks the manager with it. */
  binary: Buffer;
  /** Where the page is served: "80", "127.0.0.1:8080". */
  listen: string;
  /** Interface that web brings up by DHCP; "" when the network is there already. */
  link: string;
  /** PV_DISK_VOLDIR. */
  volumesDir?: string;
};

const WEB_APPLETS = ["sh", "httpd", "udhcpc", "ip", "cat", "date", "head", "ln", "mkdir", "mv", "printf", "sleep", "uname", "kill", "ps", "ls"];
const TICKER_APPLETS = ["sh", "sleep"];

/** Lines that "ticker" prints before it kills itself; smoke waits for the supervisor's answer. */
export const TICKER_LINES = 8;

export function demoRevision(d: DemoSpec): Revision {
  return buildRevision({ containers: [web(d), ticker(d)], device: DEVICE });
}

const DEVICE: Json = {
  groups: [
    { name: "root", status_goal: "STARTED", restart_policy: "system", timeout: 30 },
    { name: "app", status_goal: "STARTED", restart_policy: "container", timeout: 30 },
  ],
};

function web(d: DemoSpec): ContainerSpec {
  const root = busyboxRoot(d.debs, WEB_APPLETS);
  root.file("bin/wherry", d.binary, 0o755);
  addScripts(root, "web", "srv");
  return {
    name: "web", root, init: ["/srv/start"], volumesDir: d.volumesDir,
    environment: { LISTEN: d.listen, LINK: d.link, PERIOD: "5" },
    extra: ["lxc.cgroup.memory.limit_in_bytes = 48M", "lxc.cgroup.pids.max = 64", "lxc.cgroup.cpu.shares = 512"],
    run: { group: "root", roles: ["mgmt"], restart_policy: "container" },
  };
}

function ticker(d: DemoSpec): ContainerSpec {
  const root = busyboxRoot(d.debs, TICKER_APPLETS);
  addScripts(root, "ticker", "srv");
  return {
    name: "ticker", root, init: ["/srv/start"], volumesDir: d.volumesDir, keep: "user net ipc pid",
    environment: { LINES_TO_PRINT: String(TICKER_LINES) },
    extra: ["lxc.cgroup.memory.limit_in_bytes = 16M", "lxc.cgroup.pids.max = 16"],
    run: {
      group: "app", roles: ["nobody"],
      auto_recovery: { policy: "on-failure", max_retries: 0, retry_delay: 2, backoff_policy: "never" },
    },
  };
}

function addScripts(root: ReturnType<typeof busyboxRoot>, from: string, to: string): void {
  const folder = join(import.meta.dirname, "demo", from);
  const add = (path: string): void => {
    for (const f of readdirSync(join(folder, path), { withFileTypes: true })) {
      const below = path === "" ? f.name : `${path}/${f.name}`;
      if (f.isDirectory()) add(below);
      else root.file(`${to}/${below}`, readFileSync(join(folder, below)), 0o755);
    }
  };
  add("");
}
