/*
 * Extended regular expressions: libc's matcher is as large as a tenth of the
 * program's C, for a few rules about device names. An expression becomes a
 * program of a few kinds of steps; its paths are tried in order of preference,
 * and no step twice at the same place of the text, so that the time is at most
 * the product of both lengths. The longest of the leftmost matches is
 * reported; among equally long ones the groups are those of the earlier
 * alternative and of the longer earlier repetition.
 * Rules: POSIX "Extended Regular Expressions"; characters are ASCII, other
 * bytes stand for themselves. Not known: collating names, back references.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS 10
#define STEPS 4096      /* of a program; a repetition by number repeats what it repeats */
#define DEPTH 64        /* of groups within groups */
#define TIMES 255       /* largest number of a repetition */
#define PATTERN 1024    /* bytes, with the one behind */
#define TEXT_MAX 4096

enum { BYTE, ANY, SET, SPLIT, JUMP, SAVE, FIRST, LAST, DONE };

/* Places are counted from the step that names them. SPLIT tries the next step first, or `to` first where `late`. */
struct step {
	uint8_t kind, byte;
	bool late;
	int16_t to;
};

struct set {
	uint32_t bits[8];
};

struct program {
	const char *at;
	unsigned length, sets, groups, depth;
	bool bad;
	struct step steps[STEPS];
	struct set set[PATTERN / 2];
};

static void alternatives(struct program *p);

static struct step *insert(struct program *p, unsigned at, uint8_t kind)
{
	static struct step nowhere;
	if (p->length == STEPS) {
		p->bad = true;
		return &nowhere;
	}
	memmove(p->steps + at + 1, p->steps + at, (p->length++ - at) * sizeof *p->steps);
	p->steps[at] = (struct step){ .kind = kind };
	return p->steps + at;
}

static struct step *add(struct program *p, uint8_t kind)
{
	return insert(p, p->length, kind);
}

static void put(struct set *s, unsigned byte)
{
	s->bits[byte / 32] |= 1u << byte % 32;
}

static bool is_in(const char *class, size_t n, unsigned c)
{
	static const char names[] = "alpha digit alnum upper lower space blank punct cntrl print graph xdigit";
	const bool lower = c - 'a' < 26, upper = c - 'A' < 26, digit = c - '0' < 10, graph = c - '!' < 94;
	const bool answers[] = {
		lower || upper, digit, lower || upper || digit, upper, lower, c == ' ' || c - 9 < 5, c == ' ' || c == 9,
		graph && !(lower || upper || digit), c < 32 || c == 127, graph || c == ' ', graph, digit || (c | 32) - 'a' < 6,
	};
	const char *name = names;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++, name += strcspn(name, " ") + 1)
		if (strcspn(name, " ") == n && !memcmp(name, class, n))
			return answers[i];
	return false;
}

/* Puts a class into the set; false when there is none of that name. */
static bool put_class(struct set *s, const char *class, size_t n)
{
	bool known = false;
	for (unsigned c = 0; c < 128; c++) {
		if (is_in(class, n, c)) {
			put(s, c);
			known = true;
		}
	}
	return known;
}

/* Behind "[". */
static void bracket(struct program *p)
{
	if (p->sets == sizeof p->set / sizeof *p->set) {
		p->bad = true;
		return;
	}
	struct set *const s = p->set + p->sets;
	add(p, SET)->to = (int16_t)p->sets++;
	const bool others = *p->at == '^';
	if (others)
		p->at++;
	const char *const start = p->at;
	while (*p->at && (*p->at != ']' || p->at == start)) {
		if (p->at[0] == '[' && (p->at[1] == '.' || p->at[1] == '=')) {
			p->bad = true;
			return;
		}
		if (p->at[0] == '[' && p->at[1] == ':') {
			const char *const end = strstr(p->at, ":]");
			if (!end || !put_class(s, p->at + 2, (size_t)(end - p->at) - 2)) {
				p->bad = true;
				return;
			}
			p->at = end + 2;
			continue;
		}
		unsigned from = (uint8_t)*p->at++, to = from;
		if (p->at[0] == '-' && p->at[1] && p->at[1] != ']') {
			to = (uint8_t)p->at[1];
			p->at += 2;
			if (to < from || (to == '[' && strchr(".=:", *p->at) && *p->at))
				p->bad = true;
		}
		for (; from <= to; from++)
			put(s, from);
	}
	if (!*p->at)
		p->bad = true;
	else
		p->at++;
	if (others)
		for (unsigned i = 0; i < 8; i++)
			s->bits[i] = ~s->bits[i];
}

/* Behind "\": a letter or digit would be somebody's extension, all else stands for itself. */
static void escape(struct program *p)
{
	if (!*p->at || is_in("alnum", 5, (uint8_t)*p->at))
		p->bad = true;
	else
		add(p, BYTE)->byte = (uint8_t)*p->at++;
}

static void atom(struct program *p)
{
	const char c = *p->at++;
	if (c == '(') {
		const unsigned group = p->groups++;
		if (++p->depth > DEPTH) {
			p->bad = true;
			return;
		}
		add(p, SAVE)->byte = (uint8_t)(group < GROUPS ? 2 * group : 2 * GROUPS);
		alternatives(p);
		add(p, SAVE)->byte = (uint8_t)(group < GROUPS ? 2 * group + 1 : 2 * GROUPS);
		p->depth--;
		if (*p->at++ != ')') {
			p->at--;
			p->bad = true;
		}
	} else if (c == '[') {
		bracket(p);
	} else if (c == '\\') {
		escape(p);
	} else if (c == '.') {
		add(p, ANY);
	} else if (c == '^') {
		add(p, FIRST);
	} else if (c == '$') {
		add(p, LAST);
	} else if (strchr("*+?{", c)) {
		p->bad = true;
	} else {
		add(p, BYTE)->byte = (uint8_t)c;
	}
}

static int number(struct program *p)
{
	int n = -1;
	while (*p->at >= '0' && *p->at <= '9' && n <= TIMES)
		n = (n < 0 ? 0 : n) * 10 + (*p->at++ - '0');
	return n;
}

/* How often, behind an atom; most < 0: without end. false: there is no such word. */
static bool times(struct program *p, int *least, int *most)
{
	const char c = *p->at;
	if (!c || !strchr("*+?{", c))
		return false;
	p->at++;
	*least = c == '+';
	*most = c == '?' ? 1 : -1;
	if (c != '{')
		return true;
	*least = number(p);
	*most = *least;
	if (*p->at == ',') {
		p->at++;
		*most = number(p);
	}
	if (*least < 0 || *least > TIMES || *most > TIMES || (*most >= 0 && *most < *least) || *p->at != '}')
		p->bad = true;
	else
		p->at++;
	return true;
}

static void copy(struct program *p, unsigned start, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		*add(p, BYTE) = p->steps[start + i];
}

/* An atom and how often it comes. */
static void piece(struct program *p)
{
	const unsigned start = p->length;
	atom(p);
	int least, most;
	while (!p->bad && times(p, &least, &most)) {
		const unsigned n = p->length - start;
		if (p->bad)
			return;
		/* the atom is there once: copies behind it, the last ones optional */
		for (int i = 1; i < least && !p->bad; i++)
			copy(p, start, n);
		if (most < 0 && least > 0) {
			struct step *const again = add(p, SPLIT);
			again->late = true;
			again->to = (int16_t)-(int)n;
		} else if (most < 0) {
			insert(p, start, SPLIT)->to = (int16_t)(n + 2);
			add(p, JUMP)->to = (int16_t)-(int)(n + 1);
		} else if (most == 0) {
			insert(p, start, JUMP)->to = (int16_t)(n + 1);
		} else {
			const unsigned first = least > 0 ? p->length : start;
			for (int i = least > 0 ? least : 1; i < most && !p->bad; i++)
				copy(p, start, n);
			/* every optional copy may leave for the end */
			const int optional = most - least;
			for (int i = optional - 1; i >= 0 && !p->bad; i--)
				insert(p, first + (unsigned)i * n, SPLIT);
			for (int i = 0; i < optional && !p->bad; i++)
				p->steps[first + (unsigned)i * (n + 1)].to = (int16_t)((optional - i) * (int)(n + 1));
		}
	}
}

static void alternatives(struct program *p)
{
	const unsigned start = p->length;
	while (!p->bad && *p->at && *p->at != '|' && *p->at != ')')
		piece(p);
	if (p->bad || *p->at != '|')
		return;
	p->at++;
	const int left = (int)(p->length - start);
	insert(p, start, SPLIT)->to = (int16_t)(left + 2);
	const unsigned end = p->length;
	add(p, JUMP);
	alternatives(p);
	if (!p->bad)
		p->steps[end].to = (int16_t)(p->length - end);
}

struct search {
	const struct program *p;
	const char *text;
	int length;
	uint8_t *seen;          /* a bit for each step at each place */
	int16_t now[2 * GROUPS + 1], best[2 * GROUPS];
	int end;                /* of the longest match, -1 for none */
};

/* A place to go on from, or a value that SAVE has changed. */
struct waiting {
	int16_t step, at;       /* step < 0: now[-step - 1] was `at` */
};

static bool takes(const struct program *p, const struct step *s, uint8_t c)
{
	return s->kind == ANY || (s->kind == BYTE ? s->byte == c : p->set[s->to].bits[c / 32] >> c % 32 & 1);
}

/* All matches that start here; `stack` has room for two entries a step and place. */
static void from(struct search *s, int start, struct waiting *stack)
{
	size_t depth = 0;
	s->now[0] = (int16_t)start;
	stack[depth++] = (struct waiting){ 0, (int16_t)start };
	while (depth) {
		const struct waiting w = stack[--depth];
		if (w.step < 0) {
			s->now[-w.step - 1] = w.at;
			continue;
		}
		int at = w.at;
		for (int i = w.step;;) {
			const struct step *const x = s->p->steps + i;
			const size_t bit = (size_t)at * s->p->length + (size_t)i;
			if (s->seen[bit / 8] >> bit % 8 & 1)
				break;
			s->seen[bit / 8] |= (uint8_t)(1u << bit % 8);
			if (x->kind == DONE) {
				if (at > s->end) {
					s->end = at;
					memcpy(s->best, s->now, sizeof s->best);
				}
				break;
			}
			if (x->kind == SPLIT) {
				const int16_t other = (int16_t)(x->late ? i + 1 : i + x->to);
				stack[depth++] = (struct waiting){ other, (int16_t)at };
				i = x->late ? i + x->to : i + 1;
			} else if (x->kind == JUMP) {
				i += x->to;
			} else if (x->kind == SAVE) {
				stack[depth++] = (struct waiting){ (int16_t)(-x->byte - 1), s->now[x->byte] };
				s->now[x->byte] = (int16_t)at;
				i++;
			} else if (x->kind == FIRST || x->kind == LAST) {
				if (at != (x->kind == FIRST ? 0 : s->length))
					break;
				i++;
			} else {
				if (at == s->length || !takes(s->p, x, (uint8_t)s->text[at]))
					break;
				at++;
				i++;
			}
		}
	}
}

/* 1 and `out` (start and end of the match and of each group, -1 for none), 0 no match, negative errno. */
static int match(const struct program *p, const char *text, int16_t out[2 * GROUPS])
{
	struct search s = { .p = p, .text = text, .length = (int)strlen(text), .end = -1 };
	const size_t places = p->length * ((size_t)s.length + 1);
	struct waiting *const stack = malloc((places + 1) * sizeof *stack);
	s.seen = calloc(places / 8 + 1, 1);
	if (stack && s.seen) {
		memset(s.now, 0xff, sizeof s.now);
		for (int start = 0; start <= s.length && s.end < 0; start++)
			from(&s, start, stack);
	}
	const bool failed = !stack || !s.seen;
	free(stack);
	free(s.seen);
	if (failed)
		return -ENOMEM;
	memcpy(out, s.best, sizeof s.best);
	out[1] = (int16_t)s.end;
	return s.end >= 0;
}

static bool text_of(char *out, size_t room, const uint8_t *bytes, size_t n)
{
	if (n >= room || memchr(bytes, 0, n))
		return false;
	memcpy(out, bytes, n);
	out[n] = 0;
	return true;
}

/*
 * An extended regular expression against a text, as in regexec(3). result: 1 it matches, 0
 * it doesn't, -EINVAL it is none, -ENOMEM. out: start and end of the match, then of its
 * groups, as pairs of 32-bit byte offsets, -1 for a group that took no part; as many as fit.
 */
int32_t sys_regex_match(const uint8_t *pattern, size_t pattern_n, const uint8_t *text, size_t text_n, const uint8_t *out, size_t out_n)
{
	char pattern_z[PATTERN], text_z[TEXT_MAX];
	if (!text_of(pattern_z, sizeof pattern_z, pattern, pattern_n) || !text_of(text_z, sizeof text_z, text, text_n))
		return -EINVAL;
	struct program *const p = calloc(1, sizeof *p);
	if (!p)
		return -ENOMEM;
	p->at = pattern_z;
	p->groups = 1;
	alternatives(p);
	add(p, DONE);
	int16_t found[2 * GROUPS];
	const int32_t r = p->bad || *p->at ? -EINVAL : match(p, text_z, found);
	free(p);
	for (size_t i = 0; r == 1 && i < 2 * GROUPS && (i + 1) * 4 <= out_n; i++) {
		const int32_t place = found[i];
		memcpy((char *)(uintptr_t)out + i * 4, &place, sizeof place);
	}
	return r;
}
