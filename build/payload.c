/*
 * A program for containers of tests and of the benchmark. It notes when it
 * runs, then does as told.
 *
 *   payload NAME NOTES leave   ends at once
 *   payload NAME NOTES stay    waits for SIGTERM
 *   payload NAME NOTES ready   tells the manager "ready" over the control socket, then waits for SIGTERM
 *   payload NAME NOTES tell    the same, and ends: 0 when the manager took it
 *
 * NOTES: a file that lines are appended to, "-" for standard output. A line is
 * NAME WHAT MONOTONIC_NS, where WHAT is "runs", "ready" (the manager has
 * answered 200), "refused" or "told" (it was told to stop).
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SOCKET "/pantavisor/pv-ctrl"

static const char *name;
static int notes = 1;

static int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static void note(const char *what, int64_t at)
{
	char line[128];
	const int length = snprintf(line, sizeof line, "%s %s %lld\n", name, what, (long long)at);

	if (length > 0 && write(notes, line, (size_t)length) < 0)
		dprintf(2, "payload: no note\n");
}

static int tell_ready(void)
{
	static const char request[] =
		"POST /signal HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
		"Content-Length: 29\r\n\r\n{\"type\":\"ready\",\"payload\":\"\"}";
	struct sockaddr_un where = { .sun_family = AF_UNIX, .sun_path = SOCKET };
	char answer[512] = "";
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&where, sizeof where) < 0)
		return -1;
	if (write(fd, request, sizeof request - 1) < 0 || read(fd, answer, sizeof answer - 1) <= 0)
		return -1;
	close(fd);
	return strncmp(answer, "HTTP/1.1 200", 12) == 0 ? 0 : -1;
}

static void leave(int signal)
{
	(void)signal;
	note("told", clock_ns());
	_exit(0);
}

int main(int argc, char **argv)
{
	const int64_t begin = clock_ns();

	if (argc != 4)
		return 2;
	name = argv[1];
	const char *const what = argv[3];
	if (strcmp(argv[2], "-") != 0)
		notes = open(argv[2], O_WRONLY | O_APPEND | O_CLOEXEC);
	signal(SIGTERM, leave);
	note("runs", begin);
	if (strcmp(what, "leave") == 0)
		return 0;
	if (strcmp(what, "ready") == 0 || strcmp(what, "tell") == 0) {
		const int told = tell_ready();
		note(told == 0 ? "ready" : "refused", clock_ns());
		if (strcmp(what, "tell") == 0)
			return told == 0 ? 0 : 1;
	}
	for (;;)
		pause();
}
