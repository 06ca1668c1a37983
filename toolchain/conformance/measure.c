/*
 * measure FILE PROGRAM ARG...: runs the program and writes to FILE one line
 * "status signal peak-RSS-in-KB wall-microseconds". A small process of its own,
 * because the peak a child reports begins with that of who started it.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct timespec begin, end;
	struct rusage used;
	int status;
	FILE *f;
	if (argc < 3)
		return 125;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	const pid_t pid = fork();
	if (pid == 0) {
		execv(argv[2], argv + 2);
		_exit(126);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		return 125;
	clock_gettime(CLOCK_MONOTONIC, &end);
	f = fopen(argv[1], "w");
	if (f == NULL)
		return 125;
	fprintf(f, "%d %d %ld %lld\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0,
		used.ru_maxrss, (end.tv_sec - begin.tv_sec) * 1000000LL + (end.tv_nsec - begin.tv_nsec) / 1000);
	return fclose(f) == 0 ? 0 : 125;
}
