/**
 * The frames between manager and logger on their seqpacket socket: fields
 * separated by NUL, the first names the frame; a descriptor may ride along.
 * pack and unpack are here together so that they can't drift apart.
 */
import { fromUtf8, toUtf8 } from "../sys/text.ts";

/** Largest frame, in bytes. */
export const FRAME_BYTES = 32768;

export type Frame =
  /** manager: capture the descriptor that comes along into a file; the same name again replaces. */
  | { kind: "console"; name: string; path: string; maxBytes: number }
  /** manager: the container is gone: take what its console still has, answer with its tail, close. */
  | { kind: "end"; name: string }
  /** manager: keep the descriptor that comes along and give it to the next manager. */
  | { kind: "keep"; name: string }
  /** manager: one line for a file of ours. */
  | { kind: "line"; path: string; text: string; maxBytes: number }
  /** manager: write what is there, close everything, end. */
  | { kind: "stop" }
  /** logger: a descriptor it keeps (name begins with "@") or a console it has, its descriptor comes along (to a manager that starts again). */
  | { kind: "has"; name: string }
  /** logger: that was everything it has. */
  | { kind: "hello" }
  /** logger: a console has ended; its last bytes. */
  | { kind: "tail"; name: string; text: string };

export function packFrame(f: Frame): Uint8Array {
  switch (f.kind) {
    case "console": return fields(["console", f.name, f.path, String(f.maxBytes)]);
    case "line": return fields(["line", f.path, f.text, String(f.maxBytes)]);
    case "end": return fields(["end", f.name]);
    case "keep": return fields(["keep", f.name]);
    case "hello": return fields(["hello"]);
    case "stop": return fields(["stop"]);
    case "has": return fields(["has", f.name]);
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
  if (kind === "tail" && f.length === 3) return { kind: "tail", name: f[1]!, text: f[2]! };
  return null;
}
