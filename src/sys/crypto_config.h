/*
 * What of mbedTLS is compiled: checking signatures and certificates, nothing
 * else. No keys are made or used to sign, no TLS, no files, no network, no
 * threads. Read by every file of the library instead of its own default
 * configuration (MBEDTLS_CONFIG_FILE). Meaning of each name: mbedTLS 3.6
 * include/mbedtls/mbedtls_config.h.
 */
#include <time.h>

#define MBEDTLS_HAVE_ASM
#define MBEDTLS_NO_PLATFORM_ENTROPY

/* The library asks crypto.c what time it is, so that the caller decides. */
time_t crypto_time(time_t *out);
#define MBEDTLS_HAVE_TIME
#define MBEDTLS_HAVE_TIME_DATE
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_TIME_MACRO crypto_time

#define MBEDTLS_MD_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C
#if defined(__aarch64__)
#define MBEDTLS_SHA256_USE_ARMV8_A_CRYPTO_IF_PRESENT
#endif
/* Known by name only: a trust store may hold an old root whose own signature is SHA-1, which nobody checks. */
#define MBEDTLS_MD_CAN_SHA1

#define MBEDTLS_BIGNUM_C
#define MBEDTLS_RSA_C
#define MBEDTLS_PKCS1_V15
#define MBEDTLS_ECP_C
#define MBEDTLS_ECDSA_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_DP_SECP521R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
/* Tables that only speed up signing. */
#define MBEDTLS_ECP_FIXED_POINT_OPTIM 0

#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_OID_C
#define MBEDTLS_BASE64_C
#define MBEDTLS_PEM_PARSE_C
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_MAX_INTERMEDIATE_CA 8
