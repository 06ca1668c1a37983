/*
 * What a supervised container of a test does, one job a call:
 *
 *   agent say TEXT       sends TEXT to NOTIFY_SOCKET; "\n" in it is a newline
 *   agent serve PATH     answers every connection to a unix socket with the HTTP status in /status
 *   agent listen PORT    accepts connections on 127.0.0.1 and closes them
 *   agent listen6 PORT   the same on ::1
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int say(const char *words)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	char text[512];
	size_t n = 0;
	const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (!path || strlen(path) >= sizeof where.sun_path)
		return 2;
	strcpy(where.sun_path, path);
	for (; *words && n < sizeof text; words++) {
		const int newline = words[0] == '\\' && words[1] == 'n';

		text[n++] = newline ? '\n' : *words;
		words += newline;
	}
	return sendto(fd, text, n, 0, (struct sockaddr *)&where, sizeof where) == (ssize_t)n ? 0 : 1;
}

static void answer(int fd)
{
	char asked[512], status[16] = "503", line[64];
	const int file = open("/status", O_RDONLY);

	if (file >= 0) {
		const ssize_t n = read(file, status, sizeof status - 1);

		status[n > 3 ? 3 : n < 0 ? 0 : n] = 0;
		close(file);
	}
	if (read(fd, asked, sizeof asked) <= 0)
		return;
	const int length = snprintf(line, sizeof line, "HTTP/1.0 %s x\r\n\r\n", status);

	if (write(fd, line, (size_t)length) < 0)
		perror("answer");
}

static int accept_all(int door, int answers)
{
	if (door < 0 || listen(door, 8) < 0)
		return 1;
	for (;;) {
		const int fd = accept(door, NULL, NULL);

		if (fd < 0)
			return 1;
		if (answers)
			answer(fd);
		close(fd);
	}
}

static int serve(const char *path)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	const int door = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(where.sun_path, path, sizeof where.sun_path - 1);
	return bind(door, (struct sockaddr *)&where, sizeof where) < 0 ? 1 : accept_all(door, 1);
}

static int listen_on(int port)
{
	struct sockaddr_in where = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int door = socket(AF_INET, SOCK_STREAM, 0);

	return bind(door, (struct sockaddr *)&where, sizeof where) < 0 ? 1 : accept_all(door, 0);
}

static int listen_on6(int port)
{
	struct sockaddr_in6 where = { .sin6_family = AF_INET6, .sin6_port = htons((unsigned short)port), .sin6_addr = in6addr_loopback };
	const int door = socket(AF_INET6, SOCK_STREAM, 0);

	return bind(door, (struct sockaddr *)&where, sizeof where) < 0 ? 1 : accept_all(door, 0);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "say"))
		return say(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "serve"))
		return serve(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "listen"))
		return listen_on(atoi(argv[2]));
	if (argc == 3 && !strcmp(argv[1], "listen6"))
		return listen_on6(atoi(argv[2]));
	return 2;
}
