/**
 * lxc.mount.entry and fstab lines: six fields, octal escapes, LXC's own
 * option words taken out, the rest split for mount(2).
 * Rules: getmntent(3); runtime spec "mount.entry".
 */
import type { MountCreate, MountEntry } from "./description.ts";
import { parseMountOptions } from "./mount_options.ts";
import type { Report } from "./report.ts";
import { splitBlanks } from "./words.ts";

/** Decodes \040 and its like; any byte by three octal digits, `\\` too. Only ASCII is decoded. */
export function unescapeField(text: string): string {
  if (!text.includes("\\")) return text;
  const out: string[] = [];
  for (let i = 0; i < text.length; i++) {
    const octal = text.charAt(i) === "\\" ? octalAt(text, i + 1) : -1;
    if (octal >= 0) {
      out.push(String.fromCharCode(octal));
      i += 3;
    } else if (text.startsWith("\\\\", i)) {
      out.push("\\");
      i += 1;
    } else {
      out.push(text.charAt(i));
    }
  }
  return out.join("");
}

function octalAt(text: string, from: number): number {
  if (from + 3 > text.length) return -1;
  let n = 0;
  for (let i = from; i < from + 3; i++) {
    const d = text.charCodeAt(i) - 48;
    if (d < 0 || d > 7) return -1;
    n = n * 8 + d;
  }
  return n >= 1 && n <= 127 ? n : -1;
}

type OwnOptions = { create: MountCreate; optional: boolean; relative: boolean; idmap: string; mkdirOrigin: boolean };

/** Takes LXC's own words out of `words`; the others go to `rest`. */
function takeOwnOptions(words: string[], rest: string[], r: Report): OwnOptions {
  const own: OwnOptions = { create: "", optional: false, relative: false, idmap: "", mkdirOrigin: false };
  for (let i = 0; i < words.length; i++) {
    const w = words[i]!;
    if (w === "optional") own.optional = true;
    else if (w === "relative") own.relative = true;
    else if (w === "create=dir") own.create = "dir";
    else if (w === "create=file") own.create = "file";
    else if (w === "origin=mkdir") own.mkdirOrigin = true;
    else if (w.startsWith("idmap=")) own.idmap = w.slice(6);
    else if (w.startsWith("create=")) r.refuse(`create= takes dir or file, not "${w.slice(7)}"`);
    else if (w.startsWith("origin=")) r.refuse(`origin= takes mkdir, not "${w.slice(7)}"`);
    else rest.push(w);
  }
  return own;
}

/** One line; null when it is empty, a comment, or refused in `r`. */
export function parseMountEntry(line: string, r: Report): MountEntry | null {
  const fields = splitBlanks(line);
  if (fields.length === 0 || fields[0]!.startsWith("#")) return null;
  if (fields.length < 3) {
    r.refuse(`a mount needs source, target, type and options: "${line}"`);
    return null;
  }
  if (fields.length > 6) r.warn("fields after the sixth are ignored (write blanks in names as \\040)");
  const before = r.problems.length;
  const rest: string[] = [];
  const own = takeOwnOptions((fields.length > 3 ? unescapeField(fields[3]!) : "").split(","), rest, r);
  if (r.problems.length > before) return null;
  return {
    source: unescapeField(fields[0]!), target: unescapeField(fields[1]!), fstype: unescapeField(fields[2]!),
    options: parseMountOptions(rest),
    create: own.create, optional: own.optional, relative: own.relative, idmap: own.idmap, mkdirOrigin: own.mkdirOrigin,
    at: r.at,
  };
}

/** All lines of an fstab file; `name` is shown in messages. */
export function parseFstab(text: string, name: string, r: Report): MountEntry[] {
  const out: MountEntry[] = [];
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; i++) {
    r.at = `${name}:${i + 1}`;
    const line = lines[i]!;
    const entry = parseMountEntry(line.endsWith("\r") ? line.slice(0, line.length - 1) : line, r);
    if (entry !== null) out.push(entry);
  }
  return out;
}
