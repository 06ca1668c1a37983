/**
 * The protected header of a signature: who signed, how, and which keys of the
 * state. Text in, values out; refuses what it can't be sure of.
 * Rules: state format, "Protected header" and "Base64url".
 */
import { rootOf, type Node } from "../json/value.ts";
import { scan, type Limits } from "../json/scanner.ts";
import { algorithmNamed } from "./algorithm.ts";
import { decodeBase64, decodeBase64Url } from "./base64.ts";
import { MOST_CERTIFICATE_BYTES, MOST_CERTIFICATES } from "./certificate.ts";
import { parsePattern, type Pattern } from "./pattern.ts";

export type Header = {
  algorithm: string;
  include: Pattern[];
  exclude: Pattern[];
  /** DER, leaf first; none when the device's own public key is meant. */
  certificates: Uint8Array[];
  /** Two headers with the same certificates have the same text here. */
  certificatesId: string;
};

/** `why` is "" when all of it can be used. `notes` are oddities that change nothing. */
export type ParsedHeader = {
  why: string;
  header: Header;
  signature: Uint8Array;
  notes: string[];
};

/** The certificates of a header take most of it. */
const LIMITS: Limits = { bytes: 262144, depth: 16, values: 16384 };

/** Patterns in one list, and characters of one. */
const MOST_PATTERNS = 4096;
const MOST_PATTERN_LENGTH = 4096;

/** A signature by RSA of 8192 bits has 1024 bytes. */
const MOST_SIGNATURE_BYTES = 1024;

/** A header that says nothing. */
export function emptyHeader(): Header {
  return { algorithm: "", include: [], exclude: [], certificates: [], certificatesId: "" };
}

/** Patterns of one list into `into`; answers why they can't be used, or "". */
function readPatterns(list: Node | null, name: string, into: Pattern[], notes: string[]): string {
  if (list === null) return `header has no pvs.${name}`;
  if (list.kind() !== "null" && !list.isArray()) return `header: pvs.${name} is not a list`;
  const items = list.items();
  if (items.length === 0) notes.push(`pvs.${name} is empty and names nothing`);
  if (items.length > MOST_PATTERNS) return `header: pvs.${name} has more than ${String(MOST_PATTERNS)} patterns`;
  for (const item of items) {
    if (!item.isString()) return `header: pvs.${name} holds ${item.kind()} where a pattern should be`;
    const text = item.string("");
    if (text.length > MOST_PATTERN_LENGTH) return `header: a pattern of pvs.${name} is longer than ${String(MOST_PATTERN_LENGTH)} characters`;
    into.push(parsePattern(text));
  }
  return "";
}

function readCertificates(list: Node | null, header: Header): string {
  if (list === null) return "";
  const items = list.items();
  if (items.length === 0) return "header: x5c holds no certificate";
  if (items.length > MOST_CERTIFICATES) return `header: x5c holds more than ${String(MOST_CERTIFICATES)} certificates`;
  const ids: string[] = [];
  for (let i = 0; i < items.length; i++) {
    const text = items[i]!.string("");
    if (text.length > (MOST_CERTIFICATE_BYTES / 3) * 4) return `header: x5c certificate ${String(i)} is larger than ${String(MOST_CERTIFICATE_BYTES)} bytes`;
    const der = decodeBase64(text);
    if (der === null || der.length === 0) return `header: x5c certificate ${String(i)} is not base64`;
    header.certificates.push(der);
    ids.push(text);
  }
  header.certificatesId = ids.join(",");
  return "";
}

function readMembers(root: Node, header: Header, notes: string[]): string {
  if (!root.isObject()) return "header is not an object";
  if (root.getString("typ", "") !== "PVS") return "header: typ is not PVS";
  header.algorithm = root.getString("alg", "");
  if (algorithmNamed(header.algorithm) === null) return `header: alg ${header.algorithm === "" ? "is missing" : `${header.algorithm} is not known`}`;
  const pvs = root.get("pvs");
  if (pvs === null || !pvs.isObject()) return "header has no pvs";
  const include = readPatterns(pvs.get("include"), "include", header.include, notes);
  if (include !== "") return include;
  const exclude = readPatterns(pvs.get("exclude"), "exclude", header.exclude, notes);
  if (exclude !== "") return exclude;
  return readCertificates(root.get("x5c"), header);
}

/** Fills an empty header from JSON text; answers why it can't be used, or "". */
export function readHeader(bytes: Uint8Array, header: Header, notes: string[]): string {
  const read = scan(bytes, LIMITS);
  if (!read.ok) return `header: column ${String(read.problems[0]!.column)}: ${read.problems[0]!.why}`;
  return readMembers(rootOf(read.document), header, notes);
}

function refused(why: string, header: Header): ParsedHeader {
  return { why, header, signature: new Uint8Array(0), notes: [] };
}

/** Parses `protected` and `signature` of a signature document. */
export function parseHeader(head: string, signatureText: string): ParsedHeader {
  const header = emptyHeader();
  const notes: string[] = [];
  if (head.length > LIMITS.bytes * 2) return refused("protected is too long", header);
  const bytes = decodeBase64Url(head);
  if (bytes === null) return refused("protected is not base64url", header);
  const why = readHeader(bytes, header, notes);
  if (why !== "") return refused(why, header);
  const signature = signatureText.length > MOST_SIGNATURE_BYTES * 2 ? null : decodeBase64Url(signatureText);
  if (signature === null || signature.length === 0) return refused("signature is not base64url", header);
  return { why: "", header, signature, notes };
}
