/**
 * A container that looks at the whole device for a test: it shares the host's
 * processes and network and runs what is posted to it in the namespaces of
 * PID 1. Tests only; nothing of it is part of a product image.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { busyboxRoot } from "../../build/rootfs.ts";
import type { ContainerSpec } from "../../build/revision.ts";
import { boardDebs, type Board } from "../../qemu/boards.ts";
import type { Device } from "../../qemu/boot.ts";

/** Port of the device on which the probe listens: forward it. */
export const PROBE_PORT = 8081;

/** The container, named "probe". Static address: QEMU's user network always gives this one. */
export function probeContainer(board: Board): ContainerSpec {
  const root = busyboxRoot(boardDebs(board), ["sh", "httpd", "ip", "cat", "nsenter", "rm", "mkdir"]);
  root.file("srv/cgi-bin/run", readFileSync(join(import.meta.dirname, "probe/run")), 0o755);
  root.file("srv/start", `#!/bin/sh
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
exec httpd -f -p ${PROBE_PORT} -h /srv
`, 0o755);
  return {
    name: "probe", root, init: ["/srv/start"], keep: "user net ipc pid cgroup",
    extra: ["lxc.signal.halt = SIGTERM"],
    run: { group: "root", roles: ["mgmt"], restart_policy: "container" },
  };
}

export type Answer = { status: number; text: string };

/** Runs a shell script on the device, as root, among its own processes and mounts; every busybox applet is a command. Waits until the probe answers. */
export async function onDevice(d: Device, script: string, deadlineMs: number = 300_000): Promise<Answer> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    try {
      const r = await fetch(`http://127.0.0.1:${d.port(PROBE_PORT)}/cgi-bin/run`, { method: "POST", body: script, signal: AbortSignal.timeout(deadlineMs) });
      const lines = (await r.text()).trimEnd().split("\n");
      const last = /^status (\d+)$/.exec(lines.pop() ?? "");
      if (r.ok && last !== null) return { status: Number(last[1]), text: lines.join("\n") };
    } catch (e) {
      if (!isNotYet(e)) throw e;
    }
    if (Date.now() > end) throw new Error(`the probe never answered\n${d.console.text.split("\n").slice(-40).join("\n")}`);
    await new Promise((done) => setTimeout(done, 150));
  }
}

/** Refused or reset connections are what a device that still boots gives. */
function isNotYet(e: unknown): boolean {
  return e instanceof TypeError;
}
