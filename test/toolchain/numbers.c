/* numbers.c and print.c under other names, on this machine's libc: "strtod" reads a number a line and prints its bits and how much was read; "print" compares what is printed with glibc's. */
#define strtod own_strtod
#define vsnprintf own_vsnprintf
#define snprintf own_snprintf
#define vfprintf own_vfprintf
#include "../../toolchain/numbers.c"
#include "../../toolchain/print.c"
#undef vsnprintf
#undef snprintf
#undef vfprintf

static int differing;
static uint64_t state = 88172645463325252ull;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

#define SAME(...) do { \
		char own[200], theirs[200]; \
		const size_t room = next() % 2 ? sizeof(own) : next() % 30; \
		memset(own, 7, sizeof(own)); \
		memset(theirs, 7, sizeof(theirs)); \
		const int a = own_snprintf(own, room, __VA_ARGS__), b = snprintf(theirs, room, __VA_ARGS__); \
		if (a != b || memcmp(own, theirs, sizeof(own)) != 0) \
			differing++, printf("%s: %d \"%.*s\", not %d \"%.*s\"\n", #__VA_ARGS__, a, (int)room, own, b, (int)room, theirs); \
	} while (0)

static void compare(void)
{
	const uint64_t u = next() >> next() % 64;
	const double x = (double)(int64_t)(u >> 2) / (next() % 2 ? 1 : 7919e3);
	const int width = (int)(next() % 24), i = (int)u;
	char text[20] = "";

	for (unsigned n = next() % sizeof(text); n > 0; n--)
		text[n - 1] = (char)(' ' + next() % 90);
	SAME("%d %u %x|%02x|%02X|%04x %09u", i, (unsigned)u, (unsigned)u, (unsigned)u, (unsigned)u & 255, (unsigned)u & 4095, (unsigned)u);
	SAME("%ld %lu %zu", (long)u, (unsigned long)u, (size_t)u);
	SAME("%lld %llu %06lld %02llu", (long long)u, (unsigned long long)u, -(long long)(u & 4095), (unsigned long long)u);
	SAME("%*d|%-*d|%0*d|%2d|%03d", width, i, width, i, width, i, i & 127, -(i & 127));
	SAME("%s: %.*s|%.8s|%*s|%-*s|%c%%", text, width, text, text, width, text, width, text, '!' + i % 90);
	SAME("%.0f %.0f %.0f", x, -x, x / 2);
	SAME("%s %.3s", u & 1 ? text : NULL, text);
}

static void to_file(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	own_vfprintf(stdout, format, values);
	va_end(values);
}

int main(int argc, char **argv)
{
	char line[8192];

	if (argc > 1 && strcmp(argv[1], "print") == 0) {
		for (int i = 0; i < 20000; i++)
			compare();
		SAME("%.0f %.0f %.0f %.0f", 0.5, 1.5, -0.5, 0x1.fffffffffffffp62);
		SAME("%d %ld %lld", INT_MIN, LONG_MIN, LLONG_MIN);
		for (int n = 1; n < 2000; n *= 3)
			to_file("%0*d %s\n", n, 7, "seven");
		return differing != 0;
	}
	while (fgets(line, sizeof(line), stdin)) {
		char *end;
		const double x = own_strtod(line, &end);
		uint64_t bits;
		memcpy(&bits, &x, sizeof(bits));
		printf("%016llx %d\n", (unsigned long long)bits, (int)(end - line));
	}
	return 0;
}
