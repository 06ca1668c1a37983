/*
 * Refuses one system call: runs a program and everything it starts under
 * ptrace and makes the N-th call of one kind fail without being carried out.
 * x86_64 only.
 *
 *   tracer OUT NAME N ERRNO PROGRAM [WORD…]
 *
 * NAME "-" refuses nothing and counts. OUT gets "hit PROCESS" when the call
 * came, and at the end "count NAME N" for each kind. A process that executes
 * another program is not looked at any further: payloads are not on trial.
 * SIGTERM and SIGINT are passed on. Ends when no process is left, with the
 * program's status.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define WALL 0x40000000
#define MAX_PIDS 4194305

/* Those that can be refused to root by a machine in trouble, or that a caller must be able to lose. */
#define CALLS(X) \
	X(openat) X(openat2) X(mkdirat) X(mknodat) X(symlinkat) X(unlinkat) X(renameat) X(renameat2) X(linkat) X(fchmodat) X(fchownat) X(fchmod) \
	X(newfstatat) X(statx) X(readlinkat) X(getdents64) X(read) X(pread64) X(write) X(lseek) X(ftruncate) X(fsync) X(flock) X(fcntl) X(dup3) X(dup2) \
	X(ioctl) X(mount) X(umount2) X(pivot_root) X(chroot) X(chdir) X(fchdir) X(fsopen) X(fsconfig) X(fsmount) X(move_mount) X(open_tree) X(mount_setattr) \
	X(unshare) X(setns) X(clone) X(clone3) X(fork) X(vfork) X(execve) X(execveat) X(pidfd_open) X(pidfd_getfd) X(pipe2) X(socketpair) X(socket) X(bind) \
	X(listen) X(connect) X(accept4) X(setsockopt) X(getsockopt) X(sendto) X(recvfrom) X(sendmsg) X(recvmsg) X(epoll_create1) X(epoll_ctl) X(signalfd4) \
	X(timerfd_create) X(timerfd_settime) X(eventfd2) X(inotify_init1) X(inotify_add_watch) X(memfd_create) X(prctl) X(seccomp) X(capset) X(capget) \
	X(setgroups) X(setresuid) X(setresgid) X(setuid) X(setgid) X(sethostname) X(setsid) X(prlimit64) X(setrlimit) X(bpf) X(keyctl) X(getrandom) \
	X(sched_setscheduler) X(sched_setaffinity) X(setpriority) X(ioprio_set) X(personality) X(sendfile) X(copy_file_range) X(mmap) X(close_range)

static const struct {
	const char *name;
	long number;
} calls[] = {
#define ROW(n) { #n, SYS_##n },
	CALLS(ROW)
};
#define COUNT (sizeof calls / sizeof *calls)

static int counts[COUNT];
static unsigned char in_call[MAX_PIDS / 8 + 1];
static unsigned char refused[MAX_PIDS / 8 + 1];
static pid_t root;
static FILE *out;

static int bit(const unsigned char *set, pid_t pid)
{
	return set[pid / 8] >> (pid % 8) & 1;
}

static void put(unsigned char *set, pid_t pid, int value)
{
	set[pid / 8] = (unsigned char)((set[pid / 8] & ~(1 << (pid % 8))) | value << (pid % 8));
}

static void forward(int signal)
{
	if (root > 0)
		kill(root, signal);
}

static void stopped_at_call(pid_t pid, int wanted, int nth, int error)
{
	struct user_regs_struct r;

	if (ptrace(PTRACE_GETREGS, pid, 0, &r) < 0)
		return;
	if (bit(in_call, pid)) {
		put(in_call, pid, 0);
		if (bit(refused, pid)) {
			put(refused, pid, 0);
			r.rax = (unsigned long long)-error;
			ptrace(PTRACE_SETREGS, pid, 0, &r);
		}
		return;
	}
	put(in_call, pid, 1);
	for (size_t i = 0; i < COUNT; i++) {
		if (calls[i].number != (long)r.orig_rax)
			continue;
		counts[i] += 1;
		if ((int)i != wanted || counts[i] != nth)
			return;
		fprintf(out, "hit %d\n", (int)pid);
		fflush(out);
		r.orig_rax = (unsigned long long)-1;
		ptrace(PTRACE_SETREGS, pid, 0, &r);
		put(refused, pid, 1);
		return;
	}
}

int main(int argc, char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	int wanted = -1, status, result = 125, begun = 0;
	pid_t pid;

	if (argc < 6)
		return 125;
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(calls[i].name, argv[2]) == 0)
			wanted = (int)i;
	out = fopen(argv[1], "we");
	if (out == NULL || (wanted < 0 && strcmp(argv[2], "-") != 0))
		return 125;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	root = fork();
	if (root == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		execv(argv[5], argv + 5);
		_exit(125);
	}
	signal(SIGTERM, forward);
	signal(SIGINT, forward);
	while ((pid = waitpid(-1, &status, WALL)) > 0 || errno == EINTR) {
		int deliver = 0;

		if (pid < 0)
			continue;
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			put(in_call, pid, 0);
			put(refused, pid, 0);
			if (pid == root) {
				result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
				root = 0;
			}
			continue;
		}
		if (!WIFSTOPPED(status))
			continue;
		if (pid == root && !begun && WSTOPSIG(status) == SIGSTOP && status >> 16 == 0) {
			ptrace(PTRACE_SETOPTIONS, pid, 0, options);
		} else if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
			if (begun) {
				ptrace(PTRACE_DETACH, pid, 0, 0);
				continue;
			}
			begun = 1;
			put(in_call, pid, 1); /* the exit of its execve is still to come */
		} else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			if (begun)
				stopped_at_call(pid, wanted, atoi(argv[3]), atoi(argv[4]));
		} else if (status >> 16 == 0 && WSTOPSIG(status) != SIGSTOP) {
			deliver = WSTOPSIG(status);
		}
		ptrace(PTRACE_SYSCALL, pid, 0, deliver);
	}
	for (size_t i = 0; i < COUNT; i++)
		if (counts[i] > 0)
			fprintf(out, "count %s %d\n", calls[i].name, counts[i]);
	fclose(out);
	return result;
}
