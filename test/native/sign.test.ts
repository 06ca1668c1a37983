/**
 * Signatures and certificates, checked by the compiled program (sign/program.ts) with
 * what OpenSSL makes here. Every bit of a small signed state is flipped on
 * x86_64; the same questions, fewer bits, go to armv7 and aarch64 under
 * qemu-user and must be answered in the same words.
 *   node test/native/sign.test.ts
 */
import { execFileSync, spawnSync } from "node:child_process";
import { linkSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile } from "../../toolchain/compile.ts";
import { cacheDir } from "../../toolchain/places.ts";
import { run } from "../../toolchain/run.ts";
import { targetNamed, type TargetName } from "../../toolchain/targets.ts";
import { missing } from "../needs.ts";
import { canonical, makeCertificate, makeKey, openssl, publicKey, scratch, sha256, signedDocument, writeAll, type Members, type Signing } from "./sign/openssl.ts";

type Result = { at: string; why: string; algorithm: string; trustedBy: string; signer: string };
type Answer = { ok: boolean; message: string; reasons: string[]; warnings: string[]; results: Result[]; uncovered: string[]; rollbackIndex: number };
type Question = { mode?: string; when?: number; oem?: string; guard?: string; committed?: number; trust: string; state: string | Buffer };

const FAILED = "Signature validation failed";
const NOT_COVERED = "State not fully covered by signatures";

const programs = new Map<TargetName, Promise<string>>();

function program(name: TargetName): Promise<string> {
  let p = programs.get(name);
  if (p === undefined) {
    p = compile({ entry: "test/native/sign/program.ts", out: join(cacheDir, "test", `sign-${name}`), target: targetNamed(name), flavor: "release" });
    programs.set(name, p);
  }
  return p;
}

async function askLines(lines: string[], name: TargetName): Promise<unknown[]> {
  const [command, ...args] = [...targetNamed(name).emulator, await program(name)];
  const answers = run(command!, args, { input: `${lines.join("\n")}\n` }).trimEnd().split("\n");
  assert.is(answers.length, lines.length, "one answer a question");
  return answers.map((a) => JSON.parse(a) as unknown);
}

async function ask(questions: Question[], name: TargetName = "x86_64"): Promise<Answer[]> {
  const hex = (text: string | Buffer): string => Buffer.from(text).toString("hex");
  const lines = questions.map((q) => ["sign", q.mode ?? "lenient", q.when ?? -1, q.oem ?? "", q.guard ?? (q.committed === undefined ? "off" : "refuse"), q.committed ?? 0, q.trust, hex(q.state)].join("\t"));
  return (await askLines(lines, name)) as Answer[];
}

async function askOne(q: Question): Promise<Answer> {
  return (await ask([q]))[0]!;
}

/** Refused with this message, and with a reason that says why. */
function refusedBecause(a: Answer, message: string, why: RegExp): void {
  assert.is(a.ok, false);
  assert.is(a.message, message);
  assert.match(a.reasons.join("\n"), why, a.reasons.join("\n"));
}

const HEX = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const WEB: Members = { "web/lxc.container.conf": HEX, "web/run.json": { config: "lxc.container.conf", name: "web", type: "lxc" } };
const WEB_KEYS = Object.keys(WEB);
const WEB_SETS = { include: ["web/**", "_config/web/**"], exclude: ["web/src.json", "_sigs/web.json"] };

function stateWith(document: Members, more: Members = {}): Members {
  return { "#spec": "pantavisor-service-system@1", ...WEB, "_sigs/web.json": document, "web/src.json": {}, ...more };
}

/** Text of a state that signs WEB as `s` says. */
function signedWeb(s: Partial<Signing> & { key: string; alg: string }, more: Members = {}): string {
  return canonical(stateWith(signedDocument(WEB, WEB_KEYS, { ...WEB_SETS, ...s }), more));
}

const dir = scratch();
const sub = (name: string): string => {
  const d = join(dir, name);
  mkdirSync(d, { recursive: true });
  return d;
};

const keys = {
  rsa: makeKey(dir, "rsa", "rsa:2048"), weak: makeKey(dir, "weak", "rsa:1024"),
  p256: makeKey(dir, "p256", "P-256"), p384: makeKey(dir, "p384", "P-384"), p521: makeKey(dir, "p521", "P-521"), k256: makeKey(dir, "k256", "secp256k1"),
};
const trustOf = (name: string, files: Record<string, string>): string => {
  const d = sub(name);
  writeAll(d, files);
  return d;
};
const pubTrust = (key: string): string => trustOf(`pub-${key.split("/").pop()}`, { "pub.pem": publicKey(key) });

/** ca → mid → leaf, each its own key. */
const pki = (() => {
  const d = sub("pki");
  const caKey = makeKey(d, "ca", "P-384");
  const midKey = makeKey(d, "mid", "rsa:2048");
  const ca = makeCertificate(d, "ca", { subject: "/O=Wherry tests/CN=root", key: caKey, ca: true });
  const mid = makeCertificate(d, "mid", { subject: "/O=Wherry tests/CN=between", key: midKey, issuer: { certificate: ca, key: caKey }, ca: true });
  const issuer = { certificate: mid, key: midKey };
  const leaf = makeCertificate(d, "leaf", { subject: "/O=Wherry tests/CN=first/CN=acme", key: keys.p256, issuer, days: 365 });
  const other = makeCertificate(d, "other", { subject: "/CN=another root", key: makeKey(d, "other", "P-256"), ca: true });
  return { dir: d, caKey, midKey, ca, mid, leaf, issuer, other };
})();
const pem = (file: string): string => readFileSync(file, "utf8");
const caTrust = trustOf("ca-trust", { "ca-certificates.crt": pem(pki.other) + pem(pki.ca), "ca-oem-certificates.crt": pem(pki.other) });
const chain = [pki.leaf, pki.mid];

test("the state format's own example verifies, leniently", async () => {
  const q = { trust: trustOf("example", { "pub.pem": pem(join(import.meta.dirname, "sign/example/pub.pem")) }), state: readFileSync(join(import.meta.dirname, "sign/example/state.json")) };
  const [lenient, strict] = await ask([q, { ...q, mode: "strict" }]);
  assert.equal([lenient!.ok, lenient!.message, lenient!.results[0]!.trustedBy], [true, "", "pub.pem"]);
  refusedBecause(strict!, NOT_COVERED, /^not covered by any signature: #spec$/);
});

const ALGORITHMS: [string, string, boolean][] = [
  ["RS256", keys.rsa, false], ["ES256", keys.p256, true], ["ES256", keys.p256, false], ["ES384", keys.p384, true], ["ES384", keys.p384, false],
  ["ES512", keys.p521, true], ["ES512", keys.p521, false],
];
for (const [alg, key, raw] of ALGORITHMS) {
  test(`${alg} by OpenSSL verifies${alg === "RS256" ? "" : raw ? ", as raw numbers" : ", as DER"}`, async () => {
    const a = await askOne({ trust: pubTrust(key), state: signedWeb({ key, alg, raw }) });
    assert.equal([a.ok, a.results[0]!.why, a.results[0]!.algorithm], [true, "", alg]);
  });
}

/** One state per flipped bit of what is signed: header, signature and included members; `step` bits apart. */
function flips(text: string, step: number): Buffer[] {
  const whole = Buffer.from(text);
  const bits: number[] = [];
  const document = JSON.parse(text)["_sigs/web.json"] as { protected: string; signature: string };
  const parts = [document.protected, document.signature, ...WEB_KEYS, ...WEB_KEYS.map((k) => canonical(WEB[k]))];
  for (const part of parts) {
    const from = whole.indexOf(WEB_KEYS.includes(part) ? `"${part}"` : part) + (WEB_KEYS.includes(part) ? 1 : 0);
    for (let i = 0; i < Buffer.byteLength(part) * 8; i++) bits.push(from * 8 + i);
  }
  return bits.filter((_bit, i) => i % step === 0).map((bit) => {
    const flipped = Buffer.from(whole);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    return flipped;
  });
}

async function everyFlipIsRefused(name: TargetName, step: number, key: string, alg: string, raw: boolean): Promise<number> {
  const trust = pubTrust(key);
  const text = signedWeb({ key, alg, raw });
  const states = flips(text, step);
  const answers = await ask([{ trust, state: text }, ...states.map((state) => ({ trust, state }))], name);
  assert.is(answers.shift()!.ok, true, "unflipped it verifies");
  const passed = answers.map((a, i) => (a.ok ? states[i]!.toString("latin1") : "")).filter((s) => s !== "");
  assert.equal(passed, [], "states that verified with a bit flipped");
  assert.equal(new Set(answers.map((a) => a.message)), new Set([FAILED]));
  return states.length;
}

test("no bit of header, signature or payload can be flipped: ES256 raw, every bit", async () => {
  assert.ok(await everyFlipIsRefused("x86_64", 1, keys.p256, "ES256", true) > 3000);
});

test("no bit of header, signature or payload can be flipped: RS256, every bit", async () => {
  assert.ok(await everyFlipIsRefused("x86_64", 1, keys.rsa, "RS256", false) > 4000);
});

test("no bit of header, signature or payload can be flipped: ES512 in DER, every third", async () => {
  assert.ok(await everyFlipIsRefused("x86_64", 3, keys.p521, "ES512", false) > 1000);
});

for (const name of ["armv7", "aarch64"] as TargetName[]) {
  const why = missing("qemu-user");
  if (why !== "") console.log(`skip: signatures on ${name}: ${why}`);
  else {
    test(`${name} refuses flipped bits and answers in the same words as x86_64`, async () => {
      assert.ok(await everyFlipIsRefused(name, 53, keys.p256, "ES256", true) > 50);
      const questions: Question[] = ALGORITHMS.map(([alg, key, raw]) => ({ trust: pubTrust(key), state: signedWeb({ key, alg, raw }) }));
      questions.push({ trust: caTrust, state: signedWeb({ key: keys.p256, alg: "ES256", x5c: chain }) });
      questions.push({ trust: caTrust, state: signedWeb({ key: keys.p256, alg: "ES256", x5c: [pki.leaf] }) });
      questions.push({ trust: caTrust, when: 4102444800, state: signedWeb({ key: keys.p256, alg: "ES256", x5c: chain }) });
      assert.equal(await ask(questions, name), await ask(questions));
    });
  }
}

test("each mode does what it says to good, bad, missing and partial signatures", async () => {
  const trust = pubTrust(keys.p256);
  const good = signedWeb({ key: keys.p256, alg: "ES256" });
  const bad = good.replace('"name":"web"', '"name":"wax"');
  const none = canonical({ "#spec": "x", ...WEB });
  const whole = (() => {
    const covers = { include: ["web/**", "#spec"], exclude: ["web/src.json"] };
    const state: Members = { "#spec": "pantavisor-service-system@1", ...WEB, "web/src.json": {} };
    return canonical({ ...state, "_sigs/web.json": signedDocument(state, ["#spec", ...WEB_KEYS], { key: keys.p256, alg: "ES256", ...covers }) });
  })();
  const table: [string, string, string][] = [
    ["disabled", good, ""], ["disabled", bad, ""], ["disabled", none, ""], ["disabled", "not json", ""],
    ["lenient", good, ""], ["lenient", bad, FAILED], ["lenient", none, ""], ["lenient", whole, ""],
    ["audit", good, ""], ["audit", bad, FAILED], ["audit", none, ""], ["audit", whole, ""],
    ["strict", good, NOT_COVERED], ["strict", bad, FAILED], ["strict", none, NOT_COVERED], ["strict", whole, ""],
  ];
  const answers = await ask(table.map(([mode, state]) => ({ mode, state, trust })));
  assert.equal(answers.map((a) => a.message), table.map((row) => row[2]));
  assert.equal(answers.map((a) => a.ok), table.map((row) => row[2] === ""));
  assert.equal(answers[8]!.warnings, ["not covered by any signature: #spec"], "audit logs what strict refuses");
  assert.equal(answers[4]!.warnings, [], "lenient doesn't");
});

test("a chain to the trust store verifies, and names store and signer", async () => {
  const a = await askOne({ trust: caTrust, state: signedWeb({ key: keys.p256, alg: "ES256", x5c: chain }) });
  assert.equal(a.results, [{ at: "_sigs/web.json", why: "", algorithm: "ES256", trustedBy: "ca-certificates.crt", signer: "acme", internal: false }]);
});

test("RSA, P-384 and P-521 leaves verify through the same chain", async () => {
  for (const [key, alg] of [[keys.rsa, "RS256"], [keys.p384, "ES384"], [keys.p521, "ES512"]] as [string, string][]) {
    const leaf = makeCertificate(pki.dir, `leaf-${alg}`, { subject: "/CN=leaf", key, issuer: pki.issuer });
    const a = await askOne({ trust: caTrust, state: signedWeb({ key, alg, x5c: [leaf, pki.mid] }) });
    assert.equal([alg, a.ok, a.reasons], [alg, true, []]);
  }
});

test("a certificate of the store itself may sign", async () => {
  const own = makeCertificate(pki.dir, "own", { subject: "/CN=own", key: keys.p384 });
  const trust = trustOf("own-trust", { "ca-certificates.crt": pem(own) });
  assert.ok((await askOne({ trust, state: signedWeb({ key: keys.p384, alg: "ES384", x5c: [own] }) })).ok);
});

type ChainCase = { says: string; x5c: () => string[]; why: RegExp; key?: string; alg?: string; when?: number; trust?: string };

/** A public key file around a modulus that nobody knows the factors of. */
function madeUpRsaKey(bits: number, exponent: string): string {
  const file = join(pki.dir, `rsa${bits}-${exponent.length}.pub`);
  const modulus = Buffer.alloc(bits / 8, 0xc3);
  const conf = `asn1=SEQUENCE:key\n[key]\nalg=SEQUENCE:alg\nk=BITWRAP,SEQUENCE:rsa\n[alg]\noid=OID:rsaEncryption\nn=NULL\n[rsa]\nn=INTEGER:0x${modulus.toString("hex")}\ne=INTEGER:${exponent}\n`;
  writeFileSync(`${file}.cnf`, conf);
  openssl(["asn1parse", "-genconf", `${file}.cnf`, "-noout", "-out", `${file}.der`]);
  openssl(["pkey", "-pubin", "-inform", "DER", "-in", `${file}.der`, "-out", file]);
  return file;
}

const day = 86400;
const now = Math.floor(Date.now() / 1000);
const CHAIN_CASES: ChainCase[] = [
  { says: "the one between is missing", x5c: () => [pki.leaf], why: /^_sigs\/web.json: leaf certificate: not vouched for by the trust store \(ca-certificates.crt\)$/ },
  { says: "the root is another", x5c: () => chain, why: /^_sigs\/web.json: certificate 1 above the leaf: not vouched for/, trust: trustOf("other-trust", { "ca-certificates.crt": pem(pki.other) }) },
  { says: "the leaf is of another chain", x5c: () => [pki.other, pki.mid], why: /signature does not fit the state/ },
  { says: "the order is wrong", x5c: () => [pki.mid, pki.leaf], why: /ES256 needs an EC key and this one is RSA/ },
  { says: "dates count and the leaf has expired", x5c: () => chain, why: /leaf certificate: expired/, when: now + 400 * day },
  { says: "dates count and everything has expired", x5c: () => chain, why: /leaf certificate: expired/, when: now + 40000 * day },
  { says: "dates count and nothing is valid yet", x5c: () => chain, why: /leaf certificate: not yet valid/, when: now - 10 * day },
  { says: "dates count and the clock is at 1970", x5c: () => chain, why: /not yet valid/, when: 0 },
  { says: "the leaf's key is EC and the algorithm RS256", x5c: () => chain, alg: "RS256", why: /RS256 needs an RSA key and this one is EC/ },
  { says: "the leaf's key is RSA and the algorithm ES256", key: keys.rsa, alg: "ES256", why: /ES256 needs an EC key and this one is RSA/, x5c: () => [makeCertificate(pki.dir, "rsa-leaf", { subject: "/CN=r", key: keys.rsa, issuer: pki.issuer }), pki.mid] },
  { says: "the leaf has RSA of 1024 bits", key: keys.weak, alg: "RS256", why: /leaf certificate: its key or its issuer's is too short/, x5c: () => [makeCertificate(pki.dir, "weak-leaf", { subject: "/CN=w", key: keys.weak, issuer: pki.issuer }), pki.mid] },
  {
    says: "one between has RSA of 1024 bits", why: /leaf certificate: its key or its issuer's is too short/, x5c: () => {
      const mid = makeCertificate(pki.dir, "weak-mid", { subject: "/CN=wm", key: keys.weak, issuer: { certificate: pki.ca, key: pki.caKey }, ca: true });
      return [makeCertificate(pki.dir, "under-weak", { subject: "/CN=l", key: keys.p256, issuer: { certificate: mid, key: keys.weak } }), mid];
    },
  },
  { says: "the leaf is signed with SHA-1", why: /leaf certificate: .*hash that is not trusted/, x5c: () => [makeCertificate(pki.dir, "sha1-leaf", { subject: "/CN=s", key: keys.p256, issuer: pki.issuer, hash: "sha1" }), pki.mid] },
  {
    says: "one between is signed with SHA-1", why: /certificate 1 above the leaf: .*hash that is not trusted/, x5c: () => {
      const key = makeKey(pki.dir, "sha1-mid", "P-256");
      const mid = makeCertificate(pki.dir, "sha1-mid", { subject: "/CN=sm", key, issuer: { certificate: pki.ca, key: pki.caKey }, ca: true, hash: "sha1" });
      return [makeCertificate(pki.dir, "under-sha1", { subject: "/CN=l", key: keys.p256, issuer: { certificate: mid, key } }), mid];
    },
  },
  { says: "the leaf's curve is not built in", key: keys.k256, why: /leaf certificate can't be read/, x5c: () => [makeCertificate(pki.dir, "k-leaf", { subject: "/CN=k", key: keys.k256, issuer: pki.issuer }), pki.mid] },
  {
    says: "a leaf has signed another leaf", why: /not vouched for/, x5c: () => {
      const under = makeCertificate(pki.dir, "under-leaf", { subject: "/CN=u", key: keys.p256, issuer: { certificate: pki.leaf, key: keys.p256 } });
      return [under, ...chain];
    },
  },
  {
    says: "one between has RSA of 16384 bits", why: /certificate chain: EBADMSG/, x5c: () => {
      const mid = makeCertificate(pki.dir, "huge-mid", { subject: "/O=Wherry tests/CN=between", key: pki.midKey, publicKeyFile: madeUpRsaKey(16384, "65537"), issuer: { certificate: pki.ca, key: pki.caKey }, ca: true });
      return [pki.leaf, mid];
    },
  },
  {
    says: "one between has an RSA exponent that would take seconds", why: /leaf certificate: not vouched for/, x5c: () => {
      const mid = makeCertificate(pki.dir, "slow-mid", { subject: "/O=Wherry tests/CN=between", key: pki.midKey, publicKeyFile: madeUpRsaKey(8192, `0x${"7f".repeat(1000)}`), issuer: { certificate: pki.ca, key: pki.caKey }, ca: true });
      return [pki.leaf, mid];
    },
  },
  {
    says: "there are ten between", why: /certificate chain is too long/, x5c: () => {
      let issuer = { certificate: pki.ca, key: pki.caKey };
      const made: string[] = [];
      for (let i = 0; i < 9; i++) {
        const key = makeKey(pki.dir, `deep${i}`, "P-256");
        const certificate = makeCertificate(pki.dir, `deep${i}`, { subject: `/CN=deep ${i}`, key, issuer, ca: true });
        issuer = { certificate, key };
        made.unshift(certificate);
      }
      return [makeCertificate(pki.dir, "deep-leaf", { subject: "/CN=l", key: keys.p256, issuer }), ...made];
    },
  },
  { says: "there are more than ten certificates", why: /more than 10 certificates/, x5c: () => [...chain, ...Array.from({ length: 9 }, () => pki.other)] },
  {
    says: "one certificate is larger than 16 KiB", why: /certificate 0 is larger than 16384 bytes/, x5c: () => {
      const names = Array.from({ length: 700 }, (_x, i) => `DNS:host-${i}.some.long.name.example`).join(",");
      return [makeCertificate(pki.dir, "big-leaf", { subject: "/CN=b", key: keys.p256, issuer: pki.issuer, extensions: [`subjectAltName=${names}`] }), pki.mid];
    },
  },
];
for (const c of CHAIN_CASES) {
  test(`a chain is refused when ${c.says}`, async () => {
    const key = c.key ?? keys.p256;
    const alg = c.alg ?? "ES256";
    const q = { trust: c.trust ?? caTrust, when: c.when ?? -1, state: signedWeb({ key, alg, x5c: c.x5c() }) };
    refusedBecause(await askOne(q), FAILED, c.why);
  });
}

test("dates are not looked at unless asked for, and a valid date passes", async () => {
  const state = signedWeb({ key: keys.p256, alg: "ES256", x5c: chain });
  const answers = await ask([{ trust: caTrust, state, when: -1 }, { trust: caTrust, state, when: now }]);
  assert.equal(answers.map((a) => a.ok), [true, true]);
});

test("between two roots of one name and key, the one that is valid now counts", async () => {
  const d = sub("renewed");
  const key = makeKey(d, "root", "P-256");
  const old = makeCertificate(d, "old", { subject: "/CN=renewed root", key, ca: true, days: 2 });
  const young = makeCertificate(d, "young", { subject: "/CN=renewed root", key, ca: true, days: 3650 });
  const leaf = makeCertificate(d, "leaf", { subject: "/CN=l", key: keys.p256, issuer: { certificate: old, key } });
  const trust = trustOf("renewed-trust", { "ca-certificates.crt": pem(old) + pem(young) });
  assert.ok((await askOne({ trust, when: now + 30 * day, state: signedWeb({ key: keys.p256, alg: "ES256", x5c: [leaf] }) })).ok);
});

test("a root whose own signature is SHA-1 may be in the store", async () => {
  const d = sub("sha1-root");
  const key = makeKey(d, "root", "rsa:2048");
  const root = makeCertificate(d, "root", { subject: "/CN=old root", key, ca: true, hash: "sha1" });
  const leaf = makeCertificate(d, "leaf", { subject: "/CN=l", key: keys.p256, issuer: { certificate: root, key } });
  const trust = trustOf("sha1-trust", { "ca-certificates.crt": pem(root) });
  assert.ok((await askOne({ trust, state: signedWeb({ key: keys.p256, alg: "ES256", x5c: [leaf] }) })).ok);
});

test("a trust folder that can't be used says which file, and only to who needs it", async () => {
  const broken = pem(pki.ca) + pem(pki.ca).replace(/^M.{20}/m, "MIIBAAAAAAAAAAAAAAAAA");
  const chained = signedWeb({ key: keys.p256, alg: "ES256", x5c: chain });
  const plain = signedWeb({ key: keys.p256, alg: "ES256" });
  const empty = sub("empty-trust");
  const [noStore, noKey, brokenStore, badKey, weakKey, onlyKey] = await ask([
    { trust: empty, state: chained },
    { trust: empty, state: plain },
    { trust: trustOf("broken-trust", { "ca-certificates.crt": broken }), state: chained },
    { trust: trustOf("bad-key", { "pub.pem": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n" }), state: plain },
    { trust: pubTrust(keys.weak), state: signedWeb({ key: keys.weak, alg: "RS256" }) },
    { trust: pubTrust(keys.p256), state: plain },
  ]);
  refusedBecause(noStore!, FAILED, /trust store: open .*\/ca-certificates.crt: ENOENT/);
  refusedBecause(noKey!, FAILED, /public key: open .*\/pub.pem: ENOENT/);
  refusedBecause(brokenStore!, FAILED, /trust store ca-certificates.crt holds a certificate that can't be read/);
  refusedBecause(badKey!, FAILED, /public key of pub.pem: EBADMSG/);
  refusedBecause(weakKey!, FAILED, /RSA key of 1024 bits; at least 2048 are needed/);
  assert.ok(onlyKey!.ok);
});

test("the OEM's store is used for the OEM's signer, and only beyond bsp and its own folder", async () => {
  const trust = trustOf("oem-trust", { "ca-certificates.crt": pem(pki.other), "ca-oem-certificates.crt": pem(pki.ca) });
  const make = (key: string): string => {
    const state: Members = { "#spec": "x", [key]: HEX };
    return canonical({ ...state, "_sigs/a.json": signedDocument(state, [key], { key: keys.p256, alg: "ES256", x5c: chain, include: [key], exclude: [] }) });
  };
  const [oem, otherName, bsp, own] = await ask([
    { trust, oem: "acme", state: make("web/a") }, { trust, oem: "first", state: make("web/a") },
    { trust, oem: "acme", state: make("bsp/a") }, { trust, oem: "acme", state: make("acme/a") },
  ]);
  assert.equal([oem!.ok, oem!.results[0]!.trustedBy], [true, "ca-oem-certificates.crt"]);
  for (const a of [otherName!, bsp!, own!]) refusedBecause(a, FAILED, /not vouched for by the trust store \(ca-certificates.crt\)/);
});

test("all signatures are reported, not the first", async () => {
  const good = signedDocument(WEB, WEB_KEYS, { key: keys.p256, alg: "ES256", ...WEB_SETS });
  const bad = signedDocument(WEB, WEB_KEYS, { key: keys.p384, alg: "ES256", ...WEB_SETS });
  const a = await askOne({ trust: pubTrust(keys.p256), state: canonical(stateWith(good, { "_sigs/a.json": bad, "_sigs/b.json": bad })) });
  assert.equal(a.results.map((r) => [r.at, r.why === ""]), [["_sigs/a.json", false], ["_sigs/b.json", false], ["_sigs/web.json", true]]);
});

test("the downgrade guard refuses a lower index, and counts only what is signed", async () => {
  const trust = pubTrust(keys.p256);
  const make = (wherry: unknown, include: string[]): string => {
    const state: Members = { "#spec": "x", "device.json": { groups: [], ...(wherry === undefined ? {} : { wherry }) } };
    return canonical({ ...state, "_sigs/bsp.json": signedDocument(state, include.filter((k) => k !== "!"), { key: keys.p256, alg: "ES256", include, exclude: [] }) });
  };
  const signed = ["#spec", "device.json"];
  const index = (n: unknown): string => make({ rollback_index: n }, signed);
  const below = /rollback index 6 is below the committed 7/;
  const answers = await ask([
    { trust, guard: "off", committed: 7, state: index(6) }, { trust, committed: 7, state: index(7) }, { trust, committed: 7, state: index(8) },
    { trust, committed: 7, state: index(6) }, { trust, committed: 7, state: make({ rollback_index: 9 }, ["#spec"]) },
    { trust, committed: 0, state: make(undefined, signed) }, { trust, committed: 1, state: make(undefined, signed) },
    { trust, committed: 0, state: index("8") }, { trust, committed: 0, state: index(-1) }, { trust, committed: 0, state: index(1.5) },
    { trust, committed: 7, mode: "disabled", state: index(6) }, { trust, guard: "warn", committed: 7, state: index(6) },
  ]);
  assert.equal(answers.map((a) => a.ok), [true, true, true, false, false, true, false, false, false, false, true, true]);
  assert.equal(answers[11]!.warnings, ["rollback index 6 is below the committed 7"]);
  refusedBecause(answers[3]!, "State is older than the committed one", below);
  refusedBecause(answers[4]!, "State is older than the committed one", /no verified signature includes device.json, so its index counts as 0/);
  refusedBecause(answers[7]!, "State is older than the committed one", /rollback_index/);
  assert.equal([answers[2]!.rollbackIndex, answers[4]!.rollbackIndex], [8, 0]);
});

/** The shell blocks of docs/signatures.md, by a word that only they hold. */
function documentedScript(marks: string[]): string {
  const blocks = [...readFileSync(join(import.meta.dirname, "../../docs/signatures.md"), "utf8").matchAll(/^```sh\n([^`]*?)^```$/gm)].map((m) => m[1]!);
  return ["set -e", ...marks.map((m) => blocks.find((b) => b.includes(m)) ?? `false no block with ${m}`)].join("\n");
}

const noJq = spawnSync("jq", ["--version"]).status !== 0;
if (noJq) console.log("skip: the commands of docs/signatures.md: no jq on this machine");
else {
  test("the commands of docs/signatures.md sign a container and a bsp, with public key and with certificates", async () => {
    const d = sub("documented");
    const state: Members = { "#spec": "pantavisor-service-system@1", ...WEB, "web/src.json": {}, "bsp/k": HEX, "bsp/src.json": {}, "device.json": { groups: [] } };
    writeAll(d, { "state.pretty.json": JSON.stringify(state, null, 2) });
    const signed = (marks: string[]): Buffer => {
      execFileSync("sh", ["-c", documentedScript([...marks, "openssl dgst"])], { cwd: d, stdio: "pipe" });
      return readFileSync(join(d, "signed.json"));
    };
    const web = signed(["genkey", "b64()", "state.pretty.json", "name=web"]);
    writeFileSync(join(d, "state.json"), web);
    const both = signed(["b64()", "name=bsp"]);
    makeCertificate(d, "leaf", { subject: "/CN=documented", key: join(d, "key.pem"), issuer: pki.issuer });
    writeAll(d, { "intermediate.pem": pem(pki.mid), "state.json": canonical(state) });
    const chained = signed(["b64()", "name=web", "x5c()"]);
    const answers = await ask([{ trust: d, state: web }, { trust: d, state: web, mode: "strict" }, { trust: d, state: both, mode: "strict" }, { trust: caTrust, state: chained }]);
    assert.equal(answers.map((a) => a.reasons), [[], ["not covered by any signature: #spec, bsp/k, bsp/src.json, device.json"], [], []]);
    assert.equal(answers[3]!.results[0]!.signer, "documented");
  });
}

type Files = { problems: { at: string; why: string }[]; missing: { key: string; id: string; copy: boolean }[]; skipped: string[] };

/** A stored revision, whole; `damage` then does something to it. Answers what the check of its files says. */
async function checkedFiles(name: string, damage: (trail: string, object: (text: string) => string) => void, target: TargetName = "x86_64"): Promise<Files> {
  const trail = sub(`${name}-${target}/trail`);
  const objects = sub(`${name}-${target}/objects`);
  const object = (text: string): string => join(objects, sha256(text));
  const stored: Record<string, string> = { "web/c": "config", "web/root.squashfs": "r".repeat(100000), "web/same": "config", "web/data.bind": "data" };
  const inline: Members = { "web/run.json": { config: "c", name: "web", type: "lxc" }, "bsp/run.json": { initrd: "pantavisor", linux: "kernel.img" } };
  const state: Members = { "#spec": "pantavisor-service-system@1", "bsp/kernel.img": HEX, "bsp/pantavisor": HEX, ...inline };
  for (const [key, text] of Object.entries(stored)) {
    state[key] = sha256(text);
    mkdirSync(join(trail, key, ".."), { recursive: true });
    writeFileSync(object(text), text);
    if (key.endsWith(".bind")) writeFileSync(join(trail, key), text);
    else linkSync(object(text), join(trail, key));
  }
  for (const [key, value] of Object.entries(inline)) {
    mkdirSync(join(trail, key, ".."), { recursive: true });
    writeFileSync(join(trail, key), canonical(value));
  }
  damage(trail, object);
  const [answer] = await askLines([["files", trail, objects, "1", Buffer.from(canonical(state)).toString("hex")].join("\t")], target);
  return answer as Files;
}

test("files that are what the state says pass, whatever a container wrote to its copy", async () => {
  const a = await checkedFiles("good", (trail) => writeFileSync(join(trail, "web/data.bind"), "written since"));
  assert.equal(a, { problems: [], missing: [], skipped: ["bsp/kernel.img: part of the boot chain", "bsp/pantavisor: part of the boot chain"] });
});

const DAMAGES: [string, (trail: string, object: (text: string) => string) => void, [string, RegExp][]][] = [
  ["an object has one bit flipped", (_t, object) => writeFileSync(object("r".repeat(100000)), `${"r".repeat(99999)}s`), [["web/root.squashfs", /^object has sha256 [0-9a-f]{64}$/]]],
  ["an object is cut short", (_t, object) => writeFileSync(object("data"), "dat"), [["web/data.bind", /^object has sha256/]]],
  ["an object is missing", (_t, object) => rmSync(object("config")), [["web/c", /^object is missing$/], ["web/same", /^object is missing$/]]],
  ["an object is a symlink to a good file", (trail, object) => { rmSync(object("data")); symlinkSync(join(trail, "web/data.bind"), object("data")); }, [["web/data.bind", /^open .*: ELOOP$/]]],
  ["a file is an equal copy instead of a link", (trail) => { rmSync(join(trail, "web/same")); writeFileSync(join(trail, "web/same"), "config"); }, [["web/same", /^not a link to object/]]],
  ["an inline item has one byte changed", (trail) => writeFileSync(join(trail, "web/run.json"), canonical({ config: "c", name: "wab", type: "lxc" })), [["web/run.json", /^file differs from the state at byte 23$/]]],
  ["an inline item is longer", (trail) => writeFileSync(join(trail, "web/run.json"), `${canonical({ config: "c", name: "web", type: "lxc" })}\n`), [["web/run.json", /EFBIG/]]],
  ["an inline item is shorter", (trail) => writeFileSync(join(trail, "web/run.json"), "{}"), [["web/run.json", /^file has 2 bytes, the state 40$/]]],
  ["an inline item is missing", (trail) => rmSync(join(trail, "bsp/run.json")), [["bsp/run.json", /ENOENT/]]],
];
for (const [says, damage, want] of DAMAGES) {
  test(`the check of files fails when ${says}`, async () => {
    const a = await checkedFiles(says.replaceAll(" ", "-"), damage);
    assert.equal(a.problems.map((p) => p.at).sort(), want.map((w) => w[0]).sort());
    for (const [at, why] of want) assert.match(a.problems.find((p) => p.at === at)!.why, why);
  });
}

test("a missing link or copy of a good object is no failure but is to be made again", async () => {
  const a = await checkedFiles("missing", (trail) => {
    rmSync(join(trail, "web/same"));
    rmSync(join(trail, "web/data.bind"));
  });
  assert.equal(a.problems, []);
  assert.equal(a.missing, [{ key: "web/same", id: sha256("config"), copy: false }, { key: "web/data.bind", id: sha256("data"), copy: true }]);
});

if (missing("qemu-user") === "") {
  for (const name of ["armv7", "aarch64"] as TargetName[]) {
    test(`${name} hashes files as x86_64 does`, async () => {
      assert.equal((await checkedFiles("good", () => undefined, name)).problems, []);
      const a = await checkedFiles("flip", (_t, object) => writeFileSync(object("r".repeat(100000)), `${"r".repeat(99999)}s`), name);
      assert.equal(a.problems, [{ at: "web/root.squashfs", why: `object has sha256 ${sha256(`${"r".repeat(99999)}s`)}` }]);
    });
  }
}

test.run();
