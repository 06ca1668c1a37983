/* cases PATTERN TEXT: what src/sys/regex.c finds: start-end of the match and of each group that took part, "-" for no match, "!" for no expression. */
#include <stdio.h>
#include "../../../src/sys/regex.c"

int main(int argc, char **argv)
{
	int32_t found[2 * GROUPS];
	if (argc != 3)
		return 2;
	const int r = sys_regex_match((uint8_t *)argv[1], strlen(argv[1]), (uint8_t *)argv[2], strlen(argv[2]), (uint8_t *)found, sizeof found);
	if (r != 1)
		puts(r < 0 ? "!" : "-");
	for (int i = 0; r == 1 && i < GROUPS && found[2 * i] >= 0; i++)
		printf("%s%d-%d%s", i ? " " : "", found[2 * i], found[2 * i + 1], i == GROUPS - 1 || found[2 * i + 2] < 0 ? "\n" : "");
	return 0;
}
