/**
 * What a container's set-up says on the report socket, one message each:
 * that it failed (step, path, errno, hint; also one sentence for people), what
 * it went on without, a folder that it exports. The pair of format and parse
 * is the wire.
 */
import { ENOENT, errnoName } from "../sys/errno.ts";
import { reason, SysError } from "../sys/error.ts";
import { fromUtf8, packed, parseDecimal, toUtf8 } from "../sys/text.ts";

/** step: "mount overlay on"; path: "" when the step has none; errno: 0 when no system call refused. */
export type StartFailure = { step: string; path: string; errno: number; hint: string };

/** Longest message; a hint or path beyond is cut. */
export const REPORT_BYTES = 8192;
const FIELD_CHARS = 1500;

/** What was thrown, in the form of a report. */
export function failureOf(e: unknown): StartFailure {
  return e instanceof Error ? failureOfError(e) : { step: "set up", path: "", errno: 0, hint: reason(e) };
}

/** The same for what is known to be an error: scriptc answers instanceof for our own classes on those only. */
export function failureOfError(e: Error): StartFailure {
  if (e instanceof SysError) return { step: e.syscall, path: e.path, errno: e.errno, hint: e.hint };
  return { step: "set up", path: "", errno: 0, hint: reason(e) };
}

function cut(s: string): string {
  return s.length > FIELD_CHARS ? `${s.slice(0, FIELD_CHARS)}…` : s;
}

export function formatReport(f: StartFailure): Uint8Array {
  return packed([cut(f.step), cut(f.path), String(f.errno), cut(f.hint)]);
}

/** The failure behind a message; a malformed one is a failure of its own. */
export function parseReport(message: Uint8Array): StartFailure {
  const fields = fromUtf8(message).split("\0");
  if (fields.length < 4) return { step: "read the report of the set-up", path: "", errno: 0, hint: `${message.length} bytes are no report` };
  return { step: fields[0]!, path: fields[1]!, errno: Math.max(0, parseDecimal(fields[2]!)), hint: fields[3]! };
}

/** "web: mount overlay on /run/x: EINVAL (upper and work on different filesystems)". */
export function failureText(name: string, f: StartFailure): string {
  const what = f.path === "" ? f.step : `${f.step} ${f.path}`;
  if (f.errno === 0) return f.hint === "" ? `${name}: ${what}` : `${name}: ${what}: ${f.hint}`;
  return `${name}: ${what}: ${errnoName(f.errno)}${f.hint === "" ? "" : ` (${f.hint})`}`;
}

/** The step that replaces the program: its failures have exit codes of their own. */
export const EXEC_STEP = "exec";

/** Steps that are news and no failures: the hint is a warning; a descriptor of the exported path comes along. */
export const WARNING_STEP = "warning";
export const EXPORT_STEP = "export";

/** Exit status of a foreground start that failed: 127 no such program, 126 it can't be executed, 125 anything before. */
export function failureStatus(f: StartFailure): number {
  if (f.step !== EXEC_STEP) return 125;
  return f.errno === ENOENT ? 127 : 126;
}

/** Bytes that tell a waiting child to go on. */
export const PROCEED: Uint8Array = toUtf8("go");
