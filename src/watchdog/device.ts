/**
 * The hardware watchdog: opened, given a timeout, fed. Closing without the
 * magic 'V' leaves it running, which is what a reset on hang needs.
 * Source: kernel watchdog-api.rst; lifecycle spec "Watchdog".
 */
import { putU32, u32At } from "../sys/bytes.ts";
import { O_WRONLY } from "../sys/constants.ts";
import { closeFd, tryOpen, tryWrite } from "../sys/files.ts";
import { tryIoctl, tryIoctlBuffer } from "../sys/devices.ts";

const WDIOC_KEEPALIVE = 0x80045705;
const WDIOC_SETTIMEOUT = 0xc0045706;

export class Watchdog {
  private fd = -1;
  /** Seconds the device really waits; 0 while it is closed. */
  timeout = 0;

  /** Opens the device with a timeout in seconds: 0, or -errno when there is none. */
  open(path: string, seconds: number): number {
    const fd = tryOpen(path, O_WRONLY);
    if (fd < 0) return fd;
    const b = new Uint8Array(4);
    putU32(b, 0, seconds);
    this.timeout = tryIoctlBuffer(fd, WDIOC_SETTIMEOUT, b) === 0 ? u32At(b, 0) : seconds;
    this.fd = fd;
    this.feed();
    return 0;
  }

  isOpen(): boolean {
    return this.fd >= 0;
  }

  feed(): void {
    if (this.fd >= 0) tryIoctl(this.fd, WDIOC_KEEPALIVE, 0);
  }

  /** Ends it for good where the driver can: 'V' is the magic close. */
  stop(): void {
    if (this.fd < 0) return;
    const magic = new Uint8Array([86]);
    tryWrite(this.fd, magic, 0, 1);
    closeFd(this.fd);
    this.fd = -1;
    this.timeout = 0;
  }
}
