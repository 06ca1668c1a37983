/**
 * Devices that come and go: the kernel's event socket, the devices that are
 * there already, and what each means for the containers that have rules. The
 * owner watches the socket in its loop; nothing here waits. What the socket
 * says is held against sysfs, since other processes may write to it too.
 */
import { EAGAIN } from "../sys/errno.ts";
import { checked } from "../sys/error.ts";
import { closeFd, exists, listDirectory, readLink, readTextOr } from "../sys/files.ts";
import { openNetlink, receive } from "../sys/sockets.ts";
import { fromUtf8 } from "../sys/text.ts";
import { loadModules, moduleFolder } from "./apply.ts";
import type { MdevRule } from "./mdev_rules.ts";
import { planEvent, type NodeAction } from "./node_plan.ts";
import { applyNodes, deviceExists, openContainerDev } from "./nodes.ts";
import { MAX_UEVENT_BYTES, nodeOf, parseUevent, parseUeventFile, ueventValue, type Uevent } from "./uevent.ts";

const NETLINK_KOBJECT_UEVENT = 15;
const KERNEL_GROUP = 1;
const ENOBUFS = 105;

/** A non-blocking descriptor that becomes readable with every event of the kernel. */
export function openUevents(): number {
  return openNetlink(NETLINK_KOBJECT_UEVENT, KERNEL_GROUP, true);
}

/** events: those that hold against sysfs. lost: the kernel had to drop some; existingDevices() tells what is there. */
export type ReadEvents = { events: Uevent[]; lost: boolean };

/** All that has arrived, at most `limit` events: the descriptor stays readable while there are more. */
export function readUevents(fd: number, limit: number): ReadEvents {
  const out: ReadEvents = { events: [], lost: false };
  const buffer = new Uint8Array(MAX_UEVENT_BYTES);
  for (let i = 0; i < limit; i++) {
    const message = receive(fd, buffer);
    for (const stray of message.fds) closeFd(stray);
    if (message.size === -ENOBUFS) {
      out.lost = true;
      continue;
    }
    if (message.size === -EAGAIN) break;
    checked(message.size, "recvmsg", "uevents");
    if (message.truncated) continue;
    const event = parseUevent(fromUtf8(buffer.subarray(0, Math.min(message.size, buffer.length))));
    if (event !== null && holds(event)) out.events.push(event);
  }
  return out;
}

function holds(e: Uevent): boolean {
  const node = nodeOf(e);
  if (node !== null) return e.action === "remove" ? !deviceExists(node.type, node.major, node.minor) : deviceExists(node.type, node.major, node.minor);
  return e.action === "remove" || exists(`/sys${e.path}`);
}

/** An "add" for every device with a node that is there now. */
export function existingDevices(): Uevent[] {
  const out: Uevent[] = [];
  for (const kind of ["block", "char"]) {
    for (const numbers of listDirectory(`/sys/dev/${kind}`)) {
      const folder = `/sys/dev/${kind}/${numbers}`;
      const text = readTextOr(`${folder}/uevent`, "", MAX_UEVENT_BYTES);
      const subsystem = kind === "block" ? "block" : lastPart(readLink(`${folder}/subsystem`));
      if (text !== "") out.push(parseUeventFile(`/dev/${kind}/${numbers}`, subsystem, text));
    }
  }
  return out;
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** commands: what the rules want run for these events. problems: in words. */
export type HotplugOutcome = { commands: NodeAction[]; problems: string[] };

/** Brings one container's /dev up to date with events, by its rules. pid: its init, as this process sees it. */
export function hotplugContainer(pid: number, rules: MdevRule[], events: Uevent[]): HotplugOutcome {
  const out: HotplugOutcome = { commands: [], problems: [] };
  const actions: NodeAction[] = [];
  for (const e of events) for (const a of planEvent(rules, e)) actions.push(a);
  if (actions.length === 0) return out;
  const dev = openContainerDev(pid);
  if (dev < 0) return out;
  out.problems = applyNodes(dev, actions);
  out.commands = actions.filter((a) => a.kind === "command");
  closeFd(dev);
  return out;
}

/** The aliases under which new hardware asks for modules, each once. */
export function modaliasesOf(events: Uevent[]): string[] {
  const out: string[] = [];
  for (const e of events) {
    const alias = e.action === "add" ? ueventValue(e, "MODALIAS") : "";
    if (alias !== "" && !out.includes(alias)) out.push(alias);
  }
  return out;
}

/** Modaliases of all hardware that is there, for a start where nobody loads modules yet. */
export function existingModaliases(): string[] {
  const out: string[] = [];
  for (const bus of listDirectory("/sys/bus")) {
    const folder = `/sys/bus/${bus}/devices`;
    if (!exists(folder)) continue;
    for (const device of listDirectory(folder)) {
      const alias = readTextOr(`${folder}/${device}/modalias`, "", 4096).trim();
      if (alias !== "" && !out.includes(alias)) out.push(alias);
    }
  }
  return out;
}

/** Loads what hardware asks for by alias; hardware without a module is no problem. Blocks: for a worker. Result: names loaded. */
export function loadForHardware(aliases: string[]): string[] {
  return loadModules(moduleFolder(), aliases.map((name) => ({ name, parameters: "" }))).loaded;
}
