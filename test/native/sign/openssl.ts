/**
 * Keys, certificates and pvs@2 documents made by OpenSSL's command, for tests
 * of src/sign/. Shares no code with what it tests: base64, header, payload
 * and signature are put together here in another way.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Members = Record<string, unknown>;

/** `x5c`: files of certificates, leaf first. `raw`: EC signatures as r and s side by side, else DER. */
export type Signing = {
  key: string;
  alg: string;
  include: unknown;
  exclude: unknown;
  x5c?: string[];
  raw?: boolean;
  /** Members of the header that replace or, when undefined, leave out what would stand there. */
  header?: Members;
};

export function openssl(args: string[], input?: string | Buffer): Buffer {
  return execFileSync("openssl", args, { input, stdio: ["pipe", "pipe", "pipe"], maxBuffer: 1 << 26 });
}

/** A folder that is gone when the process ends. */
export function scratch(): string {
  const dir = mkdtempSync(join(tmpdir(), "wherry-sign-"));
  process.on("exit", () => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Makes `<dir>/<name>.key`; kind is rsa:BITS or a curve's name. Returns the file. */
export function makeKey(dir: string, name: string, kind: string): string {
  const file = join(dir, `${name}.key`);
  const args = kind.startsWith("rsa:")
    ? ["-algorithm", "RSA", "-pkeyopt", `rsa_keygen_bits:${kind.slice(4)}`]
    : ["-algorithm", "EC", "-pkeyopt", `ec_paramgen_curve:${kind}`, "-pkeyopt", "ec_param_enc:named_curve"];
  openssl(["genpkey", ...args, "-out", file]);
  return file;
}

export function publicKey(keyFile: string): string {
  return openssl(["pkey", "-in", keyFile, "-pubout"]).toString();
}

export type CertificateWish = {
  /** Subject in OpenSSL's /A=b form. */
  subject: string;
  /** File of the subject's key; with `publicKeyFile` only used to make the request. */
  key: string;
  publicKeyFile?: string;
  /** Issuer's certificate and key; none: signed by itself. */
  issuer?: { certificate: string; key: string };
  ca?: boolean;
  hash?: string;
  days?: number;
  /** Further lines of an extension section. */
  extensions?: string[];
};

/** Makes `<dir>/<name>.pem` and returns the file. */
export function makeCertificate(dir: string, name: string, wish: CertificateWish): string {
  const file = join(dir, `${name}.pem`);
  const extensions = join(dir, `${name}.ext`);
  const usage = wish.ca === true ? ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"] : ["basicConstraints=CA:FALSE"];
  writeFileSync(extensions, ["subjectKeyIdentifier=hash", ...usage, ...(wish.extensions ?? [])].join("\n"));
  const request = openssl(["req", "-new", "-key", wish.key, "-subj", wish.subject]);
  const issuer = wish.issuer === undefined ? ["-signkey", wish.key] : ["-CA", wish.issuer.certificate, "-CAkey", wish.issuer.key, "-CAcreateserial"];
  const forced = wish.publicKeyFile === undefined ? [] : ["-force_pubkey", wish.publicKeyFile];
  openssl(["x509", "-req", ...issuer, ...forced, "-days", String(wish.days ?? 3650), `-${wish.hash ?? "sha256"}`, "-extfile", extensions, "-out", file], request);
  return file;
}

export function base64url(data: Buffer | string): string {
  return Buffer.from(data).toString("base64url");
}

/** Canonical text of a value as pvr writes it: sorted keys, no blanks. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const o = value as Members;
  return `{${Object.keys(o).sort().map((k) => `${JSON.stringify(k)}:${canonical(o[k])}`).join(",")}}`;
}

/** The payload for these keys of a state whose values are objects, arrays or strings. */
export function payloadFor(state: Members, keys: string[]): string {
  return canonical(Object.fromEntries(keys.map((k) => [k, state[k]])));
}

function rawFromDer(der: Buffer, size: number): Buffer {
  const out = Buffer.alloc(2 * size);
  let at = der[1]! > 127 ? 3 : 2;
  for (const end of [size, 2 * size]) {
    const length = der[at + 1]!;
    const number = der.subarray(at + 2, at + 2 + length);
    const digits = number[0] === 0 ? number.subarray(1) : number;
    digits.copy(out, end - digits.length);
    at += 2 + length;
  }
  return out;
}

const HASH_AND_SIZE: Record<string, [string, number]> = { RS256: ["sha256", 0], ES256: ["sha256", 32], ES384: ["sha384", 48], ES512: ["sha512", 66] };

/** A pvs@2 document over the members `keys` of a state. */
export function signedDocument(state: Members, keys: string[], s: Signing): Members {
  const certificates = s.x5c?.map((f) => openssl(["x509", "-in", f, "-outform", "DER"]).toString("base64"));
  const header: Members = { typ: "PVS", alg: s.alg, pvs: { include: s.include, exclude: s.exclude }, ...(certificates === undefined ? {} : { x5c: certificates }), ...s.header };
  for (const k of Object.keys(header)) if (header[k] === undefined) delete header[k];
  const head = base64url(canonical(header));
  const [hash, size] = HASH_AND_SIZE[s.alg] ?? ["sha256", 32];
  const der = openssl(["dgst", `-${hash}`, "-sign", s.key], `${head}.${base64url(payloadFor(state, keys))}`);
  return { "#spec": "pvs@2", protected: head, signature: base64url(s.raw === true ? rawFromDer(der, size) : der) };
}

export function sha256(data: Buffer | string): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Writes files of a folder; a value of "" leaves one out. */
export function writeAll(dir: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) if (text !== "") writeFileSync(join(dir, name), text);
}
