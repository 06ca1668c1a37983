/**
 * Terminals that the manager holds one end of. Source: pty(7), ioctl_tty(2).
 */
import { u32At, putU16 } from "../sys/bytes.ts";
import { O_NOCTTY, O_NONBLOCK, O_RDWR } from "../sys/constants.ts";
import { tryIoctl, tryIoctlBuffer } from "../sys/devices.ts";
import { checked, SysError } from "../sys/error.ts";
import { closeFd, tryOpen } from "../sys/files.ts";

/** master: ours, non-blocking. slave: -1 where none was asked for. path: the slave's name in the host's /dev. */
export type Terminal = { master: number; slave: number; path: string };

const TIOCSPTLCK = 0x40045431;
const TIOCGPTN = 0x80045430;
const TIOCGPTPEER = 0x5441;
const TIOCSWINSZ = 0x5414;
const TIOCGWINSZ = 0x5413;

/** A new terminal; the caller closes both ends. */
export function openTerminal(withSlave: boolean): Terminal {
  const master = tryOpen("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
  if (master < 0) throw new SysError("open", "/dev/ptmx", -master, "a terminal for the container; is devpts mounted on /dev/pts?");
  try {
    const number = new Uint8Array(4);
    checked(tryIoctlBuffer(master, TIOCSPTLCK, number), "ioctl TIOCSPTLCK", "/dev/ptmx");
    checked(tryIoctlBuffer(master, TIOCGPTN, number), "ioctl TIOCGPTN", "/dev/ptmx");
    const path = `/dev/pts/${u32At(number, 0)}`;
    return { master, slave: withSlave ? openSlave(master, path) : -1, path };
  } catch (e) {
    closeFd(master);
    throw e;
  }
}

/** By the master where the kernel can (4.13), else by name. */
function openSlave(master: number, path: string): number {
  const peer = tryIoctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | 0o2000000);
  return peer >= 0 ? peer : checked(tryOpen(path, O_RDWR | O_NOCTTY), "open", path);
}

/** As openTerminal, by the devpts of the container we are in; master -1 when it has none. path is not looked up. */
export function containerTerminal(): Terminal {
  const none: Terminal = { master: -1, slave: -1, path: "" };
  const master = tryOpen("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
  if (master < 0) return none;
  const unlocked = tryIoctlBuffer(master, TIOCSPTLCK, new Uint8Array(4));
  const slave = unlocked < 0 ? unlocked : tryIoctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | 0o2000000);
  if (slave >= 0) return { master, slave, path: "" };
  closeFd(master);
  return none;
}

/** Rows and columns of a terminal; null when the descriptor is none. */
export type WindowSize = { rows: number; columns: number };

export function windowSize(fd: number): WindowSize | null {
  const b = new Uint8Array(8);
  if (tryIoctlBuffer(fd, TIOCGWINSZ, b) < 0) return null;
  return { rows: b[0]! + b[1]! * 256, columns: b[2]! + b[3]! * 256 };
}

export function setWindowSize(fd: number, size: WindowSize): void {
  const b = new Uint8Array(8);
  putU16(b, 0, size.rows);
  putU16(b, 2, size.columns);
  tryIoctlBuffer(fd, TIOCSWINSZ, b);
}
