/*
 * Printing, for size: text, integers, and doubles rounded to one, which is all
 * that scriptc's runtime prints but in Number.toExponential() and for BigInts.
 * compile.ts leaves it to musl in programs with these. Another conversion ends
 * the program. A double beyond 2^63, in messages about sizes only, is printed
 * as that.
 */
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct out {
	char *to;
	size_t room;
	size_t n;
};

static void put(struct out *o, const char *text, size_t n)
{
	if (o->n < o->room) {
		const size_t fits = o->room - o->n;
		memcpy(o->to + o->n, text, n < fits ? n : fits);
	}
	o->n += n;
}

static void pad(struct out *o, char with, int n)
{
	for (; n > 0; n--)
		put(o, &with, 1);
}

static int number(const char **p, va_list *values)
{
	int n = 0;

	if (**p == '*') {
		(*p)++;
		return va_arg(*values, int);
	}
	for (; **p >= '0' && **p <= '9'; (*p)++)
		n = n * 10 + (**p - '0');
	return n;
}

static void print(struct out *o, const char *p, va_list *values)
{
	for (; *p; p++) {
		const char *const plain = p;
		char buffer[24], *text = buffer + sizeof(buffer);
		bool left = false, negative = false;
		char with = ' ';
		int width, precision = -1, longs = 0;

		while (*p && *p != '%')
			p++;
		if (p != plain) {
			put(o, plain, (size_t)(p-- - plain));
			continue;
		}
		for (p++; *p == '-' || *p == '0'; p++) {
			left |= *p == '-';
			with = *p == '0' ? '0' : with;
		}
		width = number(&p, values);
		if (*p == '.') {
			p++;
			precision = number(&p, values);
		}
		for (; *p == 'l' || *p == 'z'; p++)
			longs++;

		size_t n;
		if (*p == 's' || *p == 'c' || *p == '%') {
			if (*p == 's') {
				text = va_arg(*values, char *);
				if (!text)
					text = "(null)";
				n = precision < 0 ? strlen(text) : strnlen(text, (size_t)precision);
			} else {
				*--text = *p == '%' ? '%' : (char)va_arg(*values, int);
				n = 1;
			}
			with = ' ';
		} else {
			const unsigned base = *p == 'x' || *p == 'X' ? 16 : 10;
			const char letter = *p == 'X' ? 'A' : 'a';
			unsigned long long u;
			if (*p == 'f' ? precision != 0 : precision >= 0)
				abort();
			if (*p == 'f') {
				const double x = rint(va_arg(*values, double));
				negative = signbit(x);
				u = fabs(x) < 0x1p63 ? (unsigned long long)fabs(x) : 1ull << 63;
			} else if (*p == 'd') {
				const long long x = longs > 1 ? va_arg(*values, long long) : longs ? va_arg(*values, long) : va_arg(*values, int);
				negative = x < 0;
				u = negative ? -(unsigned long long)x : (unsigned long long)x;
			} else if (*p == 'u' || base == 16) {
				u = longs > 1 ? va_arg(*values, unsigned long long) : longs ? va_arg(*values, unsigned long) : va_arg(*values, unsigned);
			} else {
				abort();
			}
			do {
				const unsigned digit = (unsigned)(u % base);
				*--text = (char)(digit < 10 ? '0' + digit : letter + digit - 10);
				u /= base;
			} while (u);
			n = (size_t)(buffer + sizeof(buffer) - text);
		}
		const int rest = width - (int)n - negative;
		if (!left && with == ' ')
			pad(o, ' ', rest);
		if (negative)
			put(o, "-", 1);
		if (!left && with == '0')
			pad(o, '0', rest);
		put(o, text, n);
		if (left)
			pad(o, ' ', rest);
	}
}

int vsnprintf(char *restrict to, size_t room, const char *restrict format, va_list values)
{
	struct out o = { to, room ? room - 1 : 0, 0 };
	va_list own;

	va_copy(own, values);
	print(&o, format, &own);
	va_end(own);
	if (room)
		to[o.n < o.room ? o.n : o.room] = '\0';
	return (int)o.n;
}

int snprintf(char *restrict to, size_t room, const char *restrict format, ...)
{
	va_list values;

	va_start(values, format);
	const int n = vsnprintf(to, room, format, values);
	va_end(values);
	return n;
}

/* Written at once: files may be unbuffered. */
int vfprintf(FILE *restrict file, const char *restrict format, va_list values)
{
	char few[512], *text = few;
	va_list again;

	va_copy(again, values);
	int n = vsnprintf(few, sizeof(few), format, values);
	if ((size_t)n >= sizeof(few)) {
		text = malloc((size_t)n + 1);
		if (text) {
			vsnprintf(text, (size_t)n + 1, format, again);
		} else {
			text = few;
			n = sizeof(few) - 1;
		}
	}
	va_end(again);
	n = fwrite(text, 1, (size_t)n, file) == (size_t)n ? n : -1;
	if (text != few)
		free(text);
	return n;
}
