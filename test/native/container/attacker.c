/*
 * Tries to get out of a container, or to reach what belongs to the whole
 * machine: one function an attempt, each in a process of its own. Nothing is
 * harmed where an attempt succeeds: files are opened and not written, calls
 * get arguments that change nothing. Prints "NAME held" or "NAME ESCAPED".
 *
 *   attacker all HOST_PID SOCKET     every attempt
 *   attacker watch DEV INODE         until told to end: opens what other
 *                                    processes' /proc/PID/exe show, looks for
 *                                    that file, says "ready" first
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ATTEMPT_SECONDS 20

static pid_t host_pid;
static const char *host_socket;

/* 1: can be opened so */
static int opens(const char *path, int flags)
{
	const int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return 0;
	close(fd);
	return 1;
}

/* 1: something can be read, or could once it is there */
static int reads(const char *path)
{
	char b[64];
	const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	const ssize_t n = fd < 0 ? -1 : read(fd, b, sizeof b);
	const int later = fd >= 0 && n < 0 && errno == EAGAIN;
	if (fd >= 0)
		close(fd);
	return n > 0 || later;
}

/* A call that was let through: it worked, or failed for its arguments. */
static int passed(long r)
{
	return r >= 0 || (errno != EPERM && errno != ENOSYS && errno != EACCES);
}

static int core_pattern(void) { return opens("/proc/sys/kernel/core_pattern", O_WRONLY); }
static int modprobe_path(void) { return opens("/proc/sys/kernel/modprobe", O_WRONLY); }
static int drop_caches(void) { return opens("/proc/sys/vm/drop_caches", O_WRONLY); }
static int sysrq(void) { return opens("/proc/sysrq-trigger", O_WRONLY); }
static int irq_affinity(void) { return opens("/proc/irq/default_smp_affinity", O_WRONLY); }
static int power_state(void) { return opens("/sys/power/state", O_WRONLY); }
static int uevent_helper(void) { return opens("/sys/kernel/uevent_helper", O_WRONLY) || opens("/sys/kernel/uevent_seqnum", O_WRONLY) || opens("/sys/kernel/mm/transparent_hugepage/enabled", O_WRONLY); }
static int acpi_wakeup(void) { return opens("/proc/acpi/wakeup", O_WRONLY); }
static int kernel_memory(void) { return reads("/proc/kcore"); }
static int kernel_keys(void) { return reads("/proc/keys"); }
static int kernel_timers(void) { return reads("/proc/timer_list"); }
static int physical_pages(void) { return reads("/proc/kpageflags") || reads("/proc/kpagecount"); }
static int firmware(void) { return reads("/sys/firmware/acpi/tables/DSDT") || reads("/sys/firmware/fdt"); }
static int kernel_log(void) { return klogctl(10, NULL, 0) >= 0; }
static int dev_mem(void) { return opens("/dev/mem", O_RDONLY); }
static int dev_kmsg(void) { return opens("/dev/kmsg", O_RDONLY); }

static int node(mode_t type, unsigned major, unsigned minor)
{
	const char *const at = "/tmp/node";
	unlink(at);
	if (mknod(at, type | 0600, makedev(major, minor)))
		return 0;
	return opens(at, O_RDONLY) || errno == ENXIO || errno == ENODEV;
}
static int mknod_memory(void) { return node(S_IFCHR, 1, 1); }
static int mknod_disk(void) { return node(S_IFBLK, 254, 0) || node(S_IFBLK, 8, 0) || node(S_IFBLK, 7, 0); }
static int mknod_kmsg(void) { return node(S_IFCHR, 1, 11); }
/* a node that was in the image */
static int image_node(void) { return opens("/planted", O_RDONLY); }

static int mount_tmpfs(void) { return mount("x", "/tmp", "tmpfs", 0, NULL) == 0; }
static int mount_proc(void) { return mount("x", "/tmp", "proc", 0, NULL) == 0; }
static int mount_sysfs(void) { return mount("x", "/tmp", "sysfs", 0, NULL) == 0; }
static int mount_cgroup(void) { return mount("x", "/tmp", "cgroup", 0, "memory") == 0 || mount("x", "/tmp", "cgroup2", 0, NULL) == 0; }
static int mount_devtmpfs(void) { return mount("x", "/tmp", "devtmpfs", 0, NULL) == 0; }
static int remount_proc_sys(void) { return mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL) == 0; }
static int unmask(void) { return umount2("/proc/keys", MNT_DETACH) == 0; }
static int new_mount_api(void) { return passed(syscall(430 /* fsopen */, "tmpfs", 0)) || passed(syscall(428 /* open_tree */, AT_FDCWD, "/", 1)); }
static int pivot(void) { return passed(syscall(SYS_pivot_root, ".", ".")); }

/* the classic way out of a chroot: "/" is then another folder */
static int chroot_way_out(void)
{
	struct stat before, after;
	const int fd = open("/", O_RDONLY | O_DIRECTORY);
	if (fd < 0 || stat("/", &before))
		return 0;
	mkdir("/tmp/jail", 0700);
	if (chroot("/tmp/jail") || fchdir(fd))
		return 0;
	for (int i = 0; i < 64; i++)
		if (chdir(".."))
			return 0;
	if (chroot(".") || stat("/", &after))
		return 0;
	return before.st_ino != after.st_ino || before.st_dev != after.st_dev;
}

static int dots_way_out(void) { return opens("/proc/1/root/../../../../run/wherry", O_PATH) || opens("/../../../run/wherry", O_PATH); }

static int leaked_descriptors(void)
{
	for (int fd = 3; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return 1;
	return 0;
}

static int open_by_handle(void)
{
	struct { struct file_handle h; unsigned char room[128]; } f = { .h = { .handle_bytes = 128 } };
	int id, fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (name_to_handle_at(AT_FDCWD, "/proc/self", &f.h, &id, 0) && name_to_handle_at(AT_FDCWD, "/tmp", &f.h, &id, 0))
		f.h.handle_bytes = 8;
	return passed(open_by_handle_at(fd, &f.h, O_RDONLY));
}

static int enter_namespace(void)
{
	const int fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
	return fd >= 0 && setns(fd, 0) == 0;
}
static int user_namespace(void) { return unshare(CLONE_NEWUSER) == 0; }
static int mount_namespace(void) { return unshare(CLONE_NEWNS) == 0; }
static int clone_namespace(void)
{
	const long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	return pid > 0;
}
static int clone3_namespace(void)
{
	unsigned long long a[8] = { CLONE_NEWUSER, 0, 0, 0, SIGCHLD, 0, 0, 0 };
	const long pid = syscall(435, a, sizeof a);
	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static int trace_others(void)
{
	struct iovec v = { &v, 1 };
	/* not ATTACH: its SIGSTOP could reach the container's init after we are gone */
	if (ptrace(PTRACE_SEIZE, 1, 0, 0) == 0)
		return 1;
	return process_vm_readv(1, &v, 1, &v, 1, 0) >= 0 || errno == EFAULT;
}
static int signal_host(void) { return kill(host_pid, 0) == 0 || errno == EPERM; }
static int see_host_processes(void)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/stat", (int)host_pid);
	return reads(path);
}
static int host_socket_reached(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	const size_t n = strlen(host_socket);
	memcpy(a.sun_path + 1, host_socket, n);
	return connect(fd, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)) == 0;
}
static int virtual_socket(void) { return socket(40, SOCK_STREAM, 0) >= 0 || errno == ESOCKTNOSUPPORT; }

static int kernel_module(void) { return passed(syscall(SYS_init_module, "x", 1, "")); }
static int kernel_module_file(void) { return passed(syscall(SYS_finit_module, -1, "", 0)); }
static int new_kernel(void) { return passed(syscall(SYS_kexec_load, 0, 17, NULL, 0)); }
static int reboot_machine(void) { return passed(syscall(SYS_reboot, 0xfee1dead, 672274793, 0, NULL)); }
static int swap(void) { return passed(swapon("/no/such", 0)); }
static int accounting(void) { return passed(acct("/no/such")); }
static int clock_set(void)
{
	struct timespec t = { 0, -1 };
	return passed(syscall(SYS_clock_settime, CLOCK_REALTIME, &t));
}
static int ports(void)
{
#ifdef SYS_iopl
	return passed(syscall(SYS_iopl, 4));
#else
	return 0;
#endif
}
static int bpf_program(void)
{
	union bpf_attr a;
	memset(&a, 0, sizeof a);
	return passed(syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof a));
}
static int perf_events(void)
{
	struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE, .size = sizeof a, .config = PERF_COUNT_SW_CPU_CLOCK };
	return syscall(SYS_perf_event_open, &a, -1, 0, -1, 0) >= 0;
}
static int fault_handling(void) { return passed(syscall(SYS_userfaultfd, ~0)); }
static int ring(void) { return passed(syscall(425 /* io_uring_setup */, 1, NULL)); }
static int keyring(void) { return passed(syscall(SYS_keyctl, 0, -3, 1)) || passed(syscall(SYS_add_key, "user", "x", "y", 1, -3)); }
static int persona(void) { return personality(ADDR_NO_RANDOMIZE) >= 0; }
static int realtime(void)
{
	const struct sched_param p = { 1 };
	return sched_setscheduler(0, SCHED_FIFO, &p) == 0;
}
static int oom_immunity(void)
{
	const int fd = open("/proc/self/oom_score_adj", O_WRONLY);
	return fd >= 0 && write(fd, "-1000", 5) == 5;
}
static int limits(void)
{
	struct rlimit r;
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_max += 1;
	return setrlimit(RLIMIT_NOFILE, &r) == 0;
}
static int terminal_input(void)
{
	/* 1: refused for what it is, not for who asks */
	return ioctl(0, TIOCSTI, "x") == 0 || errno == ENOTTY;
}
static int cgroup_files(void)
{
	return opens("/sys/fs/cgroup/cgroup.procs", O_WRONLY) || opens("/sys/fs/cgroup/memory/release_agent", O_WRONLY) || opens("/sys/fs/cgroup/unified/cgroup.procs", O_WRONLY);
}
/* a setuid program gives root back to somebody who had given it up */
static int setuid_program(void)
{
	const pid_t pid = fork();
	int st;
	if (pid == 0) {
		if (setgid(33) || setuid(33))
			_exit(0);
		execl("/setuid", "setuid", "am-i-root", NULL);
		_exit(0);
	}
	waitpid(pid, &st, 0);
	return WIFEXITED(st) && WEXITSTATUS(st) == 1;
}

static const struct { const char *name; int (*try)(void); } attempts[] = {
	{ "write /proc/sys/kernel/core_pattern", core_pattern }, { "write /proc/sys/kernel/modprobe", modprobe_path },
	{ "write /proc/sys/vm/drop_caches", drop_caches }, { "write /proc/sysrq-trigger", sysrq },
	{ "write /proc/irq", irq_affinity }, { "write /sys/power/state", power_state }, { "write /sys/kernel", uevent_helper },
	{ "write /proc/acpi/wakeup", acpi_wakeup }, { "read kernel memory (/proc/kcore)", kernel_memory }, { "read the kernel's keys", kernel_keys },
	{ "read the kernel's timers", kernel_timers }, { "read flags of physical pages", physical_pages }, { "read firmware tables", firmware },
	{ "read the kernel's log", kernel_log }, { "open /dev/mem", dev_mem }, { "open /dev/kmsg", dev_kmsg }, { "mknod memory", mknod_memory },
	{ "mknod a disk", mknod_disk }, { "mknod kmsg", mknod_kmsg }, { "open a disk's node that the image brought", image_node },
	{ "mount tmpfs", mount_tmpfs }, { "mount proc again", mount_proc }, { "mount sysfs writable", mount_sysfs }, { "mount cgroups", mount_cgroup },
	{ "mount the host's devices", mount_devtmpfs }, { "remount /proc/sys writable", remount_proc_sys }, { "unmount a mask", unmask },
	{ "new mount calls", new_mount_api }, { "pivot_root", pivot }, { "chroot and \"..\"", chroot_way_out }, { "\"..\" through /proc/1/root", dots_way_out },
	{ "descriptors that were left open", leaked_descriptors }, { "open files by handle", open_by_handle }, { "enter a namespace", enter_namespace },
	{ "new user namespace (unshare)", user_namespace }, { "new user namespace (clone)", clone_namespace }, { "new user namespace (clone3)", clone3_namespace },
	{ "new mount namespace", mount_namespace }, { "trace other processes", trace_others }, { "signal a process of the host", signal_host },
	{ "see a process of the host", see_host_processes }, { "reach an abstract socket of the host", host_socket_reached },
	{ "socket to the hypervisor", virtual_socket }, { "load a kernel module", kernel_module }, { "load a kernel module from a file", kernel_module_file },
	{ "load another kernel", new_kernel }, { "reboot", reboot_machine }, { "swap on a file", swap }, { "process accounting", accounting },
	{ "set the clock", clock_set }, { "input and output ports", ports }, { "load a BPF program", bpf_program }, { "performance events", perf_events },
	{ "handle faults of the kernel", fault_handling }, { "io_uring", ring }, { "kernel keyrings", keyring }, { "switch randomisation off", persona },
	{ "real-time priority", realtime }, { "immunity from the OOM killer", oom_immunity }, { "raise own limits", limits },
	{ "type into the terminal (TIOCSTI)", terminal_input }, { "write the host's cgroups", cgroup_files }, { "root through a setuid program", setuid_program },
};

static int watch(unsigned long dev, unsigned long inode)
{
	int found = 0;
	puts("ready");
	fflush(stdout);
	const time_t end = time(NULL) + 20;
	while (!found && time(NULL) < end && access("/stop", F_OK)) {
		DIR *const d = opendir("/proc");
		for (struct dirent *e; d && (e = readdir(d));) {
			char path[300];
			struct stat s;
			if (atoi(e->d_name) <= 1 || atoi(e->d_name) == (int)getpid())
				continue;
			snprintf(path, sizeof path, "/proc/%s/exe", e->d_name);
			const int fd = open(path, O_RDONLY | O_CLOEXEC);
			if (fd < 0)
				continue;
			if (!fstat(fd, &s) && s.st_ino == inode && s.st_dev == dev)
				found = 1;
			close(fd);
		}
		if (d)
			closedir(d);
	}
	puts(found ? "open the host's program through /proc/PID/exe ESCAPED" : "open the host's program through /proc/PID/exe held");
	return found;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "am-i-root"))
		return geteuid() == 0;
	if (argc == 4 && !strcmp(argv[1], "watch"))
		return watch(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
	if (argc != 4)
		return 2;
	host_pid = atoi(argv[2]);
	host_socket = argv[3];
	for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
		fflush(stdout);
		const pid_t pid = fork();
		int st = 0;
		if (pid == 0) {
			/* one that waits for what never comes has not got out */
			alarm(ATTEMPT_SECONDS);
			_exit(attempts[i].try());
		}
		waitpid(pid, &st, 0);
		/* ended by a signal: a filter that kills has held */
		printf("%s %s\n", attempts[i].name, WIFEXITED(st) && WEXITSTATUS(st) == 1 ? "ESCAPED" : "held");
	}
	return 0;
}
