/// <reference path="../../src/sys/sys.d.ts" />
/**
 * Calls every function of the shim: once so that it works, and so that it is
 * refused. One static program for any of the three machines, that needs root,
 * /proc and a writable /tmp: a test, a container's payload, or started by the
 * init of a device under test.
 * table [emulated] [disk=FOLDER] [module=PATH:NAME]
 */
import { AT_FDCWD, MS_PRIVATE, MS_REC } from "../../src/sys/constants.ts";
import { cryptoRows } from "./crypto.ts";
import { eventRows, socketRows } from "./events.ts";
import { fileRows } from "./files.ts";
import { kernelRows } from "./kernel.ts";
import { mountRows } from "./mounts.ts";
import { EXIT_STATUS, processRows } from "./processes.ts";
import { print, setEmulated } from "./tally.ts";

const words = process.argv.slice(2);

/** Value of a word NAME=value, "" without it. */
function option(name: string): string {
  for (const w of words) if (w.startsWith(`${name}=`)) return w.slice(name.length + 1);
  return "";
}

function rows(dir: string): void {
  const module = option("module");
  const colon = module.lastIndexOf(":");
  fileRows(dir);
  mountRows(dir, option("disk"));
  processRows();
  eventRows();
  socketRows();
  kernelRows(dir, colon < 0 ? "" : module.slice(0, colon), module.slice(colon + 1));
  cryptoRows();
}

if (words.includes("exit")) sys_exit(EXIT_STATUS);
setEmulated(words.includes("emulated"));
const unshared = sys_unshare(0x20000);
if (unshared !== 0) print(`not ok sys_unshare: ${unshared}`);
sys_mount("", "/", "", MS_REC + MS_PRIVATE, "");
const dir = "/tmp/wherry-arch";
sys_mkdirat(AT_FDCWD, dir, 0o755);
const mounted = sys_mount("arch", dir, "tmpfs", 0, "");
if (mounted !== 0) print(`not ok sys_mount: ${mounted} on ${dir}`);
rows(dir);
print("end of table");
