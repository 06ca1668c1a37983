/**
 * The frames between manager and logger on their seqpacket socket: fields
 * separated by NUL, the first names the frame; a descriptor may ride along.
 * pack and unpack are here together so that they can't drift apart.
 */
import { fromUtf8, toUtf8 } from "../sys/text.ts";

/** Largest frame, in bytes. */
export const FRAME_BYTES = 32768;

/** A log file inside a container: absolute, maxSize in bytes, 0 without a limit. */
export type FollowedPath = { path: string; maxSize: number };

/**
 * manager: follow files inside a container, whose root comes along as a
 * descriptor. pid: of its init, uidMap: text of that file of /proc, folder:
 * for our copies, each of at most maxBytes.
 */
export type FollowFrame = { kind: "follow"; name: string; pid: number; uidMap: string; folder: string; maxBytes: number; files: FollowedPath[] };

export type Frame =
  | FollowFrame
  /** manager: capture the descriptor that comes along into a file; the same name again replaces. */
  | { kind: "console"; name: string; path: string; maxBytes: number }
  /** manager: the container is gone: take what its console and files still have, answer with the console's tail and "ended", close. */
  | { kind: "end"; name: string }
  /** manager: keep the descriptor that comes along and give it to the next manager. */
  | { kind: "keep"; name: string }
  /** manager: lines for a file of ours, without the last newline. */
  | { kind: "line"; path: string; text: string; maxBytes: number }
  /** manager: write what is there, close everything, end. */
  | { kind: "stop" }
  /** logger: a descriptor it keeps (name begins with "@") or a console it has, its descriptor comes along (to a manager that starts again). */
  | { kind: "has"; name: string }
  /** logger: that was everything it has. */
  | { kind: "hello" }
  /** logger: a console has ended; its last bytes, where it has any. */
  | { kind: "tail"; name: string; text: string }
  /** logger: nothing of the container is open here any more. */
  | { kind: "ended"; name: string }
  /** logger: a file that is there is not followed. */
  | { kind: "refused"; name: string; path: string; why: string };

export function packFrame(f: Frame): Uint8Array {
  switch (f.kind) {
    case "console": return fields(["console", f.name, f.path, String(f.maxBytes)]);
    case "line": return fields(["line", f.path, f.text, String(f.maxBytes)]);
    case "end": return fields(["end", f.name]);
    case "keep": return fields(["keep", f.name]);
    case "hello": return fields(["hello"]);
    case "stop": return fields(["stop"]);
    case "has": return fields(["has", f.name]);
    case "follow": return fields(["follow", f.name, String(f.pid), f.uidMap, f.folder, String(f.maxBytes), ...f.files.map((x) => `${x.maxSize} ${x.path}`)]);
    case "ended": return fields(["ended", f.name]);
    case "refused": return fields(["refused", f.name, f.path, f.why]);
    case "tail": return fields(["tail", f.name, f.text]);
  }
}

function fields(list: string[]): Uint8Array {
  const b = toUtf8(list.join("\0"));
  return b.length <= FRAME_BYTES ? b : b.subarray(0, FRAME_BYTES);
}

/** The frame of some bytes, or null when they are none. */
export function unpackFrame(bytes: Uint8Array): Frame | null {
  const f = fromUtf8(bytes).split("\0");
  const kind = f[0]!;
  if (kind === "console" && f.length === 4) return { kind: "console", name: f[1]!, path: f[2]!, maxBytes: Number(f[3]!) };
  if (kind === "line" && f.length === 4) return { kind: "line", path: f[1]!, text: f[2]!, maxBytes: Number(f[3]!) };
  if (kind === "end" && f.length === 2) return { kind: "end", name: f[1]! };
  if (kind === "keep" && f.length === 2) return { kind: "keep", name: f[1]! };
  if (kind === "hello" && f.length === 1) return { kind: "hello" };
  if (kind === "stop" && f.length === 1) return { kind: "stop" };
  if (kind === "has" && f.length === 2) return { kind: "has", name: f[1]! };
  if (kind === "follow" && f.length > 6) {
    const files = f.slice(6).map((t) => ({ path: t.slice(t.indexOf(" ") + 1), maxSize: Number(t.slice(0, t.indexOf(" "))) }));
    return { kind: "follow", name: f[1]!, pid: Number(f[2]!), uidMap: f[3]!, folder: f[4]!, maxBytes: Number(f[5]!), files };
  }
  if (kind === "ended" && f.length === 2) return { kind: "ended", name: f[1]! };
  if (kind === "refused" && f.length === 4) return { kind: "refused", name: f[1]!, path: f[2]!, why: f[3]! };
  if (kind === "tail" && f.length === 3) return { kind: "tail", name: f[1]!, text: f[2]! };
  return null;
}
