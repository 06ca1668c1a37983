/**
 * The command line's side of the control socket: one request, one answer,
 * HTTP/1.0, so that the answer ends with the connection. Blocking: a command
 * has nothing else to do.
 */
import { concatBytes } from "../sys/bytes.ts";
import { SOCK_STREAM } from "../sys/constants.ts";
import { ECONNREFUSED, ENOENT } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { closeFd, exists, tryRead, tryWrite, writeAll } from "../sys/files.ts";
import { environmentValue } from "../sys/processes.ts";
import { tryConnectUnix } from "../sys/sockets.ts";
import { fromUtf8, parseDecimal, toUtf8 } from "../sys/text.ts";

/** Where the socket is looked for, in this order: host, old host, inside a container. */
const SOCKETS = ["/run/pantavisor/pv/pv-ctrl", "/pv/pv-ctrl", "/pantavisor/pv-ctrl"];

/** status: HTTP status. body: text of an answer. */
export type Answer = { status: number; body: string };

/** Nobody answers on the control socket: exit status 3. */
export class NoDaemon extends Error {
  constructor(where: string) {
    super(`no Wherry answers on ${where}: is it running? (--socket PATH or WHERRY_SOCKET names another socket)`);
    this.name = "NoDaemon";
  }
}

/** The socket to use: the one given, else WHERRY_SOCKET, else the first that is there. */
export function socketPath(given: string): string {
  if (given !== "") return given;
  const named = environmentValue("WHERRY_SOCKET");
  if (named !== "") return named;
  for (const s of SOCKETS) if (exists(s)) return s;
  return SOCKETS[0]!;
}

function connect(socket: string): number {
  const fd = tryConnectUnix(socket, SOCK_STREAM);
  if (fd === -ENOENT || fd === -ECONNREFUSED) throw new NoDaemon(socket);
  if (fd < 0) throw new SysError("connect", socket, -fd);
  return fd;
}

function sendRequest(fd: number, socket: string, method: string, target: string, body: string): void {
  const length = body === "" ? "" : `Content-Type: application/json\r\nContent-Length: ${toUtf8(body).length}\r\n`;
  writeAll(fd, toUtf8(`${method} ${target} HTTP/1.0\r\n${length}\r\n${body}`), socket);
}

/** Status and where the body begins, or null while the header is not complete. */
function parseHeader(text: string): { status: number; bodyAt: number } | null {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return null;
  return { status: parseDecimal(text.slice(9, 12)), bodyAt: end + 4 };
}

/** Sends a request and returns the whole answer. */
export function request(socket: string, method: string, target: string, body: string): Answer {
  const fd = connect(socket);
  try {
    sendRequest(fd, socket, method, target, body);
    const parts: Uint8Array[] = [];
    for (;;) {
      const b = new Uint8Array(8192);
      const n = tryRead(fd, b, 0, b.length);
      if (n < 0) throw new SysError("read", socket, -n);
      if (n === 0) break;
      parts.push(b.subarray(0, n));
    }
    const text = fromUtf8(concatBytes(parts));
    const header = parseHeader(text);
    if (header === null) throw new NoDaemon(`${socket} (it closed without an answer)`);
    return { status: header.status, body: text.slice(header.bodyAt) };
  } finally {
    closeFd(fd);
  }
}

/** Sends a request and copies the body to standard output as it comes. Result: the status, and the body of a refusal. */
export function stream(socket: string, target: string): Answer {
  const fd = connect(socket);
  try {
    sendRequest(fd, socket, "GET", target, "");
    const b = new Uint8Array(16384);
    let head = "";
    let status = 0;
    let refused = "";
    for (;;) {
      const n = tryRead(fd, b, 0, b.length);
      if (n <= 0) break;
      if (status === 0) {
        head += fromUtf8(b.subarray(0, n));
        const header = parseHeader(head);
        if (header === null) continue;
        status = header.status;
        const first = toUtf8(head.slice(header.bodyAt));
        if (status === 200) writeAll(1, first, "standard output");
        else refused = head.slice(header.bodyAt);
      } else if (status === 200 && tryWrite(1, b, 0, n) < 0) {
        break;
      } else if (status !== 200) {
        refused += fromUtf8(b.subarray(0, n));
      }
    }
    return { status, body: refused };
  } finally {
    closeFd(fd);
  }
}
