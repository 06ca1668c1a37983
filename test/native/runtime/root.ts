/** The root filesystem of the runtime scenarios: busybox and a few files. */
import { busyboxRoot } from "../../../build/rootfs.ts";
import type { Tree } from "../../../build/tree.ts";

const APPLETS = [
  "sh", "true", "false", "cat", "ls", "id", "hostname", "sleep", "env", "touch", "mkdir", "grep", "head", "tail", "ps", "stat", "readlink", "tty", "wc", "mknod",
  "mount", "umount", "kill", "ln", "rm", "cut", "tr", "dd", "chmod", "ifconfig", "ip", "ping", "sort", "sync", "reboot", "logger",
];

/** debs: unpacked packages of the machine. */
export function scenarioRoot(debs: string): Tree {
  return busyboxRoot(debs, APPLETS).dir("srv/out");
}
