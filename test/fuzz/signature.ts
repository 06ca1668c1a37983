/**
 * One fuzzed input for the sign room. The first byte picks what the rest is:
 * a state, a header, a pattern and a key (a line each), or base64. What it
 * throws is a finding: nothing of this may throw, and the answers must hold
 * together.
 */
import { decodeBase64, decodeBase64Url } from "../../src/sign/base64.ts";
import { indexKeys, selectKeys } from "../../src/sign/coverage.ts";
import { readRollbackClaim } from "../../src/sign/document.ts";
import { emptyHeader, parseHeader, readHeader } from "../../src/sign/header.ts";
import { matchesPattern, parsePattern, Work } from "../../src/sign/pattern.ts";
import { payloadOf } from "../../src/sign/payload.ts";
import { planSignatures } from "../../src/sign/plan.ts";
import { findMember, readStateText } from "../../src/sign/state_text.ts";

const KEYS = ["#spec", "_config/web/etc/motd", "_sigs/web.json", "bsp/kernel.img", "device.json", "web", "web/a/b", "web/run.json", "web/src.json", "é/ü"];

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`finding: ${what}`);
}

function fuzzState(bytes: Uint8Array): void {
  const state = readStateText(bytes);
  const plan = planSignatures(state);
  must(plan.uncovered.length <= state.members.length, "more uncovered keys than keys");
  for (const task of plan.tasks) {
    let last = -1;
    for (let i = 0; i < task.included.length; i++) {
      must(task.included[i]! > last, "included members are not rising");
      last = task.included[i]!;
    }
    const payload = payloadOf(state, task.included);
    must(payload[payload.length - 1] === 125, "payload does not end in a brace");
    must(task.why === "" || task.included.length === 0, "a signature that can't verify includes members");
  }
  const claim = readRollbackClaim(state, findMember(state, "device.json"));
  must(claim.index >= 0 && (claim.problem === "" || claim.index === 0), "a bad rollback index counts");
}

function fuzzHeader(bytes: Uint8Array): void {
  const header = emptyHeader();
  const why = readHeader(bytes, header, []);
  if (why !== "") return;
  const index = indexKeys(KEYS);
  const work = new Work();
  const selection = selectKeys(index, header.include, header.exclude);
  for (let i = 0; i < selection.included.length; i++) {
    const place = selection.included[i]!;
    must(selection.covered.includes(place), "an included key is not covered");
    must(header.include.some((p) => matchesPattern(p, KEYS[place]!, work)), "a key is included that no pattern names");
    must(!header.exclude.some((p) => matchesPattern(p, KEYS[place]!, work)), "an excluded key is included");
  }
}

/** Longer ones say nothing new, and cost their product. */
const LONGEST = 160;

function fuzzPattern(text: string): void {
  const end = text.indexOf("\n");
  const pattern = parsePattern((end < 0 ? text : text.slice(0, end)).slice(0, LONGEST));
  const key = end < 0 ? "web/run.json" : text.slice(end + 1, end + 1 + LONGEST);
  if (matchesPattern(pattern, key, new Work())) must(key.startsWith(pattern.prefix), "a key matches that lacks the pattern's prefix");
}

function fuzzBase64(text: string): void {
  const strict = decodeBase64(text);
  const loose = decodeBase64Url(text);
  if (strict !== null && loose !== null) must(strict.length === loose.length, "two sizes for one text");
  must(parseHeader(text, text).header.certificates.length <= 10, "too many certificates");
}

/** Runs one input; returns what kind it was. */
export function fuzzSignature(input: Uint8Array): number {
  const kind = input.length === 0 ? 0 : input[0]! % 4;
  const rest = input.subarray(Math.min(1, input.length));
  if (kind === 0) fuzzState(rest);
  else if (kind === 1) fuzzHeader(rest);
  else {
    const text = new TextDecoder().decode(rest);
    if (kind === 2) fuzzPattern(text);
    else fuzzBase64(text);
  }
  return kind;
}
