/*
 * oracle SEED COUNT: random expressions and texts, matched by src/sys/regex.c and by this machine's libc. What
 * matches, and where, must be the same; so must the groups of expressions whose groups POSIX leaves no choice:
 * without alternatives and without repeated groups. Anchors stand outside only and nothing is repeated no times: glibc
 * itself goes wrong there. Prints how many pairs were compared; the first that differs is shown, status 1.
 */
#include <regex.h>
#include <stdio.h>
#include "../../../src/sys/regex.c"

static unsigned long long state;
static char pattern[512], text[64];
static bool simple;

static unsigned pick(unsigned n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(state >> 33) % n;
}

static void word(const char *w)
{
	strcat(pattern, w);
}

static void expression(int depth);

static void one(int depth)
{
	static const char *const atoms[] = {
		"a", "b", "c", "ab", ".", "[ab]", "[^a]", "[a-c]", "[[:alpha:]]", "[[:digit:]b]", "[]a]", "[^]c-]", "[b-]", "\\.", "-", "1",
	};
	static const char *const repeats[] = { "*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}" };
	const bool group = depth > 0 && pick(4) == 0;
	if (group) {
		word("(");
		expression(depth - 1);
		word(")");
	} else {
		word(atoms[pick(16)]);
	}
	if (pick(3) == 0) {
		simple = simple && !group;
		word(repeats[pick(7)]);
	}
}

static void expression(int depth)
{
	for (unsigned n = 1 + pick(4); n; n--)
		one(depth);
	if (pick(4) == 0) {
		simple = false;
		word("|");
		expression(depth);
	}
}

int main(int argc, char **argv)
{
	state = argc > 1 ? strtoull(argv[1], 0, 10) : 1;
	unsigned long compared = 0, matched = 0, wanted = argc > 2 ? strtoul(argv[2], 0, 10) : 10000;
	while (compared < wanted) {
		*pattern = 0;
		simple = true;
		if (pick(6) == 0)
			word("^");
		expression(3);
		if (pick(6) == 0)
			word("$");
		regex_t r;
		if (strlen(pattern) > 400 || regcomp(&r, pattern, REG_EXTENDED))
			continue;
		for (int k = 0; k < 6; k++, compared++) {
			const unsigned n = pick(12);
			for (unsigned i = 0; i < n; i++)
				text[i] = "aabbcc1-]."[pick(10)];
			text[n] = 0;
			regmatch_t theirs[GROUPS];
			int32_t ours[2 * GROUPS];
			const int libc = !regexec(&r, text, GROUPS, theirs, 0);
			const int own = sys_regex_match((uint8_t *)pattern, strlen(pattern), (uint8_t *)text, n, (uint8_t *)ours, sizeof ours);
			bool same = own == libc;
			for (int i = 0; same && own == 1 && i < (simple ? GROUPS : 1); i++)
				same = ours[2 * i] == theirs[i].rm_so && ours[2 * i + 1] == theirs[i].rm_eo;
			matched += own == 1;
			if (!same) {
				printf("\"%s\" against \"%s\": libc %d, own %d\n", pattern, text, libc, own);
				for (int i = 0; i < GROUPS && libc && own == 1; i++)
					printf("group %d: libc %d-%d, own %d-%d\n", i, theirs[i].rm_so, theirs[i].rm_eo, ours[2 * i], ours[2 * i + 1]);
				return 1;
			}
		}
		regfree(&r);
	}
	printf("%lu compared, %s matched\n", compared, matched > wanted / 4 ? "many" : "few");
	return 0;
}
