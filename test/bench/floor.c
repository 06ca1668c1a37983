/*
 * The floor of `npm run bench`: the least a program has to do to run one
 * command in a container worth the name. Namespaces (mount, pid, uts, ipc,
 * net, cgroup), a cgroup with controllers, a writable overlay over the root
 * filesystem, /proc /sys /dev, pivot_root, host name, loopback, a short list
 * of capabilities, a seccomp filter; wait; take the cgroup away. No
 * configuration, no messages but the failing step, no pseudo terminals, no id
 * maps: whatever a runtime costs above this is its own.
 *
 *   floor [-n TIMES] [-i|-k IMAGE] [-g FOLDER]... [-b SOURCE TARGET]... WORK ROOTFS COMMAND [ARGUMENT...]
 *
 * WORK: an existing empty folder, used as mount point. -n: so many containers
 * one after the other from this one process, as a resident manager would.
 * Ends with the command's status (the last one's), 125 for a failed step.
 *
 * What a manager's container is beyond that: -i: ROOTFS is an empty folder, on
 * which a squashfs is mounted by a loop device; it and the upper layer lie
 * where the machine sees them and are taken off once the command has ended,
 * whose streams are a terminal; -k: the same, but the image stays mounted from
 * the first container to the last. -g: its cgroups are in these folders instead
 * of in those of the four controllers. -b: bound on a place below the root;
 * read-only where SOURCE begins with "ro:".
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/loop.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define NATIVE_ARCH AUDIT_ARCH_ARM
#endif

static void must(int answer, const char *step)
{
	if (answer >= 0)
		return;
	dprintf(2, "floor: %s: %s\n", step, strerror(errno));
	_exit(125);
}

/* cgroup: one folder in each v1 hierarchy that counts or limits, or a single one on pure v2; or below every -g */

#define HIERARCHIES 16
static struct { const char *parent, *join; char path[128]; } groups[HIERARCHIES];
static int group_count;

static void add_group(const char *parent, const char *join)
{
	must(group_count < HIERARCHIES ? 0 : -1, "so many cgroups");
	groups[group_count].parent = parent;
	groups[group_count].join = join;
	group_count++;
}

/* One thread that moves itself needs no lock of all the machine's forks. A cgroup2 is cloned into: joined by nothing. */
static void add_named_group(const char *parent)
{
	char tasks[128];

	snprintf(tasks, sizeof tasks, "%s/tasks", parent);
	add_group(parent, access(tasks, F_OK) == 0 ? "tasks" : NULL);
}

static void add_usual_groups(void)
{
	static const char *const v1[] = { "/sys/fs/cgroup/memory", "/sys/fs/cgroup/cpu", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/devices" };

	if (access(v1[0], F_OK) != 0)
		add_group("/sys/fs/cgroup", "cgroup.procs");
	else
		for (size_t i = 0; i < sizeof v1 / sizeof v1[0]; i++)
			add_group(v1[i], "cgroup.procs");
}

/* Result: a descriptor of the group to clone into, -1 without one. */
static int make_groups(void)
{
	int into = -1;

	for (int i = 0; i < group_count; i++) {
		snprintf(groups[i].path, sizeof groups[i].path, "%.100s/floor.%d", groups[i].parent, (int)getpid());
		must(mkdir(groups[i].path, 0755), "make the cgroup");
		if (groups[i].join == NULL)
			must(into = open(groups[i].path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open the cgroup");
	}
	return into;
}

static void join_groups(void)
{
	char path[160];

	for (int i = 0; i < group_count; i++) {
		if (groups[i].join == NULL)
			continue;
		snprintf(path, sizeof path, "%.127s/%s", groups[i].path, groups[i].join);
		const int fd = open(path, O_WRONLY | O_CLOEXEC);
		must(fd, "open cgroup.procs");
		must((int)write(fd, "0", 1), "join the cgroup");
		close(fd);
	}
}

static void remove_groups(void)
{
	for (int i = 0; i < group_count; i++)
		while (rmdir(groups[i].path) != 0) {
			must(errno == EBUSY ? 0 : -1, "remove the cgroup");
			sched_yield(); /* it was reaped, and has not left its processor yet */
		}
}

/* file systems */

static const char *image; /* -i, -k */
static int keeps_image;
#define BINDS 16
static struct { const char *source, *target; } binds[BINDS]; /* -b */
static int bind_count;

static void mount_upper(const char *work)
{
	must(mount("tmpfs", work, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"), "mount the upper layer");
}

/* The device goes with its last user: the mount. */
static void mount_image(const char *rootfs)
{
	struct loop_config config = { .info = { .lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR } };
	char device[32];
	const int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	const int backing = open(image, O_RDONLY | O_CLOEXEC);

	must(control, "open /dev/loop-control");
	must(backing, "open the image");
	config.fd = (uint32_t)backing;
	int loop;
	for (;;) {
		const int number = ioctl(control, LOOP_CTL_GET_FREE);
		must(number, "find a loop device");
		snprintf(device, sizeof device, "/dev/loop%d", number);
		must(loop = open(device, O_RDONLY | O_CLOEXEC), "open the loop device");
		if (ioctl(loop, LOOP_CONFIGURE, &config) == 0)
			break;
		must(errno == EBUSY ? 0 : -1, "attach the image"); /* somebody else was faster */
		close(loop);
	}
	must(mount(device, rootfs, "squashfs", MS_RDONLY, NULL), "mount the image");
	close(loop);
	close(backing);
	close(control);
}

static void mount_root(const char *work, const char *rootfs)
{
	char data[512];

	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make mounts private");
	if (image == NULL)
		mount_upper(work);
	must(chdir(work), "enter the upper layer");
	must(mkdir("upper", 0755) | mkdir("scratch", 0755) | mkdir("root", 0755), "make the layers");
	snprintf(data, sizeof data, "lowerdir=%s,upperdir=upper,workdir=scratch", rootfs);
	must(mount("overlay", "root", "overlay", 0, data), "mount the overlay");
	must(chdir("root"), "enter the root");
}

static void mount_kernel_views(void)
{
	const unsigned long safe = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	must(mount("proc", "proc", "proc", safe, NULL), "mount /proc");
	must(mount("sysfs", "sys", "sysfs", safe | MS_RDONLY, NULL), "mount /sys");
}

static void bind_places(void)
{
	for (int i = 0; i < bind_count; i++) {
		const int locked = strncmp(binds[i].source, "ro:", 3) == 0;

		must(mount(binds[i].source + 3 * locked, binds[i].target, NULL, MS_BIND, NULL), binds[i].target);
		if (locked)
			must(mount(NULL, binds[i].target, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), binds[i].target);
	}
}

static void fill_dev(void)
{
	static const struct { const char *path; unsigned major, minor; } nodes[] = {
		{ "dev/zero", 1, 5 }, { "dev/null", 1, 3 }, { "dev/tty", 5, 0 },
		{ "dev/urandom", 1, 9 }, { "dev/random", 1, 8 }, { "dev/full", 1, 7 },
	};
	static const char *const links[][2] = {
		{ "/proc/self/fd", "dev/fd" }, { "fd/0", "dev/stdin" }, { "fd/1", "dev/stdout" }, { "fd/2", "dev/stderr" },
	};

	must(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755,size=64k"), "mount /dev");
	const mode_t before = umask(0);
	for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++)
		must(mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)), nodes[i].path);
	umask(before);
	for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
		must(symlink(links[i][0], links[i][1]), links[i][1]);
}

static void switch_root(void)
{
	must((int)syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "detach the old root");
	must(chdir("/"), "enter the new root");
}

static void raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(fd, "socket");
	must(ioctl(fd, SIOCSIFFLAGS, &request), "loopback up");
	close(fd);
}

/* rights */

static void drop_capabilities(void)
{
	static const int kept[] = {
		CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SETPCAP,
		CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT,
	};
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { 0 };
	uint64_t mask = 0;

	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		mask |= 1ull << kept[i];
	for (int c = 0; c < 64; c++)
		if (!(mask >> c & 1) && prctl(PR_CAPBSET_DROP, c, 0, 0, 0) < 0)
			break; /* EINVAL: the kernel has no further ones */
	for (int i = 0; i < 2; i++)
		sets[i].effective = sets[i].permitted = (uint32_t)(mask >> 32 * i);
	must((int)syscall(SYS_capset, &header, sets), "capset");
}

#define REFUSE(number) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

static void filter_calls(void)
{
	static struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		REFUSE(SYS_mount), REFUSE(SYS_umount2), REFUSE(SYS_pivot_root), REFUSE(SYS_unshare), REFUSE(SYS_setns),
		REFUSE(SYS_ptrace), REFUSE(SYS_bpf), REFUSE(SYS_perf_event_open), REFUSE(SYS_userfaultfd),
		REFUSE(SYS_init_module), REFUSE(SYS_finit_module), REFUSE(SYS_delete_module), REFUSE(SYS_kexec_load),
		REFUSE(SYS_keyctl), REFUSE(SYS_add_key), REFUSE(SYS_request_key), REFUSE(SYS_open_by_handle_at),
		REFUSE(SYS_reboot), REFUSE(SYS_swapon), REFUSE(SYS_acct),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { .len = sizeof program / sizeof program[0], .filter = program };

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), "seccomp");
}

/* The caller's end; the other one in *slave. */
static int open_terminal(int *slave)
{
	int locked = 0;
	const int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

	must(master, "open /dev/ptmx");
	must(ioctl(master, TIOCSPTLCK, &locked), "unlock the terminal");
	must(*slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC), "open the terminal");
	return master;
}

static void become_container(const char *work, const char *rootfs, int terminal, char **command)
{
	static char *const environment[] = { "PATH=/bin:/sbin", "HOME=/", NULL };

	join_groups();
	/* Only now: the cgroup namespace has its root where its maker is. */
	must(unshare(CLONE_NEWCGROUP), "new cgroup namespace");
	mount_root(work, rootfs);
	mount_kernel_views();
	bind_places();
	fill_dev();
	switch_root();
	must(sethostname("floor", 5), "host name");
	raise_loopback();
	drop_capabilities();
	if (terminal >= 0) {
		for (int stream = 0; stream < 3; stream++)
			must(dup2(terminal, stream), "streams");
		must(setsid(), "setsid");
	}
	filter_calls();
	must(execve(command[0], command, environment), command[0]);
}

static int run_container(const char *work, const char *rootfs, char **command)
{
	struct clone_args how = {
		.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET,
		.exit_signal = SIGCHLD,
	};
	int status = 0;
	int terminal = -1;
	int master = -1;

	if (image != NULL) {
		if (!keeps_image)
			mount_image(rootfs);
		mount_upper(work);
		master = open_terminal(&terminal);
	}
	const int into = make_groups();
	if (into >= 0) {
		how.flags |= CLONE_INTO_CGROUP;
		how.cgroup = (uint64_t)into;
	}
	const pid_t child = (pid_t)syscall(SYS_clone3, &how, sizeof how);
	must(child, "clone3");
	if (child == 0)
		become_container(work, rootfs, terminal, command);
	close(into);
	close(terminal);
	must(waitpid(child, &status, 0), "wait");
	close(master);
	if (image != NULL) {
		must(umount2(work, UMOUNT_NOFOLLOW), "unmount the upper layer");
		if (!keeps_image)
			must(umount2(rootfs, UMOUNT_NOFOLLOW), "unmount the image");
	}
	remove_groups();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	int times = 1;
	int status = 0;
	int at = 1;

	for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
		const char *const value = argv[at + 1];

		switch (argv[at][1]) {
		case 'n':
			times = atoi(value);
			break;
		case 'i':
		case 'k':
			image = value;
			keeps_image = argv[at][1] == 'k';
			break;
		case 'g':
			add_named_group(value);
			break;
		case 'b':
			must(bind_count < BINDS && at + 2 < argc ? 0 : -1, "so many binds");
			binds[bind_count].source = value;
			binds[bind_count].target = argv[++at + 1];
			bind_count++;
			break;
		default:
			at = argc;
		}
	}
	if (at + 3 > argc) {
		dprintf(2, "usage: floor [-n TIMES] [-i|-k IMAGE] [-g FOLDER]... [-b SOURCE TARGET]... WORK ROOTFS COMMAND [ARGUMENT...]\n");
		return 2;
	}
	if (group_count == 0)
		add_usual_groups();
	if (keeps_image)
		mount_image(argv[at + 1]);
	for (int i = 0; i < times; i++)
		status = run_container(argv[at], argv[at + 1], argv + at + 2);
	if (keeps_image)
		must(umount2(argv[at + 1], UMOUNT_NOFOLLOW), "unmount the image");
	return status;
}
