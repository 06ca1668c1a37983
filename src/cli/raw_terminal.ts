/**
 * The terminal of the person: switched to pass every key on, and back.
 * Source: ioctl_tty(2), struct termios of the kernel (36 bytes).
 */
import { u32At, putU32 } from "../sys/bytes.ts";
import { tryIoctlBuffer } from "../sys/devices.ts";
import { setWindowSize, windowSize } from "../container/pty.ts";

const TCGETS = 0x5401;
const TCSETS = 0x5402;
const TERMIOS_BYTES = 60;
/** IGNBRK BRKINT PARMRK ISTRIP INLCR IGNCR ICRNL IXON */
const INPUT_COOKED = 0o2753;
const OUTPUT_COOKED = 1;
/** ISIG ICANON ECHO ECHONL IEXTEN */
const LOCAL_COOKED = 0o100113;

/** One terminal; raw() and restore() do nothing where the descriptor is none. */
export class RawTerminal {
  private readonly fd: number;
  private readonly before: Uint8Array;
  readonly isTerminal: boolean;

  constructor(fd: number) {
    this.fd = fd;
    this.before = new Uint8Array(TERMIOS_BYTES);
    this.isTerminal = tryIoctlBuffer(fd, TCGETS, this.before) === 0;
  }

  raw(): void {
    if (!this.isTerminal) return;
    const t = this.before.slice();
    putU32(t, 0, (u32At(t, 0) & ~INPUT_COOKED) >>> 0);
    putU32(t, 4, (u32At(t, 4) & ~OUTPUT_COOKED) >>> 0);
    putU32(t, 12, (u32At(t, 12) & ~LOCAL_COOKED) >>> 0);
    tryIoctlBuffer(this.fd, TCSETS, t);
  }

  restore(): void {
    if (this.isTerminal) tryIoctlBuffer(this.fd, TCSETS, this.before);
  }
}

/** Gives one terminal the size of another. */
export function copyWindowSize(from: number, to: number): void {
  const size = windowSize(from);
  if (size !== null) setWindowSize(to, size);
}
