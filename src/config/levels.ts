/**
 * Where a configuration value can come from. Each source has one bit; the
 * bits rise with precedence, and a set of them says which sources may write
 * a key. Names are those of the control API's /config2.
 * Rules: configuration spec "Levels and precedence".
 */

export const DEFAULT = 0;
export const ARGS = 1;
export const PV_CONF = 2;
export const PH_CONF = 4;
/** Identity obtained by registering at the hub; written whatever the recorded level. */
export const HUB = 8;
export const POLICY = 16;
export const OEM = 32;
export const PV_CMDLINE = 64;
export const PH_CMDLINE = 128;
export const ENV = 256;
export const METADATA = 512;
export const COMMAND = 1024;

const BITS = [DEFAULT, ARGS, PV_CONF, PH_CONF, HUB, POLICY, OEM, PV_CMDLINE, PH_CMDLINE, ENV, METADATA, COMMAND];
const NAMES = [
  "default", "args", "pv conf file", "ph conf file", "unknown", "policy", "oem config", "pv cmdline", "ph cmdline", "env",
  "metadata", "command",
];

/** "pv conf file" for PV_CONF. */
export function levelName(level: number): string {
  const i = BITS.indexOf(level);
  if (i < 0) throw new Error(`no configuration level ${level}`);
  return NAMES[i]!;
}

const PV = PV_CONF + POLICY + PV_CMDLINE + ENV;
const PH = PH_CONF + POLICY + PH_CMDLINE + ENV + OEM;
const RUNTIME = METADATA + COMMAND;

/** Sets of sources as the key table writes them. */
const SET_NAMES = ["PV", "PVO", "PVOR", "PHO", "PHOR", "LOCK"];
const SETS = [PV, PV + OEM, PV + OEM + RUNTIME, PH, PH + RUNTIME, PV_CONF + POLICY];

/** Bits of the set "PVO". */
export function levelSet(name: string): number {
  const i = SET_NAMES.indexOf(name);
  if (i < 0) throw new Error(`no set of configuration levels ${name}`);
  return SETS[i]!;
}

/** Sources that may write a sysctl key. */
export const SYSCTL_LEVELS = PV + OEM;

/** "pv conf file, policy, env" for a set of bits. */
export function levelNames(set: number): string {
  const out: string[] = [];
  for (let i = 1; i < BITS.length; i++) {
    if ((set & BITS[i]!) !== 0) out.push(NAMES[i]!);
  }
  return out.join(", ");
}
