/**
 * HTTP/1.0 and 1.1 requests out of a byte stream, bounded. Accepts what the
 * existing clients send: CRLF or LF, stray empty lines before a request,
 * folded headers, `Transfer-Encoding: identity`, a duplicate Content-Length
 * (the first wins). Decides only; the connection reads and answers.
 * Rules: control spec, "HTTP profile".
 */
import { lowerAscii } from "../sys/ascii.ts";
import { concatBytes } from "../sys/bytes.ts";
import { fromUtf8, parseDecimal } from "../sys/text.ts";

export const HEADER_BYTES = 8192;

/** body: whole. version: "1.0" or "1.1". path: target before "?", query: after it. */
export type Request = {
  method: string; target: string; path: string; query: string; version: string;
  keepAlive: boolean; expects: boolean; body: Uint8Array;
};

/** What a parser says after more bytes: not yet, a request, a refusal to be answered before closing, or "" status: close silently. */
export type Parsed =
  | { kind: "more" }
  | { kind: "request"; request: Request }
  | { kind: "refuse"; status: number; error: string }
  | { kind: "close" };

type Head = { method: string; target: string; version: string; connection: string; length: number; chunked: boolean; expect: string; host: string | null };

/** Feeds on bytes as they come; one parser a connection. */
export class RequestParser {
  private buffer: Uint8Array = new Uint8Array(1024);
  private used = 0;
  private head: Head | null = null;
  private headBytes = 0;
  private readonly bodyLimit: number;

  /** bodyLimit: largest body in bytes; a larger one is refused with 507, as upstream does. */
  constructor(bodyLimit: number) {
    this.bodyLimit = bodyLimit;
  }

  feed(data: Uint8Array, length: number): void {
    if (this.used + length > this.buffer.length) {
      const larger = new Uint8Array(Math.max(this.buffer.length * 2, this.used + length));
      larger.set(this.buffer.subarray(0, this.used), 0);
      this.buffer = larger;
    }
    this.buffer.set(data.subarray(0, length), this.used);
    this.used = this.used + length;
  }

  /** True when a client that stops here would leave a request half sent. */
  isEmpty(): boolean {
    return this.used === 0;
  }

  /** True while the body of a request that asked for "100 Continue" has not begun to arrive. */
  wantsContinue(): boolean {
    const h = this.head;
    return h !== null && h.expect === "100-continue" && this.used === this.headBytes && h.length > 0;
  }

  next(): Parsed {
    if (this.head === null) {
      const parsed = this.parseHead();
      if (parsed !== null) return parsed;
    }
    const h = this.head;
    if (h === null) return { kind: "more" };
    if (h.chunked) return this.chunkedBody(h);
    if (h.length > this.bodyLimit) return { kind: "refuse", status: 507, error: "Not enough disk space available" };
    if (this.used - this.headBytes < h.length) return { kind: "more" };
    return this.finish(h, this.buffer.slice(this.headBytes, this.headBytes + h.length), this.headBytes + h.length);
  }

  private finish(h: Head, body: Uint8Array, consumed: number): Parsed {
    this.buffer.set(this.buffer.slice(consumed, this.used), 0);
    this.used = this.used - consumed;
    this.head = null;
    const question = h.target.indexOf("?");
    const keepAlive = h.version === "1.1" ? h.connection !== "close" : h.connection === "keep-alive";
    return {
      kind: "request",
      request: {
        method: h.method, target: h.target, version: h.version, keepAlive, expects: h.expect === "100-continue", body,
        path: question < 0 ? h.target : h.target.slice(0, question), query: question < 0 ? "" : h.target.slice(question + 1),
      },
    };
  }

  /** Looks for a whole header; null when parsing may go on with this.head. */
  private parseHead(): Parsed | null {
    let start = 0;
    while (start < this.used && (this.buffer[start] === 13 || this.buffer[start] === 10)) start++;
    const end = this.findHeadEnd(start);
    if (end < 0) {
      if (this.used - start > HEADER_BYTES) return { kind: "refuse", status: 431, error: "Request header too large" };
      if (start === this.used) this.used = 0;
      return { kind: "more" };
    }
    const lines = unfold(fromUtf8(this.buffer.subarray(start, end)));
    const parts = lines[0]!.split(" ").filter((w) => w !== "");
    if (parts.length !== 3 || !parts[2]!.startsWith("HTTP/1.")) return { kind: "refuse", status: 400, error: "Unsupported protocol" };
    const head: Head = {
      method: parts[0]!, target: parts[1]!, version: parts[2] === "HTTP/1.0" ? "1.0" : "1.1",
      connection: "", length: 0, chunked: false, expect: "", host: null,
    };
    let lengthSeen = false;
    for (let i = 1; i < lines.length; i++) {
      const colon = lines[i]!.indexOf(":");
      if (colon <= 0) continue;
      const name = lowerAscii(lines[i]!.slice(0, colon).trim());
      const value = lines[i]!.slice(colon + 1).trim();
      if (name === "connection") head.connection = lowerAscii(value);
      else if (name === "transfer-encoding") head.chunked = lowerAscii(value) === "chunked";
      else if (name === "expect") head.expect = lowerAscii(value);
      else if (name === "host" && head.host === null) head.host = value;
      else if (name === "content-length" && !lengthSeen) {
        lengthSeen = true;
        head.length = parseDecimal(value);
        if (head.length < 0) return { kind: "refuse", status: 400, error: "Content-Length is not a number" };
      }
    }
    if (!isLocalHost(head.host)) return { kind: "close" };
    if (head.expect !== "" && head.expect !== "100-continue") return { kind: "refuse", status: 417, error: "Unsupported protocol" };
    this.head = head;
    this.headBytes = end;
    return null;
  }

  /** Position behind the empty line that ends a header, or -1. */
  private findHeadEnd(from: number): number {
    for (let i = from; i < this.used; i++) {
      if (this.buffer[i] !== 10) continue;
      if (i + 1 < this.used && this.buffer[i + 1] === 10) return i + 2;
      if (i + 2 < this.used && this.buffer[i + 1] === 13 && this.buffer[i + 2] === 10) return i + 3;
    }
    return -1;
  }

  private findNewline(from: number): number {
    for (let i = from; i < this.used; i++) if (this.buffer[i] === 10) return i;
    return -1;
  }

  private chunkedBody(h: Head): Parsed {
    const parts: Uint8Array[] = [];
    let size = 0;
    let at = this.headBytes;
    for (;;) {
      const lineEnd = this.findNewline(at);
      if (lineEnd < 0) return { kind: "more" };
      const chunk = parseHex(fromUtf8(this.buffer.subarray(at, lineEnd)).trim());
      if (chunk < 0) return { kind: "refuse", status: 400, error: "chunk size is not a number" };
      size += chunk;
      if (size > this.bodyLimit) return { kind: "refuse", status: 507, error: "Not enough disk space available" };
      at = lineEnd + 1;
      if (chunk === 0) break;
      if (this.used < at + chunk + 1) return { kind: "more" };
      parts.push(this.buffer.slice(at, at + chunk));
      at += chunk;
      at += this.buffer[at] === 13 ? 2 : 1;
    }
    const end = this.findNewline(at);
    if (end < 0) return { kind: "more" };
    return this.finish(h, concatBytes(parts), end + 1);
  }
}

/** Lines of a header; one that starts with a blank continues the one before. */
function unfold(text: string): string[] {
  const lines: string[] = [];
  for (const raw of text.split("\n")) {
    const line = raw.endsWith("\r") ? raw.slice(0, raw.length - 1) : raw;
    if (lines.length > 0 && (line.startsWith(" ") || line.startsWith("\t"))) lines[lines.length - 1] = `${lines[lines.length - 1]!} ${line.trim()}`;
    else if (line !== "") lines.push(line);
  }
  return lines;
}

function isLocalHost(host: string | null): boolean {
  return host === null || host === "" || host === "localhost" || host.startsWith("localhost:");
}

function parseHex(text: string): number {
  const digits = text.split(";")[0]!.trim();
  if (digits.length === 0 || digits.length > 8) return -1;
  let n = 0;
  for (let i = 0; i < digits.length; i++) {
    const d = "0123456789abcdef".indexOf(lowerAscii(digits.charAt(i)));
    if (d < 0) return -1;
    n = n * 16 + d;
  }
  return n;
}
