/*
 * measure FILE PROGRAM ARG...: runs the program and writes to FILE one line
 * "peak-RSS-in-KB CPU-microseconds". A small process of its own, because the
 * peak a child reports begins with that of who started it. CPU time, because
 * wall time says more about what else the machine did.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage used;
	int status;
	FILE *f;
	if (argc < 3)
		return 125;
	const pid_t pid = fork();
	if (pid == 0) {
		execv(argv[2], argv + 2);
		_exit(126);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		return 125;
	f = fopen(argv[1], "w");
	if (f == NULL)
		return 125;
	fprintf(f, "%ld %lld\n", used.ru_maxrss, (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL + used.ru_utime.tv_usec + used.ru_stime.tv_usec);
	return fclose(f) == 0 ? 0 : 125;
}
