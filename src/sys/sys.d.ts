type i32 = number;
type u32 = number;
type u8 = number;
type f64 = number;
type bool = boolean;
declare function sys_write(fd: i32, data: Uint8Array, offset: u32, length: u32): i32;

// --- crypto.c: hashes, public keys, certificates (wrappers: crypto.ts) ---
declare function sys_sha256_begin(state: Uint8Array): i32;
declare function sys_sha256_update(state: Uint8Array, data: Uint8Array, offset: u32, length: u32): i32;
declare function sys_sha256_finish(state: Uint8Array, out: Uint8Array): i32;
declare function sys_sha256_fd(fd: i32, out: Uint8Array): i32;
declare function sys_jws_digest(bits: i32, head: Uint8Array, payload: Uint8Array, out: Uint8Array): i32;
declare function sys_pk_describe(key: Uint8Array, out: Uint8Array): i32;
declare function sys_pk_verify(key: Uint8Array, bits: i32, digest: Uint8Array, signature: Uint8Array): i32;
declare function sys_x509_verify(chain: Uint8Array, count: u32, anchors: Uint8Array, when: f64, out: Uint8Array): i32;
declare function sys_x509_key(certificate: Uint8Array, out: Uint8Array): i32;
declare function sys_x509_common_name(certificate: Uint8Array, out: Uint8Array): i32;
