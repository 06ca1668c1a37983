/**
 * Vectors of the sign room's pure half. input is one of
 *   {"pattern", "keys"}            which keys the pattern names
 *   {"base64url"} {"base64"}       bytes in hex, null when refused
 *   {"header"} {"headerText"} {"protected"}, maybe "signature"
 *   {"state": [[key, value]…]}     a string value is raw JSON, an object {"header"} a signature document
 *   {"mode", "results", "uncovered", "downgrade", "guard"}
 *   {"device", "signed", "committed", "guard"}   device is raw JSON or ""
 *   {"dates", "now"}, {"oem", "name", "keys"}, {"flags", "place"}, {"alg", "kind", "bits"}
 *   {"checksums", "handlers"}      plan for the state's text
 */
import { quoted } from "../../src/json/text.ts";
import { scan, scanText, SMALL } from "../../src/json/scanner.ts";
import { type Node, rootOf } from "../../src/json/value.ts";
import { JsonWriter } from "../../src/json/writer.ts";
import { algorithmNamed, checkKey } from "../../src/sign/algorithm.ts";
import { decodeBase64, decodeBase64Url } from "../../src/sign/base64.ts";
import { describeFlags } from "../../src/sign/certificate.ts";
import { planChecksums } from "../../src/sign/checksum.ts";
import { timeForDates, type DatePolicy } from "../../src/sign/dates.ts";
import { readRollbackClaim } from "../../src/sign/document.ts";
import { checkDowngrade, effectiveIndex, type DowngradePolicy } from "../../src/sign/downgrade.ts";
import { parseHeader } from "../../src/sign/header.ts";
import { matchesPattern, parsePattern, type Pattern, Work } from "../../src/sign/pattern.ts";
import { payloadOf } from "../../src/sign/payload.ts";
import { planSignatures } from "../../src/sign/plan.ts";
import { stateTextOf } from "../../src/sign/state_text.ts";
import { chooseStore, type TrustFile } from "../../src/sign/trust.ts";
import { judge, type Mode, type SignatureResult } from "../../src/sign/verdict.ts";
import { parseState, usualOptions } from "../../src/state/parse.ts";
import { hexOfBytes } from "../../src/sys/text.ts";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

function base64url(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 3) {
    const n = Math.min(3, bytes.length - i);
    let v = 0;
    for (let k = 0; k < 3; k++) v = v * 256 + (k < n ? bytes[i + k]! : 0);
    let unit = 262144;
    for (let k = 0; k <= n; k++) {
      parts.push(DIGITS.charAt(Math.floor(v / unit) % 64));
      unit = unit / 64;
    }
  }
  return parts.join("");
}

function textsOf(list: Node | null): string[] {
  const out: string[] = [];
  if (list === null) return out;
  for (const n of list.items()) out.push(n.string(""));
  return out;
}

function writeBytes(w: JsonWriter, bytes: Uint8Array | null): void {
  w.key("bytes");
  if (bytes === null) w.null();
  else w.string(hexOfBytes(bytes));
}

function writePatterns(w: JsonWriter, name: string, list: Pattern[]): void {
  w.stringsMember(name, list.map((p) => `${p.glob}${p.below ? " and below" : ""}`));
}

/** `protected` text that a vector gives in one of three ways. */
function headOf(input: Node): string {
  const header = input.get("header");
  if (header !== null) return base64url(header.raw());
  const text = input.get("headerText");
  return text !== null ? base64url(text.string("")) : input.getString("protected", "");
}

function runHeader(input: Node, w: JsonWriter): void {
  const h = parseHeader(headOf(input), input.getString("signature", "AAAA"));
  w.stringMember("why", h.why);
  if (h.why !== "") return;
  w.stringMember("algorithm", h.header.algorithm);
  writePatterns(w, "include", h.header.include);
  writePatterns(w, "exclude", h.header.exclude);
  w.numberMember("certificates", h.header.certificates.length);
  w.stringMember("signature", hexOfBytes(h.signature));
  w.stringsMember("notes", h.notes);
}

function stateText(pairs: Node): string {
  const members: string[] = [];
  for (const pair of pairs.items()) {
    const parts = pair.items();
    const value = parts[1]!;
    const document = `{"#spec":"pvs@2","protected":"${headOf(value)}","signature":"${value.getString("signature", "AAAA")}"}`;
    members.push(`${quoted(parts[0]!.string(""))}:${value.isString() ? value.string("") : document}`);
  }
  return `{${members.join(",")}}`;
}

function runPlan(pairs: Node, w: JsonWriter): void {
  const read = scanText(stateText(pairs), SMALL);
  if (!read.ok) {
    w.stringMember("why", read.problems[0]!.why);
    return;
  }
  const state = stateTextOf(read.document);
  const plan = planSignatures(state);
  w.key("tasks");
  w.beginArray();
  for (const task of plan.tasks) {
    w.beginObject();
    w.stringMember("at", task.at);
    if (task.why === "") w.stringMember("payload", new TextDecoder().decode(payloadOf(state, task.included)));
    else w.stringMember("why", task.why);
    w.endObject();
  }
  w.endArray();
  w.stringsMember("uncovered", plan.uncovered);
  if (plan.notes.length > 0) w.stringsMember("notes", plan.notes);
}

const MODES: Mode[] = ["disabled", "audit", "lenient", "strict"];

const GUARDS: DowngradePolicy[] = ["off", "warn", "refuse"];

function guardOf(input: Node): DowngradePolicy {
  return GUARDS.find((g) => g === input.getString("guard", "")) ?? "refuse";
}

function runVerdict(input: Node, w: JsonWriter): void {
  const mode = MODES.find((m) => m === input.getString("mode", "")) ?? "strict";
  const results: SignatureResult[] = [];
  const given = input.get("results");
  if (given !== null) {
    for (const r of given.items()) {
      results.push({ at: r.getString("at", ""), why: r.getString("why", ""), algorithm: "ES256", trustedBy: "", signer: "", internal: r.getBoolean("internal", false) });
    }
  }
  const v = judge(mode, results, textsOf(input.get("uncovered")), guardOf(input), input.getString("downgrade", ""));
  w.booleanMember("ok", v.ok);
  w.stringMember("message", v.message);
  w.stringsMember("reasons", v.reasons);
  w.stringsMember("warnings", v.warnings);
}

function runDowngrade(input: Node, w: JsonWriter): void {
  const device = input.getString("device", "");
  const state = stateTextOf(scanText(device === "" ? "{}" : `{"device.json":${device}}`, SMALL).document);
  const claim = readRollbackClaim(state, device === "" ? -1 : 0);
  const signed = input.getBoolean("signed", true);
  w.stringMember("why", checkDowngrade(guardOf(input), claim, signed, input.getInteger("committed", 0)));
  w.numberMember("index", effectiveIndex(claim, signed));
}

function runChecksums(input: Node, w: JsonWriter): void {
  const text = new TextEncoder().encode(input.get("checksums")!.raw());
  const checked = parseState(text, usualOptions());
  const plan = planChecksums(checked.state, input.getBoolean("handlers", false));
  if (!checked.ok) w.stringsMember("refused", checked.problems.map((p) => `${p.at}: ${p.why}`));
  w.key("objects");
  w.beginArray();
  for (const o of plan.objects) {
    w.beginObject();
    w.stringMember("id", o.id.slice(0, 2));
    w.stringsMember("links", o.links);
    w.stringsMember("copies", o.copies);
    w.endObject();
  }
  w.endArray();
  w.stringsMember("inline", plan.inline.map((i) => `${i.key} ${new TextDecoder().decode(text.slice(i.start, i.end))}`));
  w.stringsMember("skipped", plan.skipped);
}

const POLICIES: DatePolicy[] = ["off", "plausible", "always"];

function runStore(input: Node, w: JsonWriter): void {
  const file = (name: string): TrustFile => ({ name, text: new Uint8Array(0), why: "" });
  const trust = { store: file("default"), oemStore: file("oem"), publicKey: file("pub"), oemName: input.getString("oem", "") };
  w.stringMember("store", chooseStore(trust, input.getString("name", ""), textsOf(input.get("keys"))).name);
}

function answer(input: Node, w: JsonWriter): void {
  const pattern = input.get("pattern");
  const pairs = input.get("state");
  if (pattern !== null) {
    const p = parsePattern(pattern.string(""));
    w.stringsMember("matches", textsOf(input.get("keys")).filter((k) => matchesPattern(p, k, new Work())));
  } else if (pairs !== null) runPlan(pairs, w);
  else if (input.get("checksums") !== null) runChecksums(input, w);
  else if (input.get("base64url") !== null) writeBytes(w, decodeBase64Url(input.getString("base64url", "")));
  else if (input.get("base64") !== null) writeBytes(w, decodeBase64(input.getString("base64", "")));
  else if (input.get("mode") !== null) runVerdict(input, w);
  else if (input.get("committed") !== null) runDowngrade(input, w);
  else if (input.get("dates") !== null) w.numberMember("when", timeForDates(POLICIES.find((p) => p === input.getString("dates", "")) ?? "off", input.getInteger("now", 0)));
  else if (input.get("oem") !== null) runStore(input, w);
  else if (input.get("flags") !== null) w.stringMember("says", describeFlags(input.getInteger("flags", 0), input.getInteger("place", 0)));
  else if (input.get("alg") !== null) {
    const algorithm = algorithmNamed(input.getString("alg", ""));
    w.stringMember("why", algorithm === null ? "unknown" : checkKey(algorithm, input.getString("kind", "") === "RSA" ? "RSA" : "EC", input.getInteger("bits", 0)));
  } else runHeader(input, w);
}

/** One vector: JSON text in, JSON text out. */
export function runSignVector(input: string): string {
  const w = new JsonWriter();
  w.beginObject();
  answer(rootOf(scan(new TextEncoder().encode(input), SMALL).document), w);
  w.endObject();
  return w.text();
}
