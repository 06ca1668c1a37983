/**
 * One bounded log file: opened when the first bytes come, put aside as
 * `<file>.1` (replacing the last one) when it is full, so that a chatty
 * container can't fill a disk. A file that can't be written drops bytes and
 * counts them; the next write tries again. Source: logs spec §7 (budget).
 */
import { O_APPEND, O_CREAT, O_WRONLY } from "../sys/constants.ts";
import { closeFd, makeDirectories, statPath, tryOpen, tryRename, tryWrite } from "../sys/files.ts";

export class LogFile {
  readonly path: string;
  private readonly maxBytes: number;
  private fd = -1;
  private size = 0;
  /** Bytes that could not be written. */
  dropped = 0;

  /** maxBytes 0: nothing is kept. */
  constructor(path: string, maxBytes: number) {
    this.path = path;
    this.maxBytes = maxBytes;
  }

  append(data: Uint8Array, length: number): void {
    if (this.maxBytes === 0) return;
    if (this.size + length > this.maxBytes && this.size > 0) this.rotate();
    if (this.fd < 0 && !this.open()) {
      this.dropped = this.dropped + length;
      return;
    }
    let at = 0;
    while (at < length) {
      const n = tryWrite(this.fd, data, at, length - at);
      if (n <= 0) {
        this.dropped = this.dropped + length - at;
        break;
      }
      at += n;
    }
    this.size = this.size + at;
  }

  close(): void {
    closeFd(this.fd);
    this.fd = -1;
  }

  private open(): boolean {
    try {
      makeDirectories(this.path.slice(0, this.path.lastIndexOf("/")), 0o755);
    } catch {
      return false; // the open below would say the same; the bytes are counted as dropped
    }
    this.fd = tryOpen(this.path, O_WRONLY | O_CREAT | O_APPEND, 0o644);
    if (this.fd < 0) return false;
    const s = statPath(this.path);
    this.size = s === null ? 0 : s.size;
    return true;
  }

  private rotate(): void {
    this.close();
    tryRename(this.path, `${this.path}.1`);
    this.size = 0;
  }
}
