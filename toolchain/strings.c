/*
 * Strings that are short or plain ASCII, which are nearly all that a program
 * has: JavaScript's positions are then those of the bytes. scriptc's runtime
 * keeps a table of positions for any string, and fills it for each of these
 * too; what is not answered here goes on to it (scr_..._any).
 */
#include <stdint.h>
#include <string.h>

#include "scr_runtime.h"

/* Longer ones are looked through once by the runtime, and not at every call. */
#define SHORT 128

double scr_str_utf16_len_any(ScrStr *s);
double scr_str_char_code_at_any(ScrStr *s, double i);
double scr_str_index_of_any(ScrStr *s, ScrStr *needle, double from);
ScrStr *scr_str_slice_any(ScrStr *s, double start, double end);

static bool is_ascii(const char *p, size_t n)
{
	uint64_t w, seen = 0;

	if (n < 8) {
		for (size_t i = 0; i < n; i++)
			seen |= (uint8_t)p[i];
		return seen < 128;
	}
	for (size_t i = 0; i + 8 < n; i += 8) {
		memcpy(&w, p + i, 8);
		seen |= w;
	}
	memcpy(&w, p + n - 8, 8);
	return !((seen | w) & 0x8080808080808080ull);
}

/* Texts of the program itself never change or go away: what was looked through once is known. */
static bool is_plain_literal(const ScrStr *s)
{
	static const ScrStr *known[4];
	const ScrStr **const seen = &known[(uintptr_t)s / 64 % 4];

	if (s->rc != UINT32_MAX)
		return false;
	if (*seen != s && is_ascii(s->data, s->len))
		*seen = s;
	return *seen == s;
}

static bool is_plain(const ScrStr *s)
{
	return s->len <= SHORT ? is_ascii(s->data, s->len) : is_plain_literal(s);
}

double scr_str_utf16_len(ScrStr *s)
{
	return is_plain(s) ? (double)s->len : scr_str_utf16_len_any(s);
}

double scr_str_char_code_at(ScrStr *s, double i)
{
	if (i >= 0 && i < (double)s->len && is_plain(s))
		return (uint8_t)s->data[(size_t)i];
	return scr_str_char_code_at_any(s, i);
}

/*
 * Only what lies before the place that is found has to be ASCII. A long text
 * that is searched on and on would be looked through from its start each time.
 */
double scr_str_index_of(ScrStr *s, ScrStr *needle, double from)
{
	const size_t n = needle->len;

	if (!(from >= 0 && from <= (double)s->len) || n == 0 || (from > 0 && s->len > SHORT && !is_plain_literal(s)))
		return scr_str_index_of_any(s, needle, from);
	const char *const end = s->data + s->len;
	const char *p = s->data + (size_t)from;
	while ((size_t)(end - p) >= n && (p = memchr(p, needle->data[0], (size_t)(end - p) - n + 1)) != NULL) {
		if (memcmp(p, needle->data, n) == 0)
			return is_plain_literal(s) || is_ascii(s->data, (size_t)(p - s->data)) ? (double)(p - s->data) : scr_str_index_of_any(s, needle, from);
		p++;
	}
	return -1;
}

ScrStr *scr_str_slice(ScrStr *s, double start, double end)
{
	if (start >= 0 && end - start > 4 && start < (double)s->len && is_plain(s)) {
		const size_t from = (size_t)start;
		const size_t to = end < (double)s->len ? (size_t)end : s->len;
		if (to - from > 4) /* shorter ones are kept, not made */
			return scr_str_new(s->data + from, to - from);
	}
	return scr_str_slice_any(s, start, end);
}
