/*
 * Hashes, public keys and certificates, from mbedTLS. No policy but one: in a
 * chain, SHA-1 and RSA keys below 2048 bits carry no trust.
 * Results: 0 or a size or flags, else -errno: EBADMSG for bytes that are not
 * what they should be, ENOPKG for a kind of key or hash that is not built in,
 * ENOKEY for a trust store that does not parse, EKEYREJECTED for a signature
 * that doesn't fit, ENOSPC for a small buffer.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "mbedtls/build_info.h"
#include "mbedtls/ecdsa.h"
#include "mbedtls/md.h"
#include "mbedtls/oid.h"
#include "mbedtls/pk.h"
#include "mbedtls/sha256.h"
#include "mbedtls/x509_crt.h"

#define SHA256_BYTES 32
#define RSA_LEAST_BITS 2048

/* --- hashes ------------------------------------------------------------ */

/* The caller's buffer is only bytes to us: copied in and out, so that its alignment doesn't matter. */
int32_t sys_sha256_begin(uint8_t *state, size_t state_size)
{
	mbedtls_sha256_context c;
	if (state_size < sizeof c)
		return -ENOSPC;
	mbedtls_sha256_init(&c);
	mbedtls_sha256_starts(&c, 0);
	memcpy(state, &c, sizeof c);
	return 0;
}

int32_t sys_sha256_update(uint8_t *state, size_t state_size, const uint8_t *data, size_t size, uint32_t offset, uint32_t length)
{
	mbedtls_sha256_context c;
	if (state_size < sizeof c || offset > size || length > size - offset)
		return -EINVAL;
	memcpy(&c, state, sizeof c);
	mbedtls_sha256_update(&c, data + offset, length);
	memcpy(state, &c, sizeof c);
	return 0;
}

int32_t sys_sha256_finish(const uint8_t *state, size_t state_size, uint8_t *out, size_t out_size)
{
	mbedtls_sha256_context c;
	if (state_size < sizeof c || out_size < SHA256_BYTES)
		return -EINVAL;
	memcpy(&c, state, sizeof c);
	mbedtls_sha256_finish(&c, out);
	return 0;
}

/* Reads fd from where it stands to its end. */
int32_t sys_sha256_fd(int32_t fd, uint8_t *out, size_t out_size)
{
	uint8_t block[32768];
	mbedtls_sha256_context c;
	if (out_size < SHA256_BYTES)
		return -ENOSPC;
	mbedtls_sha256_init(&c);
	mbedtls_sha256_starts(&c, 0);
	for (;;) {
		const ssize_t n = read(fd, block, sizeof block);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		mbedtls_sha256_update(&c, block, (size_t)n);
	}
	mbedtls_sha256_finish(&c, out);
	return 0;
}

static const mbedtls_md_info_t *hash_of_bits(int32_t bits)
{
	switch (bits) {
	case 256: return mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
	case 384: return mbedtls_md_info_from_type(MBEDTLS_MD_SHA384);
	case 512: return mbedtls_md_info_from_type(MBEDTLS_MD_SHA512);
	default: return NULL;
	}
}

/* SHA-<bits> of: head "." base64url(payload). RFC 7515 section 5.1. Returns the size of the hash. */
int32_t sys_jws_digest(int32_t bits, const uint8_t *head, size_t head_size, const uint8_t *payload, size_t size, uint8_t *out, size_t out_size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const mbedtls_md_info_t *md = hash_of_bits(bits);
	mbedtls_md_context_t c;
	uint8_t block[1024];
	size_t used = 0;
	if (md == NULL)
		return -ENOPKG;
	if (out_size < mbedtls_md_get_size(md))
		return -ENOSPC;
	mbedtls_md_init(&c);
	if (mbedtls_md_setup(&c, md, 0) != 0)
		return -ENOMEM;
	mbedtls_md_starts(&c);
	mbedtls_md_update(&c, head, head_size);
	block[used++] = '.';
	for (size_t i = 0; i < size; i += 3) {
		const size_t n = size - i < 3 ? size - i : 3;
		const uint32_t v = (uint32_t)payload[i] << 16 | (n > 1 ? (uint32_t)payload[i + 1] << 8 : 0) | (n > 2 ? payload[i + 2] : 0);
		for (size_t k = 0; k <= n; k++)
			block[used++] = (uint8_t)digits[v >> (18 - 6 * k) & 63];
		if (used > sizeof block - 4) {
			mbedtls_md_update(&c, block, used);
			used = 0;
		}
	}
	mbedtls_md_update(&c, block, used);
	mbedtls_md_finish(&c, out);
	mbedtls_md_free(&c);
	return mbedtls_md_get_size(md);
}

/* --- public keys ------------------------------------------------------- */

/* The library wants PEM text to end in a 0 byte, and DER not to: give it PEM as a copy. */
static uint8_t *with_end(const uint8_t *text, size_t size)
{
	uint8_t *copy = malloc(size + 1);
	if (copy != NULL) {
		memcpy(copy, text, size);
		copy[size] = 0;
	}
	return copy;
}

static int32_t refusal(int mbedtls)
{
	if (mbedtls == MBEDTLS_ERR_PK_ALLOC_FAILED || mbedtls == MBEDTLS_ERR_X509_ALLOC_FAILED || mbedtls == MBEDTLS_ERR_MPI_ALLOC_FAILED)
		return -ENOMEM;
	if (mbedtls == MBEDTLS_ERR_PK_UNKNOWN_PK_ALG || mbedtls == MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE || mbedtls == MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE)
		return -ENOPKG;
	return -EBADMSG;
}

/* SubjectPublicKeyInfo as DER, or "BEGIN PUBLIC KEY" as PEM. */
static int32_t parse_key(mbedtls_pk_context *pk, const uint8_t *key, size_t size)
{
	mbedtls_pk_init(pk);
	if (size > 0 && key[0] == 0x30) {
		uint8_t *p = (uint8_t *)key;
		const int r = mbedtls_pk_parse_subpubkey(&p, key + size, pk);
		return r != 0 ? refusal(r) : p != key + size ? -EBADMSG : 0;
	}
	uint8_t *text = with_end(key, size);
	if (text == NULL)
		return -ENOMEM;
	const int r = mbedtls_pk_parse_public_key(pk, text, size + 1);
	free(text);
	return r == 0 ? 0 : refusal(r);
}

/* Bits of the key; out[0] = 1 for RSA, 2 for an elliptic curve. */
int32_t sys_pk_describe(const uint8_t *key, size_t size, uint8_t *out, size_t out_size)
{
	mbedtls_pk_context pk;
	int32_t r = out_size < 1 ? -ENOSPC : parse_key(&pk, key, size);
	if (out_size < 1)
		return r;
	if (r == 0) {
		out[0] = mbedtls_pk_get_type(&pk) == MBEDTLS_PK_RSA ? 1 : 2;
		r = (int32_t)mbedtls_pk_get_bitlen(&pk);
	}
	mbedtls_pk_free(&pk);
	return r;
}

/* r and s side by side, each as long as the curve's numbers. RFC 7518 section 3.4. */
static int verify_raw(mbedtls_pk_context *pk, const uint8_t *digest, size_t digest_size, const uint8_t *signature, size_t size)
{
	mbedtls_ecp_keypair *key = mbedtls_pk_ec(*pk);
	mbedtls_mpi r, s;
	mbedtls_mpi_init(&r);
	mbedtls_mpi_init(&s);
	int done = mbedtls_mpi_read_binary(&r, signature, size / 2);
	if (done == 0)
		done = mbedtls_mpi_read_binary(&s, signature + size / 2, size / 2);
	if (done == 0)
		done = mbedtls_ecdsa_verify(&key->MBEDTLS_PRIVATE(grp), digest, digest_size, &key->MBEDTLS_PRIVATE(Q), &r, &s);
	mbedtls_mpi_free(&r);
	mbedtls_mpi_free(&s);
	return done;
}

/* digest is SHA-<bits>; signature is PKCS#1 v1.5 for RSA, raw or DER for a curve. */
int32_t sys_pk_verify(const uint8_t *key, size_t key_size, int32_t bits, const uint8_t *digest, size_t digest_size, const uint8_t *signature, size_t size)
{
	const mbedtls_md_info_t *md = hash_of_bits(bits);
	mbedtls_pk_context pk;
	if (md == NULL)
		return -ENOPKG;
	if (digest_size != mbedtls_md_get_size(md))
		return -EINVAL;
	int32_t r = parse_key(&pk, key, key_size);
	if (r == 0) {
		const int curve = mbedtls_pk_get_type(&pk) != MBEDTLS_PK_RSA;
		int bad = -1;
		if (curve && size == 2 * ((mbedtls_pk_get_bitlen(&pk) + 7) / 8))
			bad = verify_raw(&pk, digest, digest_size, signature, size);
		if (bad != 0 && size > 0)
			bad = mbedtls_pk_verify(&pk, mbedtls_md_get_type(md), digest, digest_size, signature, size);
		r = bad == 0 ? 0 : refusal(bad) == -EBADMSG ? -EKEYREJECTED : refusal(bad);
	}
	mbedtls_pk_free(&pk);
	return r;
}

/* --- certificates ------------------------------------------------------ */

static time_t verify_at;

/* The time the library compares dates with. */
time_t crypto_time(time_t *out)
{
	if (out != NULL)
		*out = verify_at;
	return verify_at;
}

static const mbedtls_x509_crt_profile profile = {
	.allowed_mds = MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256) | MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA384) | MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA512),
	.allowed_pks = MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_RSA) | MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECKEY) | MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECDSA),
	.allowed_curves = MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1) | MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP384R1) | MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP521R1),
	.rsa_min_bitlen = RSA_LEAST_BITS,
};

/* DER certificates one after the other: exactly count of them and no byte more. */
static int32_t parse_chain(mbedtls_x509_crt *chain, const uint8_t *der, size_t size, uint32_t count)
{
	mbedtls_x509_crt_init(chain);
	const mbedtls_x509_crt *last = chain;
	size_t at = 0;
	for (uint32_t i = 0; i < count; i++) {
		const int r = mbedtls_x509_crt_parse_der(chain, der + at, size - at);
		if (r != 0)
			return refusal(r);
		while (last->next != NULL)
			last = last->next;
		at += last->raw.len;
	}
	return at == size && count > 0 ? 0 : -EBADMSG;
}

struct walk {
	int dates;
	int bad_depth;
};

/* Called for each certificate of the chain that was found, from the anchor (deepest) to the leaf (0). */
static int each_certificate(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	struct walk *w = context;
	(void)crt;
	if (!w->dates)
		*flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
	if (*flags != 0)
		w->bad_depth = depth;
	return 0;
}

/*
 * Is the first of the chain's certificates vouched for by one in anchors
 * (PEM text)? Dates are compared with when (seconds), or not if it is
 * negative. 0, or the library's MBEDTLS_X509_BADCERT_* bits with out[0] the
 * place in the chain of the one nearest the leaf that is at fault. -ELOOP: chain too long.
 */
int32_t sys_x509_verify(const uint8_t *der, size_t size, uint32_t count, const uint8_t *anchors, size_t anchors_size, double when, uint8_t *out, size_t out_size)
{
	mbedtls_x509_crt chain, roots;
	struct walk w = { .dates = when >= 0, .bad_depth = 0 };
	uint32_t flags = 0;
	if (out_size < 1)
		return -ENOSPC;
	int32_t r = parse_chain(&chain, der, size, count);
	mbedtls_x509_crt_init(&roots);
	if (r == 0) {
		uint8_t *text = with_end(anchors, anchors_size);
		r = text == NULL ? -ENOMEM : mbedtls_x509_crt_parse(&roots, text, anchors_size + 1) != 0 ? -ENOKEY : 0;
		free(text);
	}
	if (r == 0) {
		verify_at = w.dates ? (time_t)when : 0;
		const int bad = mbedtls_x509_crt_verify_with_profile(&chain, &roots, NULL, &profile, NULL, &flags, each_certificate, &w);
		if (bad == MBEDTLS_ERR_X509_FATAL_ERROR)
			r = -ELOOP;
		else if (bad != 0 && bad != MBEDTLS_ERR_X509_CERT_VERIFY_FAILED)
			r = refusal(bad);
		else
			r = bad == 0 ? 0 : flags != 0 ? (int32_t)flags : -EKEYREJECTED;
		out[0] = (uint8_t)w.bad_depth;
	}
	mbedtls_x509_crt_free(&roots);
	mbedtls_x509_crt_free(&chain);
	return r;
}

static int32_t copy_out(const uint8_t *data, size_t size, uint8_t *out, size_t out_size)
{
	if (size > out_size)
		return -ENOSPC;
	memcpy(out, data, size);
	return (int32_t)size;
}

/* SubjectPublicKeyInfo of the first certificate; returns its size. */
int32_t sys_x509_key(const uint8_t *der, size_t size, uint8_t *out, size_t out_size)
{
	mbedtls_x509_crt crt;
	mbedtls_x509_crt_init(&crt);
	const int bad = mbedtls_x509_crt_parse_der(&crt, der, size);
	const int32_t r = bad != 0 ? refusal(bad) : copy_out(crt.pk_raw.p, crt.pk_raw.len, out, out_size);
	mbedtls_x509_crt_free(&crt);
	return r;
}

/* Last common name in the first certificate's subject; returns its size, 0 if it has none. */
int32_t sys_x509_common_name(const uint8_t *der, size_t size, uint8_t *out, size_t out_size)
{
	mbedtls_x509_crt crt;
	mbedtls_x509_crt_init(&crt);
	const int bad = mbedtls_x509_crt_parse_der(&crt, der, size);
	int32_t r = bad != 0 ? refusal(bad) : 0;
	for (const mbedtls_x509_name *n = &crt.subject; r >= 0 && n != NULL; n = n->next) {
		if (n->oid.len == sizeof MBEDTLS_OID_AT_CN - 1 && memcmp(n->oid.p, MBEDTLS_OID_AT_CN, n->oid.len) == 0)
			r = copy_out(n->val.p, n->val.len, out, out_size);
	}
	mbedtls_x509_crt_free(&crt);
	return r;
}
