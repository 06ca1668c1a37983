/**
 * The words PID 1 and the manager exchange on their socket pair: one message
 * a packet, fields separated by blanks. Both directions are packed and parsed
 * here.
 */
import { toUtf8, fromUtf8, words } from "../sys/text.ts";

export type Mail =
  /** manager: run the watchdog in this mode (disabled, shutdown, startup, always) with a timeout in seconds; start the manager again when it is silent for so long. */
  | { kind: "watchdog"; mode: string; seconds: number; silence: number }
  /** manager: it has come through its loop; the answer to a ping. */
  | { kind: "alive" }
  /** manager: the same, but the watchdog must not be fed for it. */
  | { kind: "unfed" }
  /** manager: everything is stopped and unmounted: end the machine so. */
  | { kind: "finish"; how: "poweroff" | "reboot" }
  /** PID 1: say that you live. */
  | { kind: "ping" }
  /** PID 1: it has reaped a process that was not its own; code is the status, or the signal when not exited. */
  | { kind: "reaped"; pid: number; exited: boolean; code: number }
  /** PID 1: someone asks the machine to end (signal to PID 1, power button). */
  | { kind: "asked"; how: "poweroff" | "reboot" };

export function packMail(m: Mail): Uint8Array {
  switch (m.kind) {
    case "watchdog": return toUtf8(`watchdog ${m.mode} ${m.seconds} ${m.silence}`);
    case "alive": return toUtf8("alive");
    case "unfed": return toUtf8("unfed");
    case "ping": return toUtf8("ping");
    case "finish": return toUtf8(`finish ${m.how}`);
    case "asked": return toUtf8(`asked ${m.how}`);
    case "reaped": return toUtf8(`reaped ${m.pid} ${m.exited ? "exited" : "killed"} ${m.code}`);
  }
}

/** The message of some bytes, or null when they are none. */
export function unpackMail(bytes: Uint8Array): Mail | null {
  const w = words(fromUtf8(bytes));
  if (w.length === 1 && w[0] === "alive") return { kind: "alive" };
  if (w.length === 1 && w[0] === "unfed") return { kind: "unfed" };
  if (w.length === 1 && w[0] === "ping") return { kind: "ping" };
  if (w.length === 4 && w[0] === "watchdog") return { kind: "watchdog", mode: w[1]!, seconds: Number(w[2]!), silence: Number(w[3]!) };
  if (w.length === 2 && (w[1] === "poweroff" || w[1] === "reboot")) {
    const how = w[1] === "poweroff" ? "poweroff" : "reboot";
    if (w[0] === "finish") return { kind: "finish", how };
    if (w[0] === "asked") return { kind: "asked", how };
  }
  if (w.length === 4 && w[0] === "reaped") return { kind: "reaped", pid: Number(w[1]!), exited: w[2] === "exited", code: Number(w[3]!) };
  return null;
}
