import "../../fakes/sys.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { haltSignal } from "../../../src/container/stop.ts";

const SLEEPS = "35 0x7ffd0 0x0 0x0 0x0 0x0 0x0 0x7ffd0 0x7f35\n";
const SIGTERM = 15;
const SIGPWR = 30;
const HALT = 37;

function status(blocked: string, caught: string): string {
  return `Name:\tinit\nSigQ:\t3/96365\nSigBlk:\t${blocked}\nSigIgn:\t0000000000001000\nSigCgt:\t${caught}\nCapInh:\t0\n`;
}

const CASES: { says: string; status: string; call: string; configured: number; want: { signal: number; heard: boolean } }[] = [
  { says: "systemd, which blocks SIGRTMIN+3, is halted by that", status: status("7fe3c0fe28014a03", "00000000000004ec"), call: SLEEPS, configured: -1, want: { signal: HALT, heard: true } },
  { says: "busybox init shows nothing while it waits for signals, and is sent SIGPWR", status: status("0", "0000000000080000"), call: "128 0x6f 0x0 0x7ffd 0x8 0x0 0x0 0x7ffd0 0x7f35\n", configured: -1, want: { signal: SIGPWR, heard: true } },
  { says: "an init that catches SIGPWR and SIGTERM is sent SIGPWR", status: status("0", "0000000020004000"), call: SLEEPS, configured: -1, want: { signal: SIGPWR, heard: true } },
  { says: "a program that catches only SIGTERM is sent that", status: status("0", "0000000000004000"), call: SLEEPS, configured: -1, want: { signal: SIGTERM, heard: true } },
  { says: "a program that catches nothing does not hear", status: status("0", "0"), call: SLEEPS, configured: -1, want: { signal: SIGPWR, heard: false } },
  { says: "the same when its call can't be read", status: status("0", "0"), call: "", configured: -1, want: { signal: SIGPWR, heard: false } },
  { says: "a configured signal comes first", status: status("7fe3c0fe28014a03", "0000000000000200"), call: SLEEPS, configured: 10, want: { signal: 10, heard: true } },
  { says: "a configured signal that nobody catches is not heard", status: status("0", "0000000000004000"), call: SLEEPS, configured: 10, want: { signal: 10, heard: false } },
];

for (const c of CASES) test(c.says, () => assert.equal(haltSignal(c.status, c.call, c.configured), c.want));
test.run();
