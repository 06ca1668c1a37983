/*
 * Exercises the allocator: `random N` does N random operations and checks
 * that blocks keep what was written, are aligned and don't overlap; the other
 * words misuse it and must not come back.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS 3000

static unsigned char *block[BLOCKS];
static size_t size[BLOCKS];
static uint64_t state = 88172645463325252ull;

static unsigned pick(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % below;
}

static size_t some_size(void)
{
	const unsigned kind = pick(10);
	return kind < 7 ? pick(600) : kind < 9 ? pick(6000) : pick(80000);
}

static void fill(unsigned i)
{
	memset(block[i], (int)(i & 255), size[i]);
}

static void check(unsigned i, size_t upto)
{
	for (size_t k = 0; k < upto; k += k < 64 ? 1 : 61)
		if (block[i][k] != (i & 255)) {
			printf("block %u of %zu changed at %zu\n", i, size[i], k);
			exit(1);
		}
}

static int exercise(long n)
{
	for (long k = 0; k < n; k++) {
		const unsigned i = pick(BLOCKS);
		if (!block[i]) {
			size[i] = some_size();
			const int zeroed = pick(2);
			block[i] = zeroed ? calloc(1, size[i]) : malloc(size[i]);
			if (!block[i] || (uintptr_t)block[i] % 16)
				return puts("no block, or not aligned"), 1;
			for (size_t z = 0; zeroed && z < size[i]; z++)
				if (block[i][z])
					return puts("calloc's block is not zero"), 1;
			fill(i);
		} else if (pick(4) == 0) {
			const size_t now = some_size();
			unsigned char *const moved = realloc(block[i], now + 1);
			if (!moved)
				return puts("no block from realloc"), 1;
			block[i] = moved;
			check(i, now < size[i] ? now : size[i]);
			size[i] = now;
			fill(i);
		} else {
			check(i, size[i]);
			free(block[i]);
			block[i] = NULL;
		}
	}
	for (unsigned i = 0; i < BLOCKS; i++)
		free(block[i]);
	puts("ok");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "random"))
		return exercise(atol(argv[2]));
	if (argc != 2)
		return 2;
	char *volatile small = malloc(40), *volatile run = malloc(3000), *volatile large = malloc(100000);
	if (!strcmp(argv[1], "twice")) {
		free(small);
		free(small);
	} else if (!strcmp(argv[1], "twice-run")) {
		free(run);
		free(run);
	} else if (!strcmp(argv[1], "inside")) {
		free(small + 8);
	} else if (!strcmp(argv[1], "inside-run")) {
		free(run + 1024);
	} else if (!strcmp(argv[1], "header")) {
		memset(large - 16, 0, 16);
		free(large);
	} else if (!strcmp(argv[1], "too-much")) {
		return malloc(SIZE_MAX - 5) != NULL || calloc(SIZE_MAX / 2, 3) != NULL || realloc(run, SIZE_MAX - 5) != NULL;
	}
	return 0;
}
