/**
 * Vectors of the json room. input: { text } or { hex } (bytes that are no
 * text), maybe limits; answer: what reading yields, as JSON.
 */
import { textOf } from "../../src/json/text.ts";
import { hexDigit } from "../../src/json/tokens.ts";
import { scan, scanText, SMALL, type Scan } from "../../src/json/scanner.ts";
import { childrenAt, integerAt, type Node, rootOf } from "../../src/json/value.ts";
import { formatCompact, JsonWriter } from "../../src/json/writer.ts";

function bytesOf(hex: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor(hex.length / 2));
  for (let i = 0; i < bytes.length; i++) bytes[i] = hexDigit(hex.charCodeAt(2 * i)) * 16 + hexDigit(hex.charCodeAt(2 * i + 1));
  return bytes;
}

function read(input: Node): Scan {
  const limits = {
    bytes: input.getInteger("bytes", SMALL.bytes), depth: input.getInteger("depth", SMALL.depth), values: input.getInteger("values", SMALL.values),
  };
  const hex = input.getString("hex", "");
  return hex === "" ? scanText(input.getString("text", ""), limits) : scan(bytesOf(hex), limits);
}

function formatProblems(s: Scan, w: JsonWriter): void {
  w.key("problems");
  w.beginArray();
  for (const p of s.problems) w.string(`${p.line}:${p.column} ${p.why}`);
  w.endArray();
}

/** Members of the root: key, and the exact text of the value. */
function formatSpans(s: Scan, w: JsonWriter): void {
  w.key("spans");
  w.beginArray();
  for (const at of childrenAt(s.document, 0)) {
    const key = s.document.kind(0) === "object" ? s.document.text(at - 1) : "";
    w.strings([key, textOf(s.document.bytes, s.document.start(at), s.document.end(at))]);
  }
  w.endArray();
}

/** One vector: JSON text in, JSON text out. */
export function runJsonVector(input: string): string {
  const asked = rootOf(scanText(input, SMALL).document);
  const s = read(asked);
  const w = new JsonWriter();
  w.beginObject();
  if (!s.ok) formatProblems(s, w);
  if (s.complete) {
    const show = asked.getString("show", "compact");
    if (show === "compact") w.stringMember("compact", formatCompact(s.document, 0));
    if (show === "string") w.stringMember("string", s.document.text(0));
    if (show === "spans") formatSpans(s, w);
    if (show === "number") {
      const integer = integerAt(s.document, 0);
      w.numberMember("number", rootOf(s.document).number(Number.NaN));
      w.numberMember("integer", integer);
    }
    if (show === "count") w.numberMember("count", s.document.count);
  }
  w.endObject();
  return w.text();
}
