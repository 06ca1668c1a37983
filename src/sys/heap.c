/*
 * The allocator of the whole program, in place of libc's. Our processes are
 * small, have one thread, and either end soon or live for years: what counts
 * is how many pages they touch. Memory comes in units of 1 KiB. A unit holds
 * blocks of one size without headers; larger blocks are runs of units; what is
 * larger still is a mapping of its own. Free runs are joined, and pages of long
 * ones go back to the kernel. All of it lies in one reserved range, described
 * by a table at its start.
 * Next to musl's allocator a container's start touches 100 pages fewer and
 * makes 130 calls of mmap and munmap fewer.
 */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__
#endif
#endif
#ifndef __SANITIZE_ADDRESS__ /* it brings its own */
/* A sixth of all instructions of a start are here. Calls of memset cost more than the few bytes they clear. */
#pragma GCC optimize("O2", "no-tree-loop-distribute-patterns")
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define UNIT 1024u
#define SMALL 512u                  /* largest block that shares a unit */
#define LARGE (32u * UNIT)          /* blocks above are mappings */
#define RESERVE ((size_t)(sizeof(void *) == 8 ? 1024 : 128) << 20)
#define UNITS (RESERVE / UNIT)
#define TABLE_UNITS (UNITS * sizeof(struct unit) / UNIT)
#define LONG (LARGE / UNIT)
#define COMMIT 64u                  /* units made usable at a time */
#define GIVE_BACK 64u               /* units of a free run whose pages are returned */
#define PAGE 4096u
#define LARGE_HEADER 16u
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23      /* since Linux 5.14 */
#endif
#define LARGEST ((size_t)PTRDIFF_MAX - 2 * PAGE)

enum { INSIDE, FREE, RUN, SHARED }; /* what a unit is: SHARED + class holds blocks of that class */

/*
 * One unit. FREE and RUN describe a run, in its first unit; the last unit of a
 * free run is FREE too and knows the first. All units between are INSIDE.
 */
struct unit {
	uint8_t kind;
	uint8_t live;       /* blocks in use */
	uint8_t fresh;      /* blocks that were ever in use: the others have no link yet */
	uint8_t head;       /* first free block plus one; each holds the next in its first byte */
	uint32_t length;    /* of a run; in the last unit of a free one: place of the first */
	uint32_t next, previous; /* lists of free runs, and of units with free blocks; 0 = end */
};

/* A division costs more than all else here: what is divided by a size is kept beside it. */
#define CLASS(size) { size, UNIT / size, (1u << 16) / size + ((1u << 16) % size != 0) }
static const struct {
	uint16_t size;
	uint16_t capacity;  /* blocks in a unit */
	uint16_t inverse;   /* 2^16 / size, rounded up: exact for every place within a unit */
} classes[] = {
	CLASS(16), CLASS(32), CLASS(48), CLASS(64), CLASS(80), CLASS(96), CLASS(112), CLASS(128),
	CLASS(160), CLASS(192), CLASS(224), CLASS(256), CLASS(320), CLASS(512),
};
#define CLASSES (sizeof classes / sizeof *classes)
#define GRAIN 16u                   /* every size is a multiple */
/* Class of a block of so many grains. */
static const uint8_t class_of[SMALL / GRAIN + 1] = {
	0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 12, 12, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13,
};

static struct unit *units;          /* also the start of the range */
static uint32_t top;                /* first unit that was never used */
static uint32_t committed;          /* units that may be touched */
static uint32_t free_runs[LONG + 1]; /* by length; the last list has all longer ones */
static uint32_t partial[CLASSES];   /* units with a free block */

static void *out_of_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

static char *address(uint32_t u)
{
	return (char *)units + (size_t)u * UNIT;
}

static void unlink_unit(uint32_t *list, uint32_t u)
{
	struct unit *const x = units + u;
	if (x->previous)
		units[x->previous].next = x->next;
	else
		*list = x->next;
	if (x->next)
		units[x->next].previous = x->previous;
}

static void link_unit(uint32_t *list, uint32_t u)
{
	units[u].previous = 0;
	units[u].next = *list;
	if (*list)
		units[*list].previous = u;
	*list = u;
}

static int reserve(void)
{
	void *const p = mmap(NULL, RESERVE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return 0;
	/* the table is touched as far as units are used */
	if (mprotect(p, TABLE_UNITS * UNIT, PROT_READ | PROT_WRITE)) {
		munmap(p, RESERVE);
		return 0;
	}
	units = p;
	top = committed = TABLE_UNITS;
	return 1;
}

/* Units from the end of what was used; 0 when there are none left. */
static uint32_t extend(uint32_t length)
{
	const uint32_t first = top;
	if (length > UNITS - top)
		return 0;
	if (top + length > committed) {
		const uint32_t more = (top + length - committed + COMMIT - 1) / COMMIT * COMMIT;
		if (more > UNITS - committed || mprotect(address(committed), (size_t)more * UNIT, PROT_READ | PROT_WRITE))
			return 0;
		/* every process uses the first pages: one call instead of a fault each */
		if (committed == TABLE_UNITS)
			madvise(address(committed), (size_t)more * UNIT, MADV_POPULATE_WRITE);
		committed += more;
	}
	top += length;
	return first;
}

/* No run begins at place 1: that is the table's. */
#define ALONE 1u

static uint32_t *list_for(uint32_t length)
{
	return &free_runs[length < LONG ? length : LONG];
}

static void mark_free(uint32_t first, uint32_t length)
{
	const uint32_t last = first + length - 1;
	units[first].kind = units[last].kind = FREE;
	units[first].length = length;
	if (last != first)
		units[last].length = first;
	link_unit(list_for(length), first);
}

/* Takes a free run off the list; its ends are ordinary units again. */
static uint32_t unmark_free(uint32_t first)
{
	const uint32_t length = units[first].length;
	unlink_unit(list_for(length), first);
	units[first].kind = units[first + length - 1].kind = INSIDE;
	return length;
}

/* A free run that is long enough; 0 when there is none. */
static uint32_t find_run(uint32_t length)
{
	for (uint32_t l = length; l < LONG; l++)
		if (free_runs[l])
			return free_runs[l];
	uint32_t u = free_runs[LONG];
	while (u && units[u].length < length)
		u = units[u].next;
	return u;
}

/* A run of units: a free one, else new ones. 0: none. */
static uint32_t take_run(uint32_t length)
{
	uint32_t u = find_run(length);
	if (u) {
		const uint32_t has = unmark_free(u);
		if (has > length)
			mark_free(u + length, has - length);
	} else if (units || reserve()) {
		u = extend(length);
	}
	if (u) {
		units[u].kind = RUN;
		units[u].length = length;
	}
	return u;
}

static void give_back_pages(uint32_t first, uint32_t length)
{
	char *const from = (char *)(((uintptr_t)address(first) + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
	char *const to = (char *)((uintptr_t)address(first + length) & ~(uintptr_t)(PAGE - 1));
	if (to > from)
		madvise(from, (size_t)(to - from), MADV_DONTNEED);
}

static void release_run(uint32_t first, uint32_t length)
{
	uint32_t start = first, all = length, longest = 0;
	units[first].kind = INSIDE;
	if (first > TABLE_UNITS && units[first - 1].kind == FREE) {
		start = units[first - 1].length == ALONE ? first - 1 : units[first - 1].length;
		longest = unmark_free(start);
		all += longest;
	}
	if (first + length < top && units[first + length].kind == FREE) {
		const uint32_t behind = unmark_free(first + length);
		longest = behind > longest ? behind : longest;
		all += behind;
	}
	/* a part that was long enough before has given its pages back already */
	if (longest >= GIVE_BACK)
		give_back_pages(first, length);
	else if (all >= GIVE_BACK)
		give_back_pages(start, all);
	mark_free(start, all);
}

/* ---- blocks that share a unit ---- */

/* What is rare stands in functions of its own that are called last: the usual ways then need no registers saved. */
#define RARE __attribute__((noinline, cold))

static void *take(size_t n);

/* From a unit of which no block is in use. */
static RARE void *take_from_new(unsigned class)
{
	const uint32_t u = take_run(1);
	if (!u)
		return out_of_memory();
	units[u] = (struct unit){ .kind = (uint8_t)(SHARED + class) };
	link_unit(&partial[class], u);
	return take(classes[class].size);
}

static RARE void *leave_full(unsigned class, uint32_t u, void *p)
{
	unlink_unit(&partial[class], u);
	return p;
}

static RARE void leave_empty(unsigned class, uint32_t u)
{
	const int before = errno;
	unlink_unit(&partial[class], u);
	release_run(u, 1);
	errno = before;
}

static inline void *take_block(unsigned class)
{
	const uint32_t u = partial[class];
	if (!u)
		return take_from_new(class);
	struct unit *const x = units + u;
	char *p = address(u);
	if (x->head) {
		p += (x->head - 1u) * classes[class].size;
		x->head = *(uint8_t *)p;
	} else {
		p += x->fresh++ * classes[class].size;
	}
	return ++x->live == classes[class].capacity ? leave_full(class, u, p) : p;
}

static inline void put_back(struct unit *x, unsigned class, uint32_t u, char *p, unsigned block)
{
	*(uint8_t *)p = x->head;
	x->head = (uint8_t)(block + 1);
	/* one empty unit of a size is kept: it is wanted again soon */
	if (--x->live == 0 && (x->next || x->previous))
		leave_empty(class, u);
}

static RARE void put_back_to_full(struct unit *x, unsigned class, uint32_t u, char *p, unsigned block)
{
	link_unit(&partial[class], u);
	put_back(x, class, u, p, block);
}

static inline void release_block(uint32_t u, char *p)
{
	struct unit *const x = units + u;
	const unsigned class = (unsigned)x->kind - SHARED;
	const unsigned offset = (unsigned)(p - address(u));
	const unsigned block = offset * classes[class].inverse >> 16;
	if (block * classes[class].size != offset || block >= x->fresh || !x->live || x->head == block + 1)
		__builtin_trap();
	if (x->live == classes[class].capacity)
		put_back_to_full(x, class, u, p, block);
	else
		put_back(x, class, u, p, block);
}

/* ---- blocks that are mappings ---- */

struct mapping {
	size_t size; /* header included */
	size_t mark;
};
#define MAPPED ((size_t)0x6d617070u)

static void *map_block(size_t n)
{
	const size_t size = (n + LARGE_HEADER + PAGE - 1) & ~(size_t)(PAGE - 1);
	struct mapping *const m = n > LARGEST ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m == MAP_FAILED)
		return out_of_memory();
	*m = (struct mapping){ size, MAPPED };
	return (char *)m + LARGE_HEADER;
}

static struct mapping *mapping_of(void *p)
{
	struct mapping *const m = (struct mapping *)((char *)p - LARGE_HEADER);
	if (m->mark != MAPPED)
		__builtin_trap();
	return m;
}

/* ---- the functions of libc ---- */

/* Place of the unit of a block; 0 for a mapping. */
static uint32_t unit_of(const void *p)
{
	const size_t offset = (size_t)((const char *)p - (const char *)units);
	return units && offset < RESERVE ? (uint32_t)(offset / UNIT) : 0;
}

/* No small block. */
static RARE void *take_units(size_t n)
{
	if (n > LARGE)
		return map_block(n);
	const uint32_t u = take_run((uint32_t)((n + UNIT - 1) / UNIT));
	return u ? address(u) : map_block(n);
}

static RARE void free_units(void *p, uint32_t u)
{
	const int before = errno;
	if (!u) {
		struct mapping *const m = mapping_of(p);
		munmap(m, m->size);
	} else if (units[u].kind == RUN && p == address(u)) {
		release_run(u, units[u].length);
	} else {
		__builtin_trap();
	}
	errno = before;
}

/* Apart from malloc, which a compiler may put together with memset to a call of calloc. */
static void *take(size_t n)
{
	return n <= SMALL ? take_block(class_of[(n + GRAIN - 1) / GRAIN]) : take_units(n);
}

void *malloc(size_t n)
{
	return take(n);
}

void free(void *p)
{
	if (!p)
		return;
	const uint32_t u = unit_of(p);
	if (u && units[u].kind >= SHARED)
		release_block(u, p);
	else
		free_units(p, u);
}

size_t malloc_usable_size(void *p)
{
	if (!p)
		return 0;
	const uint32_t u = unit_of(p);
	if (!u)
		return mapping_of(p)->size - LARGE_HEADER;
	return units[u].kind == RUN ? (size_t)units[u].length * UNIT : classes[units[u].kind - SHARED].size;
}

struct grain {
	uint64_t low, high;
} __attribute__((may_alias));

void *calloc(size_t count, size_t size)
{
	size_t n;
	if (__builtin_mul_overflow(count, size, &n))
		return out_of_memory();
	void *const p = take(n);
	if (p && n <= SMALL)
		for (size_t at = 0; at < n; at += GRAIN)
			*(struct grain *)((char *)p + at) = (struct grain){ 0, 0 };
	else if (p && unit_of(p)) /* a mapping is zero already */
		memset(p, 0, n);
	return p;
}

static void *remap(void *p, size_t n)
{
	struct mapping *m = mapping_of(p);
	const size_t size = (n + LARGE_HEADER + PAGE - 1) & ~(size_t)(PAGE - 1);
	m = n > LARGEST ? MAP_FAILED : mremap(m, m->size, size, MREMAP_MAYMOVE);
	if (m == MAP_FAILED)
		return out_of_memory();
	m->size = size;
	return (char *)m + LARGE_HEADER;
}

void *realloc(void *p, size_t n)
{
	if (!p)
		return take(n);
	const size_t room = malloc_usable_size(p);
	if (n <= room && (room <= SMALL ? n > room / 2 || room <= 64 : n > SMALL && n > room / 2))
		return p;
	if (n > LARGE && !unit_of(p))
		return remap(p, n);
	void *const moved = take(n);
	if (!moved)
		return NULL;
	memcpy(moved, p, n < room ? n : room);
	free(p);
	return moved;
}

/* Nothing in the program wants more than the alignment that every block has. */
void *aligned_alloc(size_t alignment, size_t n)
{
	if (alignment > 16) {
		errno = EINVAL;
		return NULL;
	}
	return take(n);
}

void *memalign(size_t alignment, size_t n)
{
	return aligned_alloc(alignment, n);
}
/* ---- what a process that has become quiet does not need ---- */

extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char etext[] __attribute__((visibility("hidden")));

/*
 * Gives free pages back, also those of short runs, and unmaps the code: nearly
 * all of it ran once, and what runs again is mapped again from the file.
 */
int32_t sys_settle(void)
{
	uint32_t step;
	for (uint32_t u = TABLE_UNITS; units && u < top; u += step) {
		step = units[u].kind == FREE || units[u].kind == RUN ? units[u].length : 1;
		if (units[u].kind == FREE)
			give_back_pages(u, step);
	}
	const uintptr_t from = (uintptr_t)__ehdr_start & ~(uintptr_t)(PAGE - 1);
	const uintptr_t to = (uintptr_t)etext & ~(uintptr_t)(PAGE - 1);
	/* neither headers nor code are ever written: what is dropped is in the file */
	return madvise((void *)from, to - from, MADV_DONTNEED) ? -errno : 0;
}
#else
#include <stdint.h>
int32_t sys_settle(void)
{
	return 0;
}
#endif
