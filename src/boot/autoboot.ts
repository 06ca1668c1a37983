/**
 * Files of a Raspberry Pi's boot partitions, as text: autoboot.txt, which
 * names the partition that is booted and the one of a trial boot, and
 * pv_rev.txt, the revisions that belong to a partition. Pure.
 * Rules: lifecycle spec §7 "rpiab"; Raspberry Pi documentation, "autoboot.txt".
 */
import { parseDecimal } from "../sys/text.ts";

/** Numbers of partitions. */
export type Autoboot = { normal: number; trial: number };

const KEY = "boot_partition=";
const TRIAL = "[tryboot]";

/** What cannot be read is as devices are delivered. */
export function parseAutoboot(text: string): Autoboot {
  const a = { normal: 0, trial: 0 };
  let section = "";
  for (const line of text.split("\n").map((l) => l.trim())) {
    if (line.startsWith("[")) section = line;
    const n = line.startsWith(KEY) ? parseDecimal(line.slice(KEY.length)) : -1;
    if (n > 0 && section === TRIAL) a.trial = n;
    else if (n > 0) a.normal = n;
  }
  return a.normal > 0 && a.trial > 0 && a.normal !== a.trial ? a : { normal: 2, trial: 3 };
}

export function formatAutoboot(a: Autoboot): string {
  return `[all]\ntryboot_a_b=1\n${KEY}${a.normal}\n${TRIAL}\n${KEY}${a.trial}\n`;
}

/** Revisions by commas or lines. */
export function parseList(text: string): string[] {
  return text.split("\n").join(",").split(",").map((r) => r.trim()).filter((r) => r !== "");
}
