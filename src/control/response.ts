/**
 * HTTP answers as bytes: header and body in one piece, because clients read
 * them in one go. Rules: control spec, "HTTP profile", "Errors".
 */
import { concatBytes } from "../sys/bytes.ts";
import { toUtf8 } from "../sys/text.ts";
import { quoted } from "../json/text.ts";

/** headers: further header lines. */
export type Response = { status: number; type: string; headers: string[]; body: string };

const REASONS: { status: number; words: string }[] = [
  { status: 200, words: "OK" }, { status: 204, words: "No Content" }, { status: 400, words: "Bad Request" }, { status: 403, words: "Forbidden" },
  { status: 404, words: "Not Found" }, { status: 409, words: "Conflict" }, { status: 417, words: "Expectation Failed" },
  { status: 422, words: "Unprocessable Content" }, { status: 431, words: "Request Header Fields Too Large" },
  { status: 500, words: "Internal Server Error" }, { status: 501, words: "Not Implemented" },
  { status: 503, words: "Service Unavailable" }, { status: 507, words: "Insufficient Storage" },
];

export function reasonWords(status: number): string {
  for (const r of REASONS) if (r.status === status) return r.words;
  return "Unknown";
}

export function json(body: string): Response {
  return { status: 200, type: "application/json", headers: [], body };
}

/** A 200 with nothing in it: what a request that only does something gets. */
export function done(): Response {
  return json("");
}

export function refusal(status: number, error: string): Response {
  return { status, type: "application/json", headers: [], body: `{"Error":${quoted(error)}}` };
}

/** version and keepAlive as the request had them. 1.0 without keep-alive ends with the connection and has no length. */
export function formatResponse(r: Response, version: string, keepAlive: boolean, date: string): Uint8Array {
  const body = toUtf8(r.body);
  const lines = [`HTTP/${version} ${r.status} ${reasonWords(r.status)}`];
  if (version === "1.1") lines.push(`Date: ${date}`);
  lines.push(`Content-Type: ${r.type}`);
  if (r.status !== 204 && (version === "1.1" || keepAlive)) lines.push(`Content-Length: ${body.length}`);
  if (version === "1.0" && keepAlive) lines.push("Connection: keep-alive");
  if (version === "1.1" && !keepAlive) lines.push("Connection: close");
  for (const h of r.headers) lines.push(h);
  return concatBytes([toUtf8(`${lines.join("\r\n")}\r\n\r\n`), r.status === 204 ? new Uint8Array(0) : body]);
}

const DAYS = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function two(n: number): string {
  return n < 10 ? `0${n}` : String(n);
}

/** Day, month and year of a number of days since 1970-01-01 (proleptic Gregorian). */
export function civilDate(days: number): { year: number; month: number; day: number } {
  const z = days + 719468;
  const era = Math.floor(z / 146097);
  const doe = z - era * 146097;
  const yoe = Math.floor((doe - Math.floor(doe / 1460) + Math.floor(doe / 36524) - Math.floor(doe / 146096)) / 365);
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const month = mp < 10 ? mp + 3 : mp - 9;
  return { year: yoe + era * 400 + (month <= 2 ? 1 : 0), month, day: doy - Math.floor((153 * mp + 2) / 5) + 1 };
}

/** "Wed, 25 Nov 2026 04:00:00 GMT" of seconds since 1970 (RFC 9110, "Date/Time Formats"). */
export function httpDate(seconds: number): string {
  const whole = Math.floor(seconds);
  const days = Math.floor(whole / 86400);
  const rest = whole - days * 86400;
  const d = civilDate(days);
  const hour = Math.floor(rest / 3600);
  return `${DAYS[days % 7]!}, ${two(d.day)} ${MONTHS[d.month - 1]!} ${d.year} ${two(hour)}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)} GMT`;
}
