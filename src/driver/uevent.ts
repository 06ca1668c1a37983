/**
 * What the kernel tells of devices: one message of its uevent socket, or the
 * `uevent` file of a device in sysfs. Only text; a message that is none is
 * null. Source: kernel lib/kobject_uevent.c, drivers/base/core.c.
 */
import { parseDecimal } from "../sys/text.ts";

export type UeventValue = { name: string; value: string };

/** action: "add", "remove", "change", …; path: below /sys; values: as the kernel orders them. */
export type Uevent = { action: string; path: string; values: UeventValue[] };

/** UEVENT_BUFFER_SIZE and the head before it. */
export const MAX_UEVENT_BYTES = 8192;

/** Value of a name, "" where the event has none. */
export function ueventValue(e: Uevent, name: string): string {
  for (const v of e.values) if (v.name === name) return v.value;
  return "";
}

function valuesOf(lines: string[]): UeventValue[] {
  const out: UeventValue[] = [];
  for (const line of lines) {
    const at = line.indexOf("=");
    if (at > 0) out.push({ name: line.slice(0, at), value: line.slice(at + 1) });
  }
  return out;
}

/** A message "ACTION@PATH NUL NAME=VALUE NUL …"; null when it is not the kernel's. */
export function parseUevent(text: string): Uevent | null {
  const parts = text.split("\0");
  const head = parts[0]!;
  const at = head.indexOf("@");
  if (at <= 0 || head.charAt(at + 1) !== "/") return null;
  return { action: head.slice(0, at), path: head.slice(at + 1), values: valuesOf(parts.slice(1)) };
}

/** The event that brought a device there, out of the lines of its file in sysfs. */
export function parseUeventFile(path: string, subsystem: string, text: string): Uevent {
  const values = valuesOf(text.split("\n"));
  values.push({ name: "SUBSYSTEM", value: subsystem });
  return { action: "add", path, values };
}

/** A device with a node: name below /dev, type, numbers. */
export type EventNode = { name: string; type: "b" | "c"; major: number; minor: number };

/** The node an event is about; null for devices without one. */
export function nodeOf(e: Uevent): EventNode | null {
  const major = parseDecimal(ueventValue(e, "MAJOR"));
  const minor = parseDecimal(ueventValue(e, "MINOR"));
  const named = ueventValue(e, "DEVNAME");
  const bare = named.startsWith("/dev/") ? named.slice(5) : named;
  const name = bare !== "" ? bare : e.path.slice(e.path.lastIndexOf("/") + 1);
  if (major < 0 || minor < 0 || !isNodeName(name)) return null;
  return { name, type: ueventValue(e, "SUBSYSTEM") === "block" ? "b" : "c", major, minor };
}

/** Can it be the name of a node below /dev: relative, without "." and ".." parts? */
export function isNodeName(name: string): boolean {
  if (name.length > 255) return false;
  for (const part of name.split("/")) if (part === "" || part === "." || part === "..") return false;
  return true;
}
