/// <reference path="../../src/sys/sys.d.ts" />
/**
 * Rows of hashes, keys and certificates. Key, signature and certificate were
 * made once by OpenSSL: P-256, signing "abc", a certificate of itself "CN=arch".
 */
import { EBADF, EINVAL, EKEYREJECTED, ENOKEY, ENOSPC } from "../../src/sys/errno.ts";
import { fromUtf8, hexOfBytes, toUtf8 } from "../../src/sys/text.ts";
import { EBADMSG, ENOPKG } from "./errnos.ts";
import { refused, works } from "./tally.ts";

const KEY = "3059301306072a8648ce3d020106082a8648ce3d030107034200047fdb716fc5d64ebaa4469e924d5ff0879b4fe4c753dacc507b1b3779fab69aa5cd41cc93c4e368caf9be3ca7694f0df3ec468dbf7a3dd26d0e30b7eca7b0cae1";
const SIGNATURE = "3046022100ad705789f8176991ae0ef8ce7cecd1cb7785e61b084759334cf8b705ff470115022100b873249d125045b1511ed964cd34bf3a1261faace33555d8c9bc6aa4915d6b69";
const CERTIFICATE = "308201743082011ba00302010202146f76ad3e7d896222709ca1b6f779eb4cbc287679300a06082a8648ce3d040302300f310d300b06035504030c04617263683020170d3236313132353035303731345a180f32313236313130313035303731345a300f310d300b06035504030c04617263683059301306072a8648ce3d020106082a8648ce3d030107034200047fdb716fc5d64ebaa4469e924d5ff0879b4fe4c753dacc507b1b3779fab69aa5cd41cc93c4e368caf9be3ca7694f0df3ec468dbf7a3dd26d0e30b7eca7b0cae1a3533051301d0603551d0e04160414d7195d95dfb6fb7967913c4947be32127b21c20d301f0603551d23041830168014d7195d95dfb6fb7967913c4947be32127b21c20d300f0603551d130101ff040530030101ff300a06082a8648ce3d040302034700304402206923cbaece630e882a0b4843d494b746132c8b034db5f531e5be34aabf107ed90220574023cc8e4eebaf8d12e8385cc4bf3eee109790406ce495ac37d28cdf969341";
const CERTIFICATE_TEXT = "MIIBdDCCARugAwIBAgIUb3atPn2JYiJwnKG293nrTLwodnkwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEYXJjaDAgFw0yNjExMjUwNTA3MTRaGA8yMTI2MTEwMTA1MDcxNFowDzENMAsGA1UEAwwEYXJjaDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABH/bcW/F1k66pEaekk1f8IebT+THU9rMUHsbN3n6tpqlzUHMk8TjaMr5vjynaU8N8+xGjb96PdJtDjC37KewyuGjUzBRMB0GA1UdDgQWBBTXGV2V37b7eWeRPElHvjISeyHCDTAfBgNVHSMEGDAWgBTXGV2V37b7eWeRPElHvjISeyHCDTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIGkjy67OYw6IKgtIQ9SUt0YTLIsDTbX1MeW+NKq/EH7ZAiBXQCPMjk7rr40S6DhcxL8+7hCXkEBs5JWsN9KM35aTQQ==";
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

function unhex(text: string): Uint8Array {
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return out;
}

/** BEGIN CERTIFICATE with lines of 64 letters. */
function pem(): Uint8Array {
  const lines: string[] = [];
  for (let i = 0; i < CERTIFICATE_TEXT.length; i += 64) lines.push(CERTIFICATE_TEXT.slice(i, i + 64));
  return toUtf8(`-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`);
}

export function cryptoRows(): void {
  hashes();
  const key = unhex(KEY);
  const digest = unhex(ABC);
  const out = new Uint8Array(4096);
  works("sys_pk_describe", sys_pk_describe(key, out), out[0] === 2);
  refused("sys_pk_describe", sys_pk_describe(toUtf8("no key"), out), EBADMSG);
  works("sys_pk_verify", sys_pk_verify(key, 256, digest, unhex(SIGNATURE)));
  digest[0] = 0;
  refused("sys_pk_verify", sys_pk_verify(key, 256, digest, unhex(SIGNATURE)), EKEYREJECTED);
  const certificate = unhex(CERTIFICATE);
  works("sys_x509_verify", sys_x509_verify(certificate, 1, pem(), -1, out), true);
  refused("sys_x509_verify", sys_x509_verify(certificate, 1, toUtf8("no store"), -1, out), ENOKEY);
  const n = sys_x509_key(certificate, out);
  works("sys_x509_key", n, n > 0 && hexOfBytes(out.subarray(0, n)) === KEY);
  refused("sys_x509_key", sys_x509_key(toUtf8("none"), out), EBADMSG);
  works("sys_x509_common_name", sys_x509_common_name(certificate, out), fromUtf8(out.subarray(0, 4)) === "arch");
  refused("sys_x509_common_name", sys_x509_common_name(toUtf8("none"), out), EBADMSG);
}

function hashes(): void {
  const state = new Uint8Array(128);
  const out = new Uint8Array(64);
  works("sys_sha256_begin", sys_sha256_begin(state));
  refused("sys_sha256_begin", sys_sha256_begin(new Uint8Array(8)), ENOSPC);
  works("sys_sha256_update", sys_sha256_update(state, toUtf8("xabcx"), 1, 3));
  refused("sys_sha256_update", sys_sha256_update(state, toUtf8("abc"), 2, 2), EINVAL);
  works("sys_sha256_finish", sys_sha256_finish(state, out), hexOfBytes(out.subarray(0, 32)) === ABC);
  refused("sys_sha256_finish", sys_sha256_finish(state, new Uint8Array(31)), EINVAL);
  const fd = sys_memfd_create("abc", 0);
  sys_write_text(fd, "abc");
  sys_lseek(fd, 0, 0);
  works("sys_sha256_fd", sys_sha256_fd(fd, out), hexOfBytes(out.subarray(0, 32)) === ABC);
  sys_close(fd);
  refused("sys_sha256_fd", sys_sha256_fd(-1, out), EBADF);
  works("sys_jws_digest", sys_jws_digest(256, toUtf8("e30"), toUtf8("abc"), out), hexOfBytes(out.subarray(0, 4)) === JWS_HEAD);
  refused("sys_jws_digest", sys_jws_digest(255, toUtf8("e30"), toUtf8("abc"), out), ENOPKG);
}

/** First bytes of SHA-256("e30.YWJj"). */
const JWS_HEAD = "6f9af743";
