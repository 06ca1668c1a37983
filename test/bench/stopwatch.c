/*
 * Times commands for `npm run bench`, from a process so small that its own
 * size does not hide the peak memory of what it starts.
 *
 *   stopwatch [-h FOLDER] TIMES LABEL COMMAND [ARGUMENT...]
 *       Runs the command TIMES times, its three streams on /dev/null. A line
 *       each: LABEL WALL_US USER_US SYSTEM_US PEAK_RSS_KIB STATUS, where CPU
 *       and peak count the command and all it waited for (wait4). -h: does so
 *       in a mount namespace of its own in which FOLDER is unmounted.
 *   stopwatch -e FILE COMMAND [ARGUMENT...]
 *       Writes the monotonic clock (ns) to FILE, then becomes the command.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void must(int answer, const char *what)
{
	if (answer >= 0)
		return;
	dprintf(2, "stopwatch: %s: %s\n", what, strerror(errno));
	exit(125);
}

static int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static long long microseconds(struct timeval t)
{
	return t.tv_sec * 1000000ll + t.tv_usec;
}

static void run_quietly(char **command)
{
	const int nowhere = open("/dev/null", O_RDWR);

	for (int fd = 0; fd < 3; fd++)
		dup2(nowhere, fd);
	close(nowhere);
	execvp(command[0], command);
	_exit(127);
}

static void measure(const char *label, char **command)
{
	struct rusage used;
	int status = 0;
	const int64_t begin = clock_ns();
	const pid_t child = fork();

	must(child, "fork");
	if (child == 0)
		run_quietly(command);
	must(wait4(child, &status, 0, &used), "wait4");
	const int64_t end = clock_ns();
	printf("%s %lld %lld %lld %ld %d\n", label, (long long)(end - begin) / 1000, microseconds(used.ru_utime),
	       microseconds(used.ru_stime), used.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void stamp_and_become(const char *file, char **command)
{
	const int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	must(fd, file);
	must(dprintf(fd, "%lld\n", (long long)clock_ns()), file);
	execvp(command[0], command);
	must(-1, command[0]);
}

static void hide(const char *folder)
{
	must(unshare(CLONE_NEWNS), "new mount namespace");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make mounts private");
	must(umount2(folder, MNT_DETACH), folder);
}

int main(int argc, char **argv)
{
	if (argc > 3 && strcmp(argv[1], "-e") == 0)
		stamp_and_become(argv[2], argv + 3);
	if (argc > 2 && strcmp(argv[1], "-h") == 0) {
		hide(argv[2]);
		argv += 2;
		argc -= 2;
	}
	if (argc < 4) {
		dprintf(2, "usage: stopwatch [-h FOLDER] TIMES LABEL COMMAND... | -e FILE COMMAND...\n");
		return 2;
	}
	for (int left = atoi(argv[1]); left > 0; left--)
		measure(argv[2], argv + 3);
	return 0;
}
