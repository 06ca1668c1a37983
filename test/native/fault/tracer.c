/*
 * Refuses one system call: runs a program and everything it starts under
 * ptrace and makes the N-th call of one kind fail without being carried out.
 * For x86_64, armv7 and aarch64.
 *
 *   tracer OUT NAME N ERRNO PROGRAM [WORD…]
 *
 * NAME "-" refuses nothing and counts. ERRNO 0 kills everything at that call
 * instead, as if the power were cut. OUT gets "hit PROCESS" when the call
 * came, and at the end "count NAME N" for each kind. A process that executes
 * another program is not looked at any further: payloads are not on trial.
 * SIGTERM and SIGINT are passed on. Ends when no process is left, with the
 * program's status. Source: ptrace(2).
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define WALL 0x40000000
/* PTRACE_GET_SYSCALL_INFO since Linux 5.3. */
#define SYSCALL_INFO 0x420e
#define ENTRY_STOP 1

/*
 * Those that can be refused to root by a machine in trouble, or that a caller
 * must be able to lose; under their 64-bit names.
 */
#define CALLS(X) \
	X(openat) X(openat2) X(mkdirat) X(mknodat) X(symlinkat) X(unlinkat) X(renameat) X(renameat2) X(linkat) X(fchmodat) X(fchownat) X(fchmod) \
	X(statx) X(readlinkat) X(getdents64) X(read) X(pread64) X(write) X(fsync) X(flock) X(dup3) \
	X(ioctl) X(mount) X(umount2) X(pivot_root) X(chroot) X(chdir) X(fchdir) X(fsopen) X(fsconfig) X(fsmount) X(move_mount) X(open_tree) X(mount_setattr) \
	X(unshare) X(setns) X(clone) X(clone3) X(execve) X(execveat) X(pidfd_open) X(pidfd_getfd) X(pipe2) X(socketpair) X(socket) X(bind) \
	X(listen) X(connect) X(accept4) X(setsockopt) X(getsockopt) X(sendto) X(recvfrom) X(sendmsg) X(recvmsg) X(epoll_create1) X(epoll_ctl) X(signalfd4) \
	X(timerfd_create) X(eventfd2) X(inotify_init1) X(inotify_add_watch) X(memfd_create) X(prctl) X(seccomp) X(capset) X(capget) \
	X(sethostname) X(setsid) X(prlimit64) X(bpf) X(keyctl) X(getrandom) X(init_module) X(finit_module) \
	X(sched_setscheduler) X(sched_setaffinity) X(setpriority) X(ioprio_set) X(personality) X(copy_file_range) X(close_range)

static const struct {
	const char *name;
	long number;
} calls[] = {
#define ROW(n) { #n, __NR_##n },
	CALLS(ROW)
#ifdef __arm__
	{ "newfstatat", __NR_fstatat64 }, { "lseek", __NR__llseek }, { "ftruncate", __NR_ftruncate64 }, { "fcntl", __NR_fcntl64 },
	{ "timerfd_settime", 411 /* timerfd_settime64 */ }, { "setgroups", __NR_setgroups32 }, { "setresuid", __NR_setresuid32 },
	{ "setresgid", __NR_setresgid32 }, { "setuid", __NR_setuid32 }, { "setgid", __NR_setgid32 }, { "sendfile", __NR_sendfile64 }, { "mmap", __NR_mmap2 },
#else
	ROW(newfstatat) ROW(lseek) ROW(ftruncate) ROW(fcntl) ROW(timerfd_settime) ROW(setgroups) ROW(setresuid) ROW(setresgid) ROW(setuid) ROW(setgid)
	ROW(sendfile) ROW(mmap)
#endif
#ifndef __aarch64__
	ROW(dup2) ROW(fork) ROW(vfork)
#endif
};
#define COUNT (sizeof calls / sizeof *calls)

static int counts[COUNT];
static pid_t root;
/* The process whose refused call has not returned yet. */
static pid_t refused;
static FILE *out;

/* In a process that has stopped at a call: what it returns. */
static void put_result(pid_t pid, long result)
{
#if defined(__x86_64__)
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax), result);
#elif defined(__arm__)
	ptrace(PTRACE_POKEUSER, pid, 0, result); /* r0 */
#else
	uint64_t regs[34]; /* struct user_pt_regs, x0 first */
	struct iovec all = { regs, sizeof regs };

	ptrace(PTRACE_GETREGSET, pid, (long)NT_PRSTATUS, &all);
	regs[0] = (uint64_t)result;
	ptrace(PTRACE_SETREGSET, pid, (long)NT_PRSTATUS, &all);
#endif
}

/* At the entry of a call: it is not made. */
static void cancel(pid_t pid)
{
#if defined(__x86_64__)
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax), -1L);
#elif defined(__arm__)
	const int set_syscall = 23;

	ptrace(set_syscall, pid, 0, -1L);
#else
	const int nt_arm_system_call = 0x404;
	int none = -1;
	struct iovec number = { &none, sizeof none };

	ptrace(PTRACE_SETREGSET, pid, (long)nt_arm_system_call, &number);
#endif
}

static void forward(int signal)
{
	if (root > 0)
		kill(root, signal);
}

static void stopped_at_call(pid_t pid, int wanted, int nth, int error)
{
	struct {
		uint8_t op, pad[3];
		uint32_t arch;
		uint64_t instruction, stack, number, args[6];
	} info;

	if (ptrace(SYSCALL_INFO, pid, sizeof info, &info) < 0)
		return;
	if (info.op != ENTRY_STOP) {
		if (pid == refused) { /* a filter of its own may have answered the call that is none */
			put_result(pid, -error);
			refused = 0;
		}
		return;
	}
	for (size_t i = 0; i < COUNT; i++) {
		if (calls[i].number != (long)info.number)
			continue;
		counts[i] += 1;
		if ((int)i != wanted || counts[i] != nth)
			return;
		fprintf(out, "hit %d\n", (int)pid);
		fflush(out);
		if (error == 0) {
			kill(root, SIGKILL);
			_exit(137); /* which ends all others: PTRACE_O_EXITKILL */
		}
		cancel(pid);
		put_result(pid, -error);
		refused = pid;
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
