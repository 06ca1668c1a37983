/**
 * Boot environments in the flash of a device, through the code of the
 * manager. Prints what is read, and what the flash holds then, bad blocks and
 * all.
 *
 *   flash raw|two|one|latch N…    N: numbers of the MTD partitions
 */
import { crc32 } from "../../../src/boot/crc32.ts";
import { BootEnvironment } from "../../../src/boot/environment.ts";
import { Mtd } from "../../../src/boot/mtd.ts";
import { openBootEnvironment } from "../../../src/boot/open.ts";
import { concatBytes, putU32 } from "../../../src/sys/bytes.ts";
import { O_RDONLY, O_RDWR } from "../../../src/sys/constants.ts";
import { reason } from "../../../src/sys/error.ts";
import { closeFd, makeDirectories, openFile, readAt, readTextOr, writeAll, writeFile } from "../../../src/sys/files.ts";
import { hexOfBytes, toUtf8 } from "../../../src/sys/text.ts";

const STORAGE = "/tmp/s";
const ENVIRONMENT_BYTES = 20480;
const DUMP_BYTES = 65536;

function say(line: string): void {
  writeAll(1, toUtf8(`${line}\n`), "stdout");
}

function nameOf(n: string): string {
  return `NAND simulator partition ${n}`;
}

function tell(e: BootEnvironment): void {
  const r = e.read();
  say(`read=${r.committed},${r.tried},${r.standing},${r.why}`);
}

function settle(e: BootEnvironment, revision: string): void {
  try {
    say(`settled=${e.settle(revision)}`);
  } catch (x) {
    say(`refused=${reason(x)}`);
  }
}

function dump(n: string): void {
  const fd = openFile(`/dev/mtd${n}`, O_RDONLY);
  say(`flash=${hexOfBytes(readAt(fd, 0, DUMP_BYTES))}`);
  closeFd(fd);
  say(`bad=${readTextOr(`/sys/class/mtd/mtd${n}/bad_blocks`, "").trim()}`);
}

/** As U-Boot has left it. flag: -1 for none. */
function put(n: string, flag: number, text: string): void {
  const head = flag < 0 ? 4 : 5;
  const data = new Uint8Array(ENVIRONMENT_BYTES - head);
  data.set(toUtf8(text), 0);
  const first = new Uint8Array(head);
  putU32(first, 0, crc32(data));
  if (flag >= 0) first[4] = flag;
  const m = new Mtd(nameOf(n), O_RDWR);
  m.write(0, concatBytes([first, data]));
  m.close();
}

function main(argv: string[]): void {
  const kind = argv[1]!;
  const names = argv.slice(2).map((n) => nameOf(n));
  makeDirectories(`${STORAGE}/boot`);
  const type = kind === "two" || kind === "one" ? "uboot-ab" : "uboot";
  const e = openBootEnvironment({ type, mountPoint: STORAGE, runDir: "/tmp", mtdOnly: kind === "raw", mtdName: names[0]!, abNames: names, abOffset: 0, abBytes: ENVIRONMENT_BYTES });
  if (kind === "raw") {
    tell(e);
    writeFile(`${STORAGE}/boot/mtd-environment`, toUtf8("pv_rev=4\0pv_try=5\0other=x\0\0"));
    tell(e);
  }
  if (kind === "two") {
    tell(e);
    settle(e, "5");
    put(argv[2]!, 255, "pv_rev=3\0\0");
    put(argv[3]!, 0, "pv_rev=4\0pv_try=5\0other=x\0\0");
  }
  if (kind === "one") put(argv[2]!, -1, "pv_rev=4\0pv_try=5\0other=x\0\0");
  if (kind === "latch") {
    writeFile(`${STORAGE}/boot/uboot.txt`, toUtf8("pv_rev=4\0pv_try=5\0\0"));
    const m = new Mtd(names[0]!, O_RDWR);
    m.write(0, toUtf8("pv_trying=5\0\0".padEnd(512, "\0")));
    m.close();
  }
  tell(e);
  settle(e, "5");
  tell(e);
  settle(e, "6");
  tell(e);
  for (const n of argv.slice(2)) dump(n);
  if (kind === "one") say(`copy=${hexOfBytes(toUtf8(readTextOr(`${STORAGE}/boot/mtd-environment`, "")))}`);
}

main(process.argv.slice(1));
