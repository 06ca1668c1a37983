/**
 * Compressed memory as a block device: taken, set up, given back.
 * Source: kernel admin-guide/blockdev/zram.rst.
 */
import { EEXIST } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { listDirectory, putText, readNumber, readTextOr, tryPutText } from "../sys/files.ts";
import { parseDecimal } from "../sys/text.ts";

/** Numbers of all zram devices there are. */
export function zramDevices(): number[] {
  const out: number[] = [];
  for (const name of listDirectory("/sys/block")) {
    const n = name.startsWith("zram") ? parseDecimal(name.slice(4)) : -1;
    if (n >= 0) out.push(n);
  }
  return out;
}

/** A device nobody uses; made when there is none. */
function takeZram(): number {
  for (const n of zramDevices()) if (readNumber(`/sys/block/zram${n}/initstate`) === 0) return n;
  const made = parseDecimal(readTextOr("/sys/class/zram-control/hot_add", "").trim());
  if (made < 0) throw new SysError("read", "/sys/class/zram-control/hot_add", 19, "no zram in this kernel (module zram)");
  return made;
}

/** Sets up a device with "name=value" options in their order; returns its path. A refused option leaves it as it was. */
export function openZram(options: string[]): string {
  const n = takeZram();
  for (const o of options) {
    const at = o.indexOf("=");
    const file = `/sys/block/zram${n}/${o.slice(0, at)}`;
    const r = tryPutText(file, o.slice(at + 1));
    if (r >= 0 || r === -EEXIST) continue;
    closeZram(n);
    throw new SysError("write", file, -r, `option ${o}`);
  }
  return `/dev/zram${n}`;
}

/** Gives a device back, with its memory. */
export function closeZram(n: number): void {
  putText(`/sys/block/zram${n}/reset`, "1");
}
