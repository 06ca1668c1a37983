/**
 * Capability names and numbers. Source: kernel include/uapi/linux/capability.h;
 * the order is the kernel's and only ever grows.
 */
import { lowerAscii } from "../sys/ascii.ts";

const NAMES =
  "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service " +
  "net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin " +
  "sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override " +
  "mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore";

/** The names apart, made on first use. */
let names: string[] = [];

/** Highest number that fits the kernel's 64-bit sets. */
const MAX_CAPABILITY = 63;

/** Number of "sys_admin", "cap_sys_admin", "CAP_SYS_ADMIN" or "21"; -1 when there is none. */
export function capabilityNumber(name: string): number {
  if (names.length === 0) names = NAMES.split(" ");
  const usual = names.indexOf(name);
  if (usual >= 0) return usual;
  const lower = lowerAscii(name);
  const bare = lower.startsWith("cap_") ? lower.slice(4) : lower;
  const known = names.indexOf(bare);
  if (known >= 0) return known;
  let n = 0;
  for (let i = 0; i < bare.length; i++) {
    const d = bare.charCodeAt(i) - 48;
    if (d < 0 || d > 9) return -1;
    n = n * 10 + d;
  }
  return bare === "" || n > MAX_CAPABILITY ? -1 : n;
}

/** "sys_admin" for 21; the number as text when this list has no name for it. */
export function capabilityName(n: number): string {
  const names = NAMES.split(" ");
  return n >= 0 && n < names.length ? names[n]! : `${n}`;
}
