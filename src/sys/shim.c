/*
 * One small function a system call, without policy: arguments are checked for
 * bounds and embedded NULs, the call is made once, the result or -errno goes
 * back. sys.d.ts declares each of them for TypeScript; the two are compared at
 * every build. Strings and buffers arrive as pointer and length and are only
 * read or written during the call.
 * Sources: Linux man-pages section 2; kernel include/uapi for what libc lacks.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

/* Numbers are the same on all three architectures from 424 on; older kernel headers lack some. */
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#define SYS_fspick 433
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

#define MAX_LIST 4096       /* words of argv or environment */
#define MAX_FDS 32          /* descriptors in one message */
#define KERNEL_SIGSET_BYTES 8

static int32_t result(long r)
{
	return r < 0 ? -errno : (int32_t)r;
}

static double wide(long long r)
{
	return r < 0 ? -(double)errno : (double)r;
}

/* A NUL-terminated copy of a string argument: 0, -EINVAL for an embedded NUL, -ENAMETOOLONG. */
static int text_of(char *to, size_t room, const uint8_t *p, size_t n)
{
	if (n >= room)
		return -ENAMETOOLONG;
	if (memchr(p, 0, n))
		return -EINVAL;
	memcpy(to, p, n);
	to[n] = 0;
	return 0;
}

#define TEXT(name, room) \
	char name##_z[room]; \
	do { \
		const int bad_##name = text_of(name##_z, sizeof name##_z, name, name##_n); \
		if (bad_##name) \
			return bad_##name; \
	} while (0)
#define PATH(name) TEXT(name, PATH_MAX)
#define S(name) const uint8_t *name, size_t name##_n
#define B(name) const uint8_t *name, size_t name##_n
#define OUT(name) ((void *)(uintptr_t)(name))

static bool outside(size_t size, uint32_t offset, uint32_t length)
{
	return offset > size || length > size - offset;
}

/* ---- files ---- */

int32_t sys_openat(int32_t dirfd, S(path), uint32_t flags, uint32_t mode)
{
	PATH(path);
	return result(openat(dirfd, path_z, (int)flags, (mode_t)mode));
}

int32_t sys_openat2(int32_t dirfd, S(path), uint32_t flags, uint32_t mode, uint32_t resolve)
{
	struct { uint64_t flags, mode, resolve; } how = { flags, mode, resolve };
	PATH(path);
	return result(syscall(SYS_openat2, dirfd, path_z, &how, sizeof how));
}

int32_t sys_close(int32_t fd)
{
	return result(close(fd));
}

int32_t sys_close_range(uint32_t first, uint32_t last, uint32_t flags)
{
	return result(syscall(SYS_close_range, first, last, flags));
}

int32_t sys_read(int32_t fd, B(out), uint32_t offset, uint32_t length)
{
	if (outside(out_n, offset, length))
		return -EINVAL;
	return result(read(fd, OUT(out + offset), length));
}

int32_t sys_pread(int32_t fd, B(out), uint32_t offset, uint32_t length, double position)
{
	if (outside(out_n, offset, length))
		return -EINVAL;
	return result(pread(fd, OUT(out + offset), length, (off_t)position));
}

int32_t sys_preadv2(int32_t fd, B(out), double position, int32_t flags)
{
	struct iovec v = { OUT(out), out_n };
	int64_t at = (int64_t)position;
	return result(syscall(SYS_preadv2, fd, &v, 1, (long)at, (long)(at >> 32), flags));
}

int32_t sys_write(int32_t fd, B(data), uint32_t offset, uint32_t length)
{
	if (outside(data_n, offset, length))
		return -EINVAL;
	return result(write(fd, data + offset, length));
}

int32_t sys_write_text(int32_t fd, S(text))
{
	return result(write(fd, text, text_n));
}

int32_t sys_pwrite(int32_t fd, B(data), uint32_t offset, uint32_t length, double position)
{
	if (outside(data_n, offset, length))
		return -EINVAL;
	return result(pwrite(fd, data + offset, length, (off_t)position));
}

double sys_lseek(int32_t fd, double position, int32_t whence)
{
	return wide(lseek(fd, (off_t)position, whence));
}

int32_t sys_dup3(int32_t fd, int32_t wanted, uint32_t flags)
{
	return result(dup3(fd, wanted, (int)flags));
}

int32_t sys_fcntl(int32_t fd, int32_t command, int32_t argument)
{
	return result(fcntl(fd, command, (long)argument));
}

int32_t sys_flock(int32_t fd, int32_t operation)
{
	return result(flock(fd, operation));
}

int32_t sys_fsync(int32_t fd)
{
	return result(fsync(fd));
}

int32_t sys_fdatasync(int32_t fd)
{
	return result(fdatasync(fd));
}

int32_t sys_syncfs(int32_t fd)
{
	return result(syscall(SYS_syncfs, fd));
}

int32_t sys_sync_file_range(int32_t fd, double position, double length, uint32_t flags)
{
	return result(sync_file_range(fd, (off_t)position, (off_t)length, flags));
}

int32_t sys_sync(void)
{
	sync();
	return 0;
}

int32_t sys_ftruncate(int32_t fd, double size)
{
	return result(ftruncate(fd, (off_t)size));
}

int32_t sys_fallocate(int32_t fd, int32_t mode, double position, double length)
{
	return result(fallocate(fd, mode, (off_t)position, (off_t)length));
}

double sys_copy_file_range(int32_t from, int32_t to, double length)
{
	return wide(copy_file_range(from, NULL, to, NULL, (size_t)length, 0));
}

double sys_sendfile(int32_t to, int32_t from, double length)
{
	return wide(sendfile(to, from, NULL, (size_t)length));
}

int32_t sys_renameat2(int32_t from_dir, S(from), int32_t to_dir, S(to), uint32_t flags)
{
	PATH(from);
	PATH(to);
	return result(syscall(SYS_renameat2, from_dir, from_z, to_dir, to_z, flags));
}

int32_t sys_unlinkat(int32_t dirfd, S(path), int32_t flags)
{
	PATH(path);
	return result(unlinkat(dirfd, path_z, flags));
}

int32_t sys_mkdirat(int32_t dirfd, S(path), uint32_t mode)
{
	PATH(path);
	return result(mkdirat(dirfd, path_z, (mode_t)mode));
}

int32_t sys_mknodat(int32_t dirfd, S(path), uint32_t mode, uint32_t major, uint32_t minor)
{
	PATH(path);
	return result(mknodat(dirfd, path_z, (mode_t)mode, makedev(major, minor)));
}

int32_t sys_symlinkat(S(target), int32_t dirfd, S(path))
{
	PATH(target);
	PATH(path);
	return result(symlinkat(target_z, dirfd, path_z));
}

int32_t sys_linkat(int32_t from_dir, S(from), int32_t to_dir, S(to), int32_t flags)
{
	PATH(from);
	PATH(to);
	return result(linkat(from_dir, from_z, to_dir, to_z, flags));
}

int32_t sys_readlinkat(int32_t dirfd, S(path), B(out))
{
	PATH(path);
	return result(readlinkat(dirfd, path_z, OUT(out), out_n));
}

int32_t sys_fchmodat(int32_t dirfd, S(path), uint32_t mode)
{
	PATH(path);
	return result(fchmodat(dirfd, path_z, (mode_t)mode, 0));
}

int32_t sys_fchownat(int32_t dirfd, S(path), uint32_t uid, uint32_t gid, int32_t flags)
{
	PATH(path);
	return result(fchownat(dirfd, path_z, uid, gid, flags));
}

int32_t sys_faccessat(int32_t dirfd, S(path), int32_t mode, int32_t flags)
{
	PATH(path);
	return result(faccessat(dirfd, path_z, mode, flags));
}

/* out: struct statx of the kernel, 256 bytes, the same everywhere */
int32_t sys_statx(int32_t dirfd, S(path), int32_t flags, uint32_t mask, B(out))
{
	PATH(path);
	if (out_n < 256)
		return -EINVAL;
	return result(syscall(SYS_statx, dirfd, path_z, flags, mask, OUT(out)));
}

/* out: eight doubles: type, block size, blocks, free, available, files, free files, flags */
int32_t sys_statfs(S(path), B(out))
{
	struct statfs s;
	PATH(path);
	if (out_n < 8 * sizeof(double))
		return -EINVAL;
	if (statfs(path_z, &s))
		return -errno;
	const double v[8] = { (double)(uint32_t)s.f_type, (double)s.f_bsize, (double)s.f_blocks, (double)s.f_bfree, (double)s.f_bavail,
			      (double)s.f_files, (double)s.f_ffree, (double)s.f_flags };
	memcpy(OUT(out), v, sizeof v);
	return 0;
}

int32_t sys_getdents64(int32_t fd, B(out))
{
	return result(syscall(SYS_getdents64, fd, OUT(out), out_n));
}

int32_t sys_memfd_create(S(name), uint32_t flags)
{
	TEXT(name, 256);
	return result(syscall(SYS_memfd_create, name_z, flags));
}

int32_t sys_umask(uint32_t mask)
{
	return (int32_t)umask((mode_t)mask);
}

int32_t sys_chdir(S(path))
{
	PATH(path);
	return result(chdir(path_z));
}

int32_t sys_fchdir(int32_t fd)
{
	return result(fchdir(fd));
}

int32_t sys_chroot(S(path))
{
	PATH(path);
	return result(chroot(path_z));
}

/* result: length without the final NUL */
int32_t sys_getcwd(B(out))
{
	const long r = syscall(SYS_getcwd, OUT(out), out_n);
	return r < 0 ? -errno : (int32_t)r - 1;
}

int32_t sys_inotify_init1(int32_t flags)
{
	return result(inotify_init1(flags));
}

int32_t sys_inotify_add_watch(int32_t fd, S(path), uint32_t mask)
{
	PATH(path);
	return result(inotify_add_watch(fd, path_z, mask));
}

int32_t sys_inotify_rm_watch(int32_t fd, int32_t watch)
{
	return result(inotify_rm_watch(fd, watch));
}

int32_t sys_setxattr(S(path), S(name), B(value), int32_t flags)
{
	PATH(path);
	TEXT(name, 256);
	return result(setxattr(path_z, name_z, value, value_n, flags));
}

int32_t sys_getxattr(S(path), S(name), B(out))
{
	PATH(path);
	TEXT(name, 256);
	return result(getxattr(path_z, name_z, OUT(out), out_n));
}

int32_t sys_getrandom(B(out))
{
	return result(getrandom(OUT(out), out_n, 0));
}

/* ---- mounts ---- */

/* an empty source, fstype or data is passed as NULL */
int32_t sys_mount(S(source), S(target), S(fstype), uint32_t flags, S(data))
{
	PATH(source);
	PATH(target);
	TEXT(fstype, 64);
	PATH(data);
	return result(mount(source_n ? source_z : NULL, target_z, fstype_n ? fstype_z : NULL, flags, data_n ? data_z : NULL));
}

int32_t sys_umount2(S(target), int32_t flags)
{
	PATH(target);
	return result(umount2(target_z, flags));
}

int32_t sys_pivot_root(S(new_root), S(put_old))
{
	PATH(new_root);
	PATH(put_old);
	return result(syscall(SYS_pivot_root, new_root_z, put_old_z));
}

int32_t sys_fsopen(S(fstype), uint32_t flags)
{
	TEXT(fstype, 64);
	return result(syscall(SYS_fsopen, fstype_z, flags));
}

int32_t sys_fspick(int32_t dirfd, S(path), uint32_t flags)
{
	PATH(path);
	return result(syscall(SYS_fspick, dirfd, path_z, flags));
}

/* an empty key or value is passed as NULL */
int32_t sys_fsconfig(int32_t fd, uint32_t command, S(key), S(value), int32_t aux)
{
	TEXT(key, 256);
	PATH(value);
	return result(syscall(SYS_fsconfig, fd, command, key_n ? key_z : NULL, value_n ? value_z : NULL, aux));
}

int32_t sys_fsmount(int32_t fd, uint32_t flags, uint32_t attributes)
{
	return result(syscall(SYS_fsmount, fd, flags, attributes));
}

int32_t sys_move_mount(int32_t from_dir, S(from), int32_t to_dir, S(to), uint32_t flags)
{
	PATH(from);
	PATH(to);
	return result(syscall(SYS_move_mount, from_dir, from_z, to_dir, to_z, flags));
}

int32_t sys_open_tree(int32_t dirfd, S(path), uint32_t flags)
{
	PATH(path);
	return result(syscall(SYS_open_tree, dirfd, path_z, flags));
}

int32_t sys_mount_setattr(int32_t dirfd, S(path), uint32_t flags, uint32_t set, uint32_t clear, uint32_t propagation, int32_t userns_fd)
{
	struct { uint64_t set, clear, propagation, userns; } attr = { set, clear, propagation, userns_fd < 0 ? 0 : (uint64_t)userns_fd };
	PATH(path);
	return result(syscall(SYS_mount_setattr, dirfd, path_z, flags, &attr, sizeof attr));
}

int32_t sys_swapon(S(path), int32_t flags)
{
	PATH(path);
	return result(swapon(path_z, flags));
}

int32_t sys_swapoff(S(path))
{
	PATH(path);
	return result(swapoff(path_z));
}

/* ---- processes ---- */

/*
 * A child made by the bare system call keeps the parent's thread id in libc's
 * thread block, so that abort() there would signal the parent. musl has it
 * right before errno. NULL: another libc.
 */
static int32_t *thread_id_slot(void)
{
#ifdef SCR_MUSL
	int32_t *const slot = (int32_t *)&errno - 1;
	if (*slot == (int32_t)syscall(SYS_gettid))
		return slot;
#endif
	return NULL;
}

struct clone_request {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

/* Fills a request; result: its size. cgroup_fd < 0: no CLONE_INTO_CGROUP. */
static size_t request_clone(struct clone_request *a, double flags, int32_t exit_signal, int32_t cgroup_fd, int32_t *pidfd)
{
	*a = (struct clone_request){ .flags = (uint64_t)flags, .pidfd = (uintptr_t)pidfd, .exit_signal = (uint64_t)exit_signal };
	if (cgroup_fd < 0)
		return offsetof(struct clone_request, set_tid);
	a->flags |= 0x200000000ull; /* CLONE_INTO_CGROUP */
	a->cgroup = (uint64_t)cgroup_fd;
	return sizeof *a;
}

/*
 * As fork(2), with namespaces: both processes return, 0 in the child, and the
 * child's memory is a copy. A pidfd is written (4 bytes) where CLONE_PIDFD asks
 * for it. A kernel that doesn't know the call's size or a flag answers E2BIG,
 * EINVAL or ENOSYS.
 */
int32_t sys_clone3(double flags, int32_t exit_signal, int32_t cgroup_fd, B(out_pidfd))
{
	struct clone_request a;
	int32_t pidfd = -1;
	int32_t *const slot = thread_id_slot();
	const size_t size = request_clone(&a, flags, exit_signal, cgroup_fd, &pidfd);

	if (out_pidfd_n < sizeof pidfd)
		return -EINVAL;
	const long pid = syscall(SYS_clone3, &a, size);
	if (pid < 0)
		return -errno;
	if (pid == 0 && slot)
		*slot = (int32_t)syscall(SYS_gettid);
	if (pid > 0)
		memcpy(OUT(out_pidfd), &pidfd, sizeof pidfd);
	return (int32_t)pid;
}

/*
 * clone3 of a child that uses our memory, and our stack from here downwards:
 * it calls run(context) and must not return from that. With CLONE_VFORK we go
 * on when it has left, and our registers and the stack above are as they were.
 */
__attribute__((noinline)) static long clone3_below(struct clone_request *a, size_t size, void (*run)(void *), void *context)
{
#if defined(__x86_64__)
	long r = SYS_clone3;
	__asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\t"
			 "sub $128, %%rsp\n\tand $-16, %%rsp\n\txor %%ebp, %%ebp\n\tmov %[context], %%rdi\n\tcall *%[run]\n\tud2\n1:"
			 : "+a"(r) : "D"(a), "S"(size), [run] "r"(run), [context] "r"(context) : "rcx", "r11", "cc", "memory");
	return r;
#elif defined(__aarch64__)
	register long number __asm__("x8") = SYS_clone3;
	register long r __asm__("x0") = (long)a;
	register long x1 __asm__("x1") = (long)size;
	__asm__ volatile("svc #0\n\tcbnz x0, 1f\n\tmov x29, xzr\n\tmov x0, %[context]\n\tblr %[run]\n\tbrk #1\n1:"
			 : "+r"(r) : "r"(number), "r"(x1), [run] "r"(run), [context] "r"(context) : "cc", "memory");
	return r;
#elif defined(__arm__)
	register long r __asm__("r0") = (long)a;
	register long r1 __asm__("r1") = (long)size;
	long frame;
	/* r7 may be the frame pointer */
	__asm__ volatile("mov %[frame], r7\n\tmov r7, %[number]\n\tsvc #0\n\tmov r7, %[frame]\n\tcmp r0, #0\n\tbne 1f\n\t"
			 "mov r1, sp\n\tbic r1, r1, #7\n\tmov sp, r1\n\tmov r0, %[context]\n\tblx %[run]\n\tudf #0\n1:"
			 : "+r"(r), "+r"(r1), [frame] "=&r"(frame)
			 : [number] "r"(SYS_clone3), [run] "r"(run), [context] "r"(context) : "cc", "memory");
	return r;
#endif
}

struct borrower {
	void (*run)(void *);
	void *context;
	int32_t *slot;
};

static void begin_borrowing(void *p)
{
	const struct borrower *const b = p;
	if (b->slot)
		*b->slot = (int32_t)syscall(SYS_gettid);
	b->run(b->context);
	_exit(125);
}

/*
 * As sys_clone3, but the child borrows our memory instead of copying it, and
 * we stand still until it has become another program or ended: it does run()
 * and never returns here. What it leaves in memory stays there.
 */
int32_t sys_clone3_borrowing(double flags, int32_t exit_signal, int32_t cgroup_fd, B(out_pidfd), void (*run)(void *), void *context)
{
	struct clone_request a;
	int32_t pidfd = -1;
	struct borrower b = { run, context, thread_id_slot() };
	const int32_t tid = b.slot ? *b.slot : 0;
	const size_t size = request_clone(&a, flags, exit_signal, cgroup_fd, &pidfd);

	if (out_pidfd_n < sizeof pidfd)
		return -EINVAL;
	a.flags |= CLONE_VM | CLONE_VFORK;
	const long pid = clone3_below(&a, size, begin_borrowing, &b);
	if (b.slot)
		*b.slot = tid;
	if (pid > 0)
		memcpy(OUT(out_pidfd), &pidfd, sizeof pidfd);
	return (int32_t)pid;
}

/* The older call, for kernels and emulators without clone3; namespaces above 32 bits of flags don't fit it. */
int32_t sys_clone(uint32_t flags, int32_t exit_signal, B(out_pidfd))
{
	int32_t pidfd = -1;
	int32_t *const slot = thread_id_slot();
	if (out_pidfd_n < sizeof pidfd)
		return -EINVAL;
	const long pid = syscall(SYS_clone, (unsigned long)flags | (unsigned long)exit_signal, 0, &pidfd, 0, 0);
	if (pid < 0)
		return -errno;
	if (pid == 0 && slot)
		*slot = (int32_t)syscall(SYS_gettid);
	if (pid > 0)
		memcpy(OUT(out_pidfd), &pidfd, sizeof pidfd);
	return (int32_t)pid;
}

/* Packed list → NULL-terminated pointers into it; NULL when it does not end in NUL or is too long. */
static char **list_of(const uint8_t *p, size_t n)
{
	static char *empty[1];
	if (n == 0)
		return empty;
	if (p[n - 1] != 0)
		return NULL;
	size_t words = 0;
	for (size_t i = 0; i < n; i++)
		words += p[i] == 0;
	char **v = words > MAX_LIST ? NULL : malloc((words + 1) * sizeof *v);
	if (!v)
		return NULL;
	size_t at = 0;
	for (size_t i = 0; i < words; i++) {
		v[i] = (char *)(uintptr_t)p + at;
		at += strlen(v[i]) + 1;
	}
	v[words] = NULL;
	return v;
}

int32_t sys_execveat(int32_t dirfd, S(path), B(argv), B(environment), int32_t flags)
{
	PATH(path);
	char **const v = list_of(argv, argv_n);
	char **const e = list_of(environment, environment_n);
	int32_t r = -EINVAL;
	if (v && e)
		r = result(flags == 0 && dirfd == AT_FDCWD ? execve(path_z, v, e) : syscall(SYS_execveat, dirfd, path_z, v, e, flags));
	if (argv_n)
		free(v);
	if (environment_n)
		free(e);
	return r;
}

void sys_exit(int32_t status)
{
	_exit(status);
}

/* out: pid, code (CLD_*), status as three 32-bit numbers; pid 0 when WNOHANG found none */
int32_t sys_waitid(int32_t id_type, int32_t id, int32_t options, B(out))
{
	siginfo_t i;
	memset(&i, 0, sizeof i);
	if (out_n < 12)
		return -EINVAL;
	if (waitid((idtype_t)id_type, (id_t)id, &i, options))
		return -errno;
	const int32_t v[3] = { i.si_pid, i.si_code, i.si_status };
	memcpy(OUT(out), v, sizeof v);
	return 0;
}

int32_t sys_pidfd_open(int32_t pid, uint32_t flags)
{
	return result(syscall(SYS_pidfd_open, pid, flags));
}

int32_t sys_pidfd_send_signal(int32_t pidfd, int32_t signal)
{
	return result(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

int32_t sys_pidfd_getfd(int32_t pidfd, int32_t fd)
{
	return result(syscall(SYS_pidfd_getfd, pidfd, fd, 0));
}

int32_t sys_kill(int32_t pid, int32_t signal)
{
	return result(kill(pid, signal));
}

int32_t sys_getpid(void)
{
	return (int32_t)syscall(SYS_getpid);
}

int32_t sys_getppid(void)
{
	return getppid();
}

double sys_getuid(void)
{
	return getuid();
}

double sys_geteuid(void)
{
	return geteuid();
}

int32_t sys_setsid(void)
{
	return result(setsid());
}

int32_t sys_setpgid(int32_t pid, int32_t group)
{
	return result(setpgid(pid, group));
}

int32_t sys_unshare(uint32_t flags)
{
	return result(unshare((int)flags));
}

int32_t sys_setns(int32_t fd, uint32_t flags)
{
	return result(setns(fd, (int)flags));
}

int32_t sys_sethostname(S(name))
{
	TEXT(name, 256);
	return result(sethostname(name_z, name_n));
}

/* field: 0 system, 1 node, 2 release, 3 version, 4 machine; result: length */
int32_t sys_uname(int32_t field, B(out))
{
	struct utsname u;
	if (uname(&u))
		return -errno;
	const char *const all[] = { u.sysname, u.nodename, u.release, u.version, u.machine };
	if (field < 0 || field > 4)
		return -EINVAL;
	const size_t n = strlen(all[field]);
	if (n > out_n)
		return -ERANGE;
	memcpy(OUT(out), all[field], n);
	return (int32_t)n;
}

int32_t sys_prctl(int32_t option, double a, double b, double c, double d)
{
	return result(prctl(option, (unsigned long)a, (unsigned long)b, (unsigned long)c, (unsigned long)d));
}

int32_t sys_set_name(S(name))
{
	TEXT(name, 64);
	return result(prctl(PR_SET_NAME, name_z, 0, 0, 0));
}

/* out: effective, permitted, inheritable (low words), then the same for the high words: six 32-bit numbers */
int32_t sys_capget(int32_t pid, B(out))
{
	struct { uint32_t version; int32_t pid; } h = { 0x20080522, pid };
	if (out_n < 24)
		return -EINVAL;
	return result(syscall(SYS_capget, &h, OUT(out)));
}

int32_t sys_capset(uint32_t effective_low, uint32_t effective_high, uint32_t permitted_low, uint32_t permitted_high, uint32_t inheritable_low, uint32_t inheritable_high)
{
	struct { uint32_t version; int32_t pid; } h = { 0x20080522, 0 };
	const uint32_t d[6] = { effective_low, permitted_low, inheritable_low, effective_high, permitted_high, inheritable_high };
	return result(syscall(SYS_capset, &h, d));
}

/* program: instructions of eight bytes (struct sock_filter); empty for operations without one */
int32_t sys_seccomp(uint32_t operation, uint32_t flags, B(program))
{
	const struct sock_fprog p = { (unsigned short)(program_n / 8), OUT(program) };
	if (program_n % 8 || program_n / 8 > 4096)
		return -EINVAL;
	return result(syscall(SYS_seccomp, operation, flags, program_n ? &p : NULL));
}

int32_t sys_setresuid(uint32_t real, uint32_t effective, uint32_t saved)
{
	return result(setresuid(real, effective, saved));
}

int32_t sys_setresgid(uint32_t real, uint32_t effective, uint32_t saved)
{
	return result(setresgid(real, effective, saved));
}

/* ids: 32-bit numbers */
int32_t sys_setgroups(B(ids))
{
#ifdef SYS_setgroups32
	return result(syscall(SYS_setgroups32, ids_n / 4, ids));
#else
	return result(syscall(SYS_setgroups, ids_n / 4, ids));
#endif
}

/* soft, hard: -1 is unlimited */
int32_t sys_prlimit(int32_t pid, int32_t resource, double soft, double hard)
{
	const uint64_t v[2] = { soft < 0 ? UINT64_MAX : (uint64_t)soft, hard < 0 ? UINT64_MAX : (uint64_t)hard };
	return result(syscall(SYS_prlimit64, pid, resource, v, NULL));
}

/* out: soft and hard limit as two doubles, -1 unlimited */
int32_t sys_getrlimit(int32_t pid, int32_t resource, B(out))
{
	uint64_t v[2];
	if (out_n < 2 * sizeof(double))
		return -EINVAL;
	if (syscall(SYS_prlimit64, pid, resource, NULL, v))
		return -errno;
	const double d[2] = { v[0] == UINT64_MAX ? -1 : (double)v[0], v[1] == UINT64_MAX ? -1 : (double)v[1] };
	memcpy(OUT(out), d, sizeof d);
	return 0;
}

int32_t sys_sched_setscheduler(int32_t pid, int32_t policy, int32_t priority)
{
	const int p = priority;
	return result(syscall(SYS_sched_setscheduler, pid, policy, &p));
}

int32_t sys_sched_setaffinity(int32_t pid, B(mask))
{
	return result(syscall(SYS_sched_setaffinity, pid, mask_n, mask));
}

int32_t sys_setpriority(int32_t which, int32_t who, int32_t priority)
{
	return result(setpriority(which, (id_t)who, priority));
}

int32_t sys_ioprio_set(int32_t which, int32_t who, int32_t priority)
{
	return result(syscall(SYS_ioprio_set, which, who, priority));
}

int32_t sys_personality(uint32_t persona)
{
	return result(personality(persona));
}

/* an empty name is passed as a number (a) instead */
int32_t sys_keyctl(int32_t operation, S(name), double a, double b)
{
	TEXT(name, 256);
	return result(syscall(SYS_keyctl, operation, name_n ? (long)(uintptr_t)name_z : (long)a, (long)b, 0, 0));
}

int32_t sys_add_key(S(type), S(description), B(payload), int32_t keyring)
{
	TEXT(type, 32);
	TEXT(description, 256);
	return result(syscall(SYS_add_key, type_z, description_z, payload, payload_n, keyring));
}

/* out: this process's environment as a packed list; result: bytes needed, nothing written when out is too small */
int32_t sys_environment(B(out))
{
	size_t need = 0;
	for (char **e = environ; e && *e; e++)
		need += strlen(*e) + 1;
	if (need <= out_n) {
		char *to = OUT(out);
		for (char **e = environ; e && *e; e++) {
			const size_t n = strlen(*e) + 1;
			memcpy(to, *e, n);
			to += n;
		}
	}
	return (int32_t)need;
}

/* A trap (SEGV, BUS, ILL, FPE, ABRT) of a process that must not end: the program starts again in the same process. */
static char trap_path[256], trap_args[512];
static char *trap_argv[16];

static void on_trap(int sig)
{
	sigset_t all;
	(void)sig;
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	execve(trap_path, trap_argv, environ);
	_exit(111);
}

int32_t sys_reexec_on_trap(S(path), B(argv))
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
	struct sigaction a = { .sa_handler = on_trap, .sa_flags = SA_NODEFER | SA_ONSTACK };
	const int bad = text_of(trap_path, sizeof trap_path, path, path_n);
	if (bad)
		return bad;
	if (argv_n == 0 || argv_n > sizeof trap_args || argv[argv_n - 1] != 0)
		return -EINVAL;
	memcpy(trap_args, argv, argv_n);
	size_t n = 0;
	for (size_t at = 0; at < argv_n && n < 15; at += strlen(trap_args + at) + 1)
		trap_argv[n++] = trap_args + at;
	trap_argv[n] = NULL;
	static char stack[8192];
	const stack_t s = { .ss_sp = stack, .ss_size = sizeof stack };
	if (sigaltstack(&s, NULL))
		return -errno;
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (sigaction(signals[i], &a, NULL))
			return -errno;
	return 0;
}

/* 0 x86_64, 1 armv7, 2 aarch64 */
int32_t sys_architecture(void)
{
#if defined(__x86_64__)
	return 0;
#elif defined(__arm__)
	return 1;
#elif defined(__aarch64__)
	return 2;
#else
#error "add the architecture here and in constants.ts"
#endif
}

/* ---- events ---- */

int32_t sys_epoll_create1(int32_t flags)
{
	return result(epoll_create1(flags));
}

int32_t sys_epoll_ctl(int32_t epoll, int32_t operation, int32_t fd, uint32_t events, uint32_t data)
{
	struct epoll_event e = { .events = events, .data = { .u64 = data } };
	return result(epoll_ctl(epoll, operation, fd, &e));
}

/* out: pairs of 32-bit numbers (events, data), as many as fit, at most 64; result: how many */
int32_t sys_epoll_wait(int32_t epoll, B(out), int32_t timeout_ms)
{
	struct epoll_event e[64];
	const size_t room = out_n / 8 < 64 ? out_n / 8 : 64;
	if (room == 0)
		return -EINVAL;
	const int n = epoll_wait(epoll, e, (int)room, timeout_ms);
	if (n < 0)
		return -errno;
	uint32_t *to = OUT(out);
	for (int i = 0; i < n; i++) {
		const uint32_t v[2] = { e[i].events, (uint32_t)e[i].data.u64 };
		memcpy(to + 2 * i, v, sizeof v);
	}
	return n;
}

/* result: the events that came, 0 after the timeout */
int32_t sys_poll(int32_t fd, int32_t events, int32_t timeout_ms)
{
	struct pollfd p = { fd, (short)events, 0 };
	const int n = poll(&p, 1, timeout_ms);
	return n < 0 ? -errno : n == 0 ? 0 : (int32_t)(unsigned short)p.revents;
}

int32_t sys_timerfd_create(int32_t clock, int32_t flags)
{
	return result(timerfd_create(clock, flags));
}

static struct timespec milliseconds(double ms)
{
	const double s = ms / 1000;
	struct timespec t = { (time_t)s, 0 };
	t.tv_nsec = (long)((ms - (double)t.tv_sec * 1000) * 1e6);
	return t;
}

/* after_ms 0 disarms; every_ms 0 is once */
int32_t sys_timerfd_settime(int32_t fd, int32_t flags, double after_ms, double every_ms)
{
	const struct itimerspec t = { milliseconds(every_ms), milliseconds(after_ms) };
	return result(timerfd_settime(fd, flags, &t, NULL));
}

/* signal masks: bit n-1 is signal n, low and high 32 bits */
int32_t sys_signalfd(int32_t fd, uint32_t mask_low, uint32_t mask_high, int32_t flags)
{
	const uint64_t mask = (uint64_t)mask_high << 32 | mask_low;
	return result(syscall(SYS_signalfd4, fd, &mask, KERNEL_SIGSET_BYTES, flags));
}

int32_t sys_sigprocmask(int32_t how, uint32_t mask_low, uint32_t mask_high)
{
	const uint64_t mask = (uint64_t)mask_high << 32 | mask_low;
	return result(syscall(SYS_rt_sigprocmask, how, &mask, NULL, KERNEL_SIGSET_BYTES));
}

/* disposition: 0 default, 1 ignore */
int32_t sys_signal(int32_t sig, int32_t disposition)
{
	return signal(sig, disposition ? SIG_IGN : SIG_DFL) == SIG_ERR ? -errno : 0;
}

int32_t sys_eventfd(uint32_t initial, int32_t flags)
{
	return result(eventfd(initial, flags));
}

/* out: reading and writing end as two 32-bit numbers */
int32_t sys_pipe2(B(out), int32_t flags)
{
	int fds[2];
	if (out_n < sizeof fds)
		return -EINVAL;
	if (pipe2(fds, flags))
		return -errno;
	memcpy(OUT(out), fds, sizeof fds);
	return 0;
}

double sys_clock_us(int32_t clock)
{
	struct timespec t;
	if (clock_gettime(clock, &t))
		return -(double)errno;
	return (double)t.tv_sec * 1e6 + (double)(t.tv_nsec / 1000);
}

int32_t sys_clock_settime(int32_t clock, double microseconds)
{
	struct timespec t = milliseconds(microseconds / 1000);
	return result(clock_settime(clock, &t));
}

int32_t sys_sleep_ms(uint32_t ms)
{
	const struct timespec t = milliseconds(ms);
	return result(nanosleep(&t, NULL));
}

/* ---- sockets ---- */

int32_t sys_socket(int32_t domain, int32_t type, int32_t protocol)
{
	return result(socket(domain, type, protocol));
}

int32_t sys_socketpair(int32_t domain, int32_t type, int32_t protocol, B(out))
{
	int fds[2];
	if (out_n < sizeof fds)
		return -EINVAL;
	if (socketpair(domain, type, protocol, fds))
		return -errno;
	memcpy(OUT(out), fds, sizeof fds);
	return 0;
}

/* addresses are struct sockaddr_* as bytes */
int32_t sys_bind(int32_t fd, B(address))
{
	return result(bind(fd, OUT(address), (socklen_t)address_n));
}

int32_t sys_connect(int32_t fd, B(address))
{
	return result(connect(fd, OUT(address), (socklen_t)address_n));
}

int32_t sys_listen(int32_t fd, int32_t backlog)
{
	return result(listen(fd, backlog));
}

int32_t sys_accept4(int32_t fd, int32_t flags)
{
	return result(accept4(fd, NULL, NULL, flags));
}

int32_t sys_getsockname(int32_t fd, B(out))
{
	socklen_t n = (socklen_t)out_n;
	return getsockname(fd, OUT(out), &n) ? -errno : (int32_t)n;
}

/* result: length of the value */
int32_t sys_getsockopt(int32_t fd, int32_t level, int32_t option, B(out))
{
	socklen_t n = (socklen_t)out_n;
	return getsockopt(fd, level, option, OUT(out), &n) ? -errno : (int32_t)n;
}

int32_t sys_setsockopt(int32_t fd, int32_t level, int32_t option, B(value))
{
	return result(setsockopt(fd, level, option, value, (socklen_t)value_n));
}

int32_t sys_shutdown(int32_t fd, int32_t how)
{
	return result(shutdown(fd, how));
}

/* fds: 32-bit numbers to pass, may be empty; address: empty for a connected socket */
int32_t sys_sendmsg(int32_t fd, B(data), uint32_t offset, uint32_t length, B(fds), B(address), int32_t flags)
{
	union { struct cmsghdr align; char room[CMSG_SPACE(MAX_FDS * sizeof(int))]; } control;
	struct iovec part;
	struct msghdr m;
	if (outside(data_n, offset, length) || fds_n % 4 || fds_n / 4 > MAX_FDS)
		return -EINVAL;
	part = (struct iovec){ OUT(data + offset), length };
	m = (struct msghdr){ .msg_iov = &part, .msg_iovlen = 1 };
	if (address_n) {
		m.msg_name = OUT(address);
		m.msg_namelen = (socklen_t)address_n;
	}
	if (fds_n) {
		memset(&control, 0, sizeof control);
		m.msg_control = control.room;
		m.msg_controllen = CMSG_SPACE(fds_n);
		struct cmsghdr *const c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fds_n);
		memcpy(CMSG_DATA(c), fds, fds_n);
	}
	return result(sendmsg(fd, &m, flags | MSG_NOSIGNAL));
}

/*
 * out_fds: count, message flags (MSG_TRUNC, MSG_CTRUNC), then the descriptors
 * received, all 32-bit numbers, close-on-exec; those that don't fit are closed.
 */
int32_t sys_recvmsg(int32_t fd, B(out), B(out_fds), int32_t flags)
{
	union { struct cmsghdr align; char room[CMSG_SPACE(MAX_FDS * sizeof(int))]; } control;
	struct iovec part = { OUT(out), out_n };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room };
	int32_t head[2] = { 0, 0 };
	if (out_fds_n < sizeof head)
		return -EINVAL;
	const ssize_t n = recvmsg(fd, &m, flags | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		const size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int one;
			memcpy(&one, CMSG_DATA(c) + i * sizeof one, sizeof one);
			if (sizeof head + ((size_t)head[0] + 1) * 4 <= out_fds_n) {
				memcpy((char *)OUT(out_fds) + sizeof head + (size_t)head[0] * 4, &one, 4);
				head[0]++;
			} else {
				close(one);
			}
		}
	}
	head[1] = m.msg_flags;
	memcpy(OUT(out_fds), head, sizeof head);
	return (int32_t)n;
}

/* ---- devices and the kernel ---- */

int32_t sys_ioctl_number(int32_t fd, uint32_t request, double argument)
{
	return result(ioctl(fd, (int)request, (unsigned long)argument));
}

/* The caller gives a buffer of the size the request has; the request's own size field is checked against it. */
int32_t sys_ioctl_buffer(int32_t fd, uint32_t request, B(inout))
{
	if (inout_n < (request >> 16 & 0x3fff))
		return -EINVAL;
	return result(ioctl(fd, (int)request, OUT(inout)));
}

int32_t sys_finit_module(int32_t fd, S(parameters), int32_t flags)
{
	PATH(parameters);
	return result(syscall(SYS_finit_module, fd, parameters_z, flags));
}

int32_t sys_delete_module(S(name), uint32_t flags)
{
	TEXT(name, 64);
	return result(syscall(SYS_delete_module, name_z, flags));
}

int32_t sys_reboot(uint32_t command)
{
	return result(reboot((int)command));
}

static long bpf(int command, union bpf_attr *a)
{
	return syscall(SYS_bpf, command, a, sizeof *a);
}

/* program: instructions of eight bytes (struct bpf_insn); result: descriptor of a device filter */
int32_t sys_bpf_load_device_filter(B(program))
{
	union bpf_attr a;
	memset(&a, 0, sizeof a);
	if (program_n % 8)
		return -EINVAL;
	a.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	a.insns = (uintptr_t)program;
	a.insn_cnt = (uint32_t)(program_n / 8);
	a.license = (uintptr_t)"Apache-2.0";
	return result(bpf(BPF_PROG_LOAD, &a));
}

int32_t sys_bpf_attach(int32_t cgroup_fd, int32_t program_fd, int32_t type, uint32_t flags)
{
	union bpf_attr a;
	memset(&a, 0, sizeof a);
	a.target_fd = (uint32_t)cgroup_fd;
	a.attach_bpf_fd = (uint32_t)program_fd;
	a.attach_type = (uint32_t)type;
	a.attach_flags = flags;
	return result(bpf(BPF_PROG_ATTACH, &a));
}

int32_t sys_bpf_detach(int32_t cgroup_fd, int32_t program_fd, int32_t type)
{
	union bpf_attr a;
	memset(&a, 0, sizeof a);
	a.target_fd = (uint32_t)cgroup_fd;
	a.attach_bpf_fd = (uint32_t)program_fd;
	a.attach_type = (uint32_t)type;
	return result(bpf(BPF_PROG_DETACH, &a));
}
