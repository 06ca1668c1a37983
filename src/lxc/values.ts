/**
 * One-value keys: the table names a kind for each, and one function reads
 * that kind. A later line replaces, an empty value puts LXC's default back.
 */
import { lowerAscii } from "../sys/ascii.ts";
import { isIpv4, isIpv6 } from "./addresses.ts";
import { digitsAt, MAX_SAFE, parseSize, parseUnsigned } from "./numbers.ts";
import { personalityOf } from "./personality.ts";
import type { Report } from "./report.ts";
import type { Settings } from "./settings.ts";
import { signalNumber } from "./signals.ts";

/** HOST_NAME_MAX of Linux. */
const MAX_HOSTNAME = 64;
/** IFNAMSIZ without its NUL. */
const MAX_DEVICE_NAME = 15;
/** VLAN ids the standard leaves to users. */
const MAX_VLAN = 4094;
const TIME_UNITS = "h m s ms us ns";
const NANOSECONDS = 1000000000;

/** Can it name a network device? */
export function isDeviceName(text: string): boolean {
  if (text === "" || text.length > MAX_DEVICE_NAME || text === "." || text === "..") return false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c <= 32 || c === 47 || c === 58 || c === 127) return false;
  }
  return true;
}

/** Six pairs of hexadecimal digits; x stands for any digit. */
function isHardwareAddress(text: string): boolean {
  if (text.length !== 17) return false;
  for (let i = 0; i < 17; i++) {
    const allowed = i % 3 === 2 ? ":" : "0123456789abcdefx";
    if (!allowed.includes(text.charAt(i))) return false;
  }
  return true;
}

/** "-2h", "1500ms" → whole seconds and 0..999999999 ns after them, also before zero; null when it is none. */
type Offset = { seconds: number; nanoseconds: number };

function parseOffset(value: string): Offset | null {
  const from = value.startsWith("-") ? 1 : 0;
  const digits = digitsAt(value, from);
  const unit = TIME_UNITS.split(" ").indexOf(value.slice(from + digits).trim());
  if (digits === 0 || digits > 15 || unit < 0) return null;
  let n = parseUnsigned(`1${value.slice(from, from + digits)}`, MAX_SAFE);
  let one = 1;
  for (let i = 0; i < digits; i++) one = one * 10;
  n = from === 1 ? one - n : n - one;
  if (n === 0) n = 0;
  if (unit < 2) return { seconds: n * (unit === 0 ? 3600 : 60), nanoseconds: 0 };
  let perSecond = 1;
  for (let i = 2; i < unit; i++) perSecond = perSecond * 1000;
  const seconds = Math.floor(n / perSecond);
  return { seconds, nanoseconds: (n - seconds * perSecond) * (NANOSECONDS / perSecond) };
}

/** 0 for true, -1 for false: what `n` of a checked text is. */
function ok(holds: boolean): number {
  return holds ? 0 : -1;
}

/**
 * Puts `value` under `name` (the key, or its end for a network device).
 * kind: first word of the table's column, with what follows as its argument.
 * Refuses in `r` and leaves what was there.
 */
export function applyValue(s: Settings, name: string, kind: string, value: string, r: Report): void {
  if (value === "") {
    s.drop(name);
    return;
  }
  const blank = kind.indexOf(" ");
  const argument = blank < 0 ? "" : kind.slice(blank + 1);
  let text = value;
  let n = 0;
  let wanted = "";
  switch (blank < 0 ? kind : kind.slice(0, blank)) {
    case "text":
      break;
    case "flag":
      n = "01".indexOf(value);
      if (value.length > 1) n = -1;
      wanted = "0 or 1";
      break;
    case "number":
      n = parseUnsigned(value, parseUnsigned(argument, MAX_SAFE));
      wanted = `a number from 0 to ${argument}`;
      break;
    case "vlan":
      n = value === "none" ? 0 : parseUnsigned(value, MAX_VLAN);
      wanted = `none or a number to ${MAX_VLAN}`;
      break;
    case "word":
      n = argument.split(",").indexOf(value);
      wanted = `one of ${argument}`;
      break;
    case "size":
      n = parseSize(value);
      wanted = "a size (a number with B, KB, MB or GB, or auto)";
      break;
    case "signal":
      n = signalNumber(value);
      wanted = "a signal (SIGTERM, SIGRTMIN+3, 37)";
      break;
    case "arch":
      n = personalityOf(value);
      wanted = "an architecture";
      break;
    case "hostname":
      n = ok(value.length <= MAX_HOSTNAME && !value.includes("/"));
      wanted = `a host name (at most ${MAX_HOSTNAME} characters)`;
      break;
    case "device":
      n = ok(isDeviceName(value));
      wanted = `a device name (1 to ${MAX_DEVICE_NAME} characters, no blank, / or :)`;
      break;
    case "hardware":
      text = lowerAscii(value);
      n = ok(isHardwareAddress(text));
      wanted = "a hardware address (six pairs, aa:bb:cc:dd:ee:ff)";
      break;
    case "gateway4":
    case "gateway6":
      n = ok(value === "auto" || value === "dev" || (kind === "gateway4" ? isIpv4(value) : isIpv6(value)));
      wanted = "a gateway (an address, auto or dev)";
      break;
    case "time": {
      const t = parseOffset(value);
      wanted = "an offset (a whole number with h, m, s, ms, us or ns)";
      if (t === null) n = -1;
      else {
        s.put(name, "", t.seconds, r.at);
        s.put(`${name}.ns`, "", t.nanoseconds, r.at);
        return;
      }
      break;
    }
    default:
      throw new Error(`lxc table: no kind ${kind}`);
  }
  if (n < 0) r.not(value, wanted);
  else s.put(name, text, n, r.at);
}
