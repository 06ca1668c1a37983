/*
 * toolchain/x86_64.c against loops of single bytes: all short lengths and
 * places, blocks that overlap by any distance, and blocks that end where
 * memory ends. Prints "ok", or what was wrong.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ROOM 1024

static unsigned char *edge; /* first byte that can't be read */

static void fail(const char *what, size_t n, long a, long b)
{
	printf("%s: %zu bytes, %ld and %ld\n", what, n, a, b);
	exit(1);
}

static unsigned next(void)
{
	static uint32_t s = 1;
	s = s * 1664525u + 1013904223u;
	return s >> 24;
}

static void move(size_t n, size_t from, size_t to)
{
	unsigned char now[ROOM], want[ROOM], copy[ROOM];

	for (size_t i = 0; i < ROOM; i++)
		now[i] = want[i] = (unsigned char)next();
	for (size_t i = 0; i < n; i++)
		copy[i] = now[from + i];
	for (size_t i = 0; i < n; i++)
		want[to + i] = copy[i];
	if (memmove(now + to, now + from, n) != now + to)
		fail("memmove's result", n, (long)from, (long)to);
	for (size_t i = 0; i < ROOM; i++)
		if (now[i] != want[i])
			fail("memmove", n, (long)from, (long)to);
}

static void compare(size_t n, size_t differs, int by)
{
	unsigned char *const a = edge - n, b[ROOM];

	for (size_t i = 0; i < n; i++)
		a[i] = b[i] = (unsigned char)(next() | 1);
	if (differs < n)
		b[differs] = (unsigned char)(b[differs] + by);
	const int want = differs < n ? (int)a[differs] - (int)b[differs] : 0;
	const int got = memcmp(a, b, n);
	if ((got > 0) - (got < 0) != (want > 0) - (want < 0))
		fail("memcmp", n, got, want);
}

static void find(size_t n, size_t place)
{
	unsigned char *const a = edge - n;

	for (size_t i = 0; i < n; i++)
		a[i] = 'x';
	if (n && a != edge)
		a[-1] = 'y'; /* right before the block */
	for (size_t i = place; i < n; i += 7)
		a[i] = 'y';
	const void *const want = place < n ? a + place : NULL;
	if (memchr(a, 'y', n) != want)
		fail("memchr", n, (long)place, 0);
	if (want && memchr(a, 'y', SIZE_MAX) != want)
		fail("memchr without an end", n, (long)place, 0);
}

int main(void)
{
	unsigned char *const pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED || mprotect(pages + 4096, 4096, PROT_NONE))
		return 2;
	edge = pages + 4096;
	for (size_t n = 0; n <= 300; n++) {
		for (size_t from = 0; from < 20; from++)
			move(n, from, 400 + from % 7);
		for (size_t distance = 0; distance < 40 || distance <= n + 1; distance += distance < 40 ? 1 : 13) {
			move(n, 320, 320 + distance);
			move(n, 320, 320 - (distance < 320 ? distance : 320));
		}
		for (size_t at = 0; at <= n; at++) {
			compare(n, at, 1);
			compare(n, at, -1);
			find(n, at);
		}
	}
	puts("ok");
	return 0;
}
