/*
 * Decimal numbers, for size: musl reads them as long doubles, which have 128
 * bits on aarch64, and libgcc computes with these in software. Here digits are
 * multiplied and divided until 53 bits stand before the point.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A double lies between two that need fewer digits than these to be told apart from it. */
#define DIGITS 800
/* Carries of this many bits and a digit fit into 64. */
#define SHIFT 58

/* 0.d0d1d2… × 10^point; sticky: digits other than 0 were cut off. */
struct decimal {
	int count, point;
	bool sticky;
	uint8_t digits[DIGITS + 20];
};

static void trim(struct decimal *d)
{
	while (d->count > 0 && d->digits[d->count - 1] == 0)
		d->count--;
	if (d->count == 0)
		d->point = 0;
}

static void multiply(struct decimal *d, int bits)
{
	uint8_t more[20];
	uint64_t carry = 0;
	int grown = 0;

	for (int i = d->count - 1; i >= 0; i--) {
		carry += (uint64_t)d->digits[i] << bits;
		d->digits[i] = carry % 10;
		carry /= 10;
	}
	for (; carry; carry /= 10)
		more[grown++] = carry % 10;
	memmove(d->digits + grown, d->digits, (size_t)d->count);
	for (int i = 0; i < grown; i++)
		d->digits[i] = more[grown - 1 - i];
	d->count += grown;
	d->point += grown;
	for (; d->count > DIGITS; d->count--)
		d->sticky |= d->digits[d->count - 1] != 0;
	trim(d);
}

static void divide(struct decimal *d, int bits)
{
	const uint64_t mask = ((uint64_t)1 << bits) - 1;
	uint64_t rest = 0;
	int read = 0, written = 0;

	for (; rest >> bits == 0; read++) {
		if (read >= d->count && rest == 0)
			return;
		rest = rest * 10 + (read < d->count ? d->digits[read] : 0);
	}
	d->point -= read - 1;
	for (; read < d->count || rest; read++) {
		const uint8_t digit = (uint8_t)(rest >> bits);
		if (written < DIGITS)
			d->digits[written++] = digit;
		else
			d->sticky |= digit != 0;
		rest = (rest & mask) * 10 + (read < d->count ? d->digits[read] : 0);
	}
	d->count = written;
	trim(d);
}

/* Rounded to an integer, half to even. Below 2^54. */
static uint64_t rounded(const struct decimal *d)
{
	uint64_t n = 0;

	for (int i = 0; i < d->point; i++)
		n = n * 10 + (i < d->count ? d->digits[i] : 0);
	if (d->point < 0 || d->point >= d->count)
		return n;
	if (d->digits[d->point] == 5 && d->point + 1 == d->count && !d->sticky)
		return n + (n & 1);
	return n + (d->digits[d->point] >= 5);
}

static double nearest(struct decimal *d)
{
	int exponent = 0;

	if (d->count == 0 || d->point < -330)
		return 0;
	if (d->point > 310)
		return INFINITY;
	/* into [1/2, 1) */
	for (int bits; d->point > 0; exponent += bits)
		divide(d, bits = d->point > 17 ? SHIFT : d->point * 3);
	for (int bits; d->point < 0 || (d->point == 0 && d->digits[0] < 5); exponent -= bits)
		multiply(d, bits = d->point < -17 ? SHIFT : d->point < 0 ? -d->point * 3 : 1);
	/* 53 bits, fewer for what is next to 0 */
	int bits = 53;
	if (exponent < -1021)
		bits -= -1021 - exponent;
	if (bits < 0)
		return 0;
	multiply(d, bits);
	return ldexp((double)rounded(d), exponent - bits);
}

/* Of a decimal number only: no hexadecimal ones, no "inf" and no "nan". */
double strtod(const char *restrict text, char **restrict end)
{
	struct decimal d = { 0 };
	const char *p = text + strspn(text, " \t\n\v\f\r");
	const bool negative = *p == '-';
	bool any = false, fraction = false;

	p += *p == '-' || *p == '+';
	for (;; p++) {
		if (*p == '.' && !fraction) {
			fraction = true;
			continue;
		}
		if (*p < '0' || *p > '9')
			break;
		any = true;
		if (d.count == 0 && *p == '0') {
			d.point -= fraction;
			continue;
		}
		if (d.count < DIGITS)
			d.digits[d.count++] = (uint8_t)(*p - '0');
		else
			d.sticky |= *p != '0';
		d.point += !fraction;
	}
	if (!any)
		p = text;
	if (any && (*p == 'e' || *p == 'E')) {
		const char *q = p + 1;
		const bool down = *q == '-';
		int e = 0;

		q += *q == '-' || *q == '+';
		if (*q >= '0' && *q <= '9') {
			for (; *q >= '0' && *q <= '9'; q++)
				e = e < 100000000 ? e * 10 + (*q - '0') : e;
			d.point += down ? -e : e;
			p = q;
		}
	}
	if (end)
		*end = (char *)p;
	trim(&d);
	const double value = nearest(&d);
	return negative && any ? -value : value;
}
