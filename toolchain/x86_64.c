/*
 * Blocks of memory, for speed: musl copies with "rep movs", which takes some
 * thirty cycles before its first byte, and compares a byte at a time. Nearly
 * all that scriptc's runtime copies and compares is a short string.
 */
#pragma GCC optimize("O2")
#include <stddef.h>
#include <stdint.h>

typedef uint16_t two __attribute__((may_alias, aligned(1)));
typedef uint32_t four __attribute__((may_alias, aligned(1)));
typedef uint64_t eight __attribute__((may_alias, aligned(1)));
typedef long long sixteen __attribute__((vector_size(16), may_alias, aligned(1)));

/* Read whole before it is written, so that both may overlap: two parts of a block, from its start and to its end, that cover it. */
#define MOVE_ENDS(type) do { \
		const type first = *(const type *)from, last = *(const type *)(from + n - sizeof(type)); \
		*(type *)to = first; \
		*(type *)(to + n - sizeof(type)) = last; \
	} while (0)

void *memmove(void *destination, const void *source, size_t n)
{
	unsigned char *const to = destination;
	const unsigned char *const from = source;

	if (n > 32) {
		if ((size_t)(to - from) >= n) {
			void *d = destination;
			if (n < 256) {
				const sixteen last = *(const sixteen *)(from + n - 16);
				for (size_t i = 0; i + 16 < n; i += 16)
					*(sixteen *)(to + i) = *(const sixteen *)(from + i);
				*(sixteen *)(to + n - 16) = last;
			} else {
				__asm__ volatile("rep movsb" : "+D"(d), "+S"(source), "+c"(n) : : "memory");
			}
		} else {
			const sixteen first = *(const sixteen *)from;
			for (size_t left = n; left > 16; left -= 16)
				*(sixteen *)(to + left - 16) = *(const sixteen *)(from + left - 16);
			*(sixteen *)to = first;
		}
	} else if (n >= 16) {
		MOVE_ENDS(sixteen);
	} else if (n >= 8) {
		MOVE_ENDS(eight);
	} else if (n >= 4) {
		MOVE_ENDS(four);
	} else if (n >= 2) {
		MOVE_ENDS(two);
	} else if (n) {
		*to = *from;
	}
	return destination;
}

void *memcpy(void *restrict destination, const void *restrict source, size_t n) __attribute__((alias("memmove")));

int memcmp(const void *one, const void *other, size_t n)
{
	const unsigned char *a = one, *b = other;

	for (; n >= 8; n -= 8, a += 8, b += 8) {
		const uint64_t x = *(const eight *)a, y = *(const eight *)b;
		if (x != y)
			return __builtin_bswap64(x) < __builtin_bswap64(y) ? -1 : 1;
	}
	for (; n; n--, a++, b++)
		if (*a != *b)
			return *a - *b;
	return 0;
}

/* Sixteen at a time, from an aligned place: what is read beyond the block lies in a page of its own. */
void *memchr(const void *block, int value, size_t n)
{
	typedef char bytes __attribute__((vector_size(16), may_alias));
	const unsigned char *const start = block;
	const unsigned char *p = (const unsigned char *)((uintptr_t)start & ~(uintptr_t)15);
	const char c = (char)value;
	const bytes wanted = { c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c };
	unsigned ignored = (unsigned)(start - p);

	if (!n)
		return NULL;
	/* callers that know that they find something name no end */
	const unsigned char *const last = n - 1 > UINTPTR_MAX - (uintptr_t)start ? (const unsigned char *)UINTPTR_MAX : start + n - 1;
	for (; p <= last; p += 16, ignored = 0) {
		const unsigned hits = (unsigned)__builtin_ia32_pmovmskb128(*(const bytes *)p == wanted) >> ignored << ignored;
		if (hits) {
			p += __builtin_ctz(hits);
			return p <= last ? (void *)(uintptr_t)p : NULL;
		}
	}
	return NULL;
}
