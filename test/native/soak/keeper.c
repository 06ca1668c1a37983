/*
 * What a service manager is to the daemon, for tests: starts it in a mount and
 * a network namespace of its own, starts it again at once whenever it was
 * killed, and adopts and reaps every process that loses its parent.
 *
 *   keeper EVENTS PROGRAM [WORD…]
 *
 * EVENTS gets a line for each: "started PID", "ended PID HOW",
 * "orphan PID HOW" (HOW: exit status, or minus the signal), and "empty" when
 * the daemon has ended for good and no process is left. The first SIGTERM is
 * passed on and the last start was the last; the second ends the keeper,
 * as does the first one when it is empty.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int events;
static sigset_t usual;

static void say(const char *what, pid_t pid, int status)
{
	const int how = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);

	dprintf(events, "%s %d %d\n", what, (int)pid, how);
}

static pid_t start(char **argv)
{
	const pid_t pid = fork();

	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &usual, NULL);
		execv(argv[0], argv);
		_exit(127);
	}
	dprintf(events, "started %d\n", (int)pid);
	return pid;
}

int main(int argc, char **argv)
{
	sigset_t ours;
	pid_t daemon;
	int told = 0, over = 0;

	if (argc < 3)
		return 2;
	events = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (events < 0 || unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 || mount("", "/", "", MS_REC | MS_PRIVATE, "") < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return 1;
	sigemptyset(&ours);
	sigaddset(&ours, SIGCHLD);
	sigaddset(&ours, SIGTERM);
	sigprocmask(SIG_BLOCK, &ours, &usual);
	daemon = start(argv + 2);
	for (;;) {
		int status, signal;
		pid_t pid;

		sigwait(&ours, &signal);
		if (signal == SIGTERM) {
			if (told || over == 2)
				return 0;
			told = 1;
			if (!over)
				kill(daemon, SIGTERM);
		}
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			say(pid == daemon ? "ended" : "orphan", pid, status);
			if (pid != daemon)
				continue;
			if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
				daemon = start(argv + 2);
			else
				over = 1;
			if (told && !over)
				kill(daemon, SIGTERM);
		}
		if (pid < 0 && over == 1) {
			dprintf(events, "empty\n");
			over = 2;
		}
	}
}
