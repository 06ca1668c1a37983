/*
 * What the containers of the soak and fault tests run; it talks to its console.
 *
 *   payload NAME ready   tells the manager "ready", again and again until that is taken, and stays
 *   payload NAME stay    stays
 *   payload NAME leave   ends with status 3 after a while
 *   payload NAME quit    ends at once
 *
 * SIGUSR1 makes it print "NAME tick N", N counting from 1; SIGTERM
 * "NAME told" and ends it. A child of its own stays with it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const char *name;

static void say(const char *what)
{
	char line[128];
	const int length = snprintf(line, sizeof line, "%s %s\n", name, what);

	if (length > 0 && write(1, line, (size_t)length) < 0)
		_exit(9);
}

static void wait_ms(long ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		continue;
}

static int tell_ready(void)
{
	static const char request[] =
		"POST /signal HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
		"Content-Length: 29\r\n\r\n{\"type\":\"ready\",\"payload\":\"\"}";
	struct sockaddr_un where = { .sun_family = AF_UNIX, .sun_path = "/pantavisor/pv-ctrl" };
	char answer[512] = "";
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int taken = 0;

	if (fd < 0)
		return 0;
	if (connect(fd, (struct sockaddr *)&where, sizeof where) == 0 && write(fd, request, sizeof request - 1) > 0 && read(fd, answer, sizeof answer - 1) > 0)
		taken = strncmp(answer, "HTTP/1.1 200", 12) == 0;
	close(fd);
	return taken;
}

static void ignore(int signal)
{
	(void)signal;
}

static void tick(int signal)
{
	static int count;
	char text[32];

	(void)signal;
	count += 1;
	snprintf(text, sizeof text, "tick %d", count);
	say(text);
}

static void leave(int signal)
{
	(void)signal;
	say("told");
	_exit(0);
}

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = tick, .sa_flags = SA_RESTART };

	if (argc != 3)
		return 2;
	name = argv[1];
	sigaction(SIGUSR1, &act, NULL);
	signal(SIGTERM, leave);
	signal(SIGPIPE, ignore);
	say("up");
	if (strcmp(argv[2], "quit") == 0)
		return 0;
	if (strcmp(argv[2], "leave") == 0) {
		wait_ms(300);
		return 3;
	}
	if (fork() == 0)
		for (;;)
			pause();
	if (strcmp(argv[2], "ready") == 0) {
		while (!tell_ready())
			wait_ms(20);
		say("ready");
	}
	for (;;)
		pause();
}
