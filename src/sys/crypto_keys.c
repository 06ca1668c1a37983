/*
 * The kinds of public key mbedTLS's key layer knows here: RSA and elliptic
 * curves, for verifying only. Stands in for the library's pk_wrap.c, whose
 * tables also name signing and decryption and so would keep all of that in
 * the binary. Bounds what an untrusted certificate can make us compute.
 */
#include <stdlib.h>
#include "common.h"
#include "pk_wrap.h"
#include "mbedtls/ecdsa.h"
#include "mbedtls/rsa.h"

/*
 * Largest RSA exponent: 65537 is what everybody uses, a long one only costs
 * time. The library itself refuses a modulus beyond 8192 bits.
 */
#define RSA_MOST_EXPONENT_BITS 32

static int rsa_can_do(mbedtls_pk_type_t type)
{
	return type == MBEDTLS_PK_RSA;
}

static size_t rsa_bits(mbedtls_pk_context *pk)
{
	return mbedtls_rsa_get_bitlen(pk->pk_ctx);
}

static int rsa_verify(mbedtls_pk_context *pk, mbedtls_md_type_t md, const unsigned char *hash, size_t hash_size,
		      const unsigned char *signature, size_t size)
{
	mbedtls_rsa_context *rsa = pk->pk_ctx;
	mbedtls_mpi e;
	mbedtls_mpi_init(&e);
	const int exported = mbedtls_rsa_export(rsa, NULL, NULL, NULL, NULL, &e);
	const size_t exponent_bits = mbedtls_mpi_bitlen(&e);
	mbedtls_mpi_free(&e);
	if (exported != 0)
		return exported;
	if (exponent_bits > RSA_MOST_EXPONENT_BITS)
		return MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE;
	if (size != mbedtls_rsa_get_len(rsa))
		return MBEDTLS_ERR_PK_SIG_LEN_MISMATCH;
	return mbedtls_rsa_pkcs1_verify(rsa, md, (unsigned)hash_size, hash, signature);
}

static void *rsa_new(void)
{
	mbedtls_rsa_context *rsa = calloc(1, sizeof *rsa);
	if (rsa != NULL)
		mbedtls_rsa_init(rsa);
	return rsa;
}

static void rsa_delete(void *rsa)
{
	mbedtls_rsa_free(rsa);
	free(rsa);
}

const mbedtls_pk_info_t mbedtls_rsa_info = {
	.type = MBEDTLS_PK_RSA, .name = "RSA", .get_bitlen = rsa_bits, .can_do = rsa_can_do,
	.verify_func = rsa_verify, .ctx_alloc_func = rsa_new, .ctx_free_func = rsa_delete,
};

static int ec_can_do(mbedtls_pk_type_t type)
{
	return type == MBEDTLS_PK_ECKEY || type == MBEDTLS_PK_ECDSA;
}

static size_t ec_bits(mbedtls_pk_context *pk)
{
	return ((mbedtls_ecp_keypair *)pk->pk_ctx)->grp.pbits;
}

static int ec_verify(mbedtls_pk_context *pk, mbedtls_md_type_t md, const unsigned char *hash, size_t hash_size,
		     const unsigned char *signature, size_t size)
{
	(void)md;
	return mbedtls_ecdsa_read_signature(pk->pk_ctx, hash, hash_size, signature, size);
}

static void *ec_new(void)
{
	mbedtls_ecp_keypair *key = calloc(1, sizeof *key);
	if (key != NULL)
		mbedtls_ecp_keypair_init(key);
	return key;
}

static void ec_delete(void *key)
{
	mbedtls_ecp_keypair_free(key);
	free(key);
}

const mbedtls_pk_info_t mbedtls_eckey_info = {
	.type = MBEDTLS_PK_ECKEY, .name = "EC", .get_bitlen = ec_bits, .can_do = ec_can_do,
	.verify_func = ec_verify, .ctx_alloc_func = ec_new, .ctx_free_func = ec_delete,
};

const mbedtls_pk_info_t mbedtls_ecdsa_info = {
	.type = MBEDTLS_PK_ECDSA, .name = "ECDSA", .get_bitlen = ec_bits, .can_do = ec_can_do,
	.verify_func = ec_verify, .ctx_alloc_func = ec_new, .ctx_free_func = ec_delete,
};

/* Agreement of keys (ECDH) is no part of this build; the key layer only wants the name. */
const mbedtls_pk_info_t mbedtls_eckeydh_info = {
	.type = MBEDTLS_PK_ECKEY_DH, .name = "EC_DH", .get_bitlen = ec_bits, .can_do = ec_can_do,
	.ctx_alloc_func = ec_new, .ctx_free_func = ec_delete,
};
