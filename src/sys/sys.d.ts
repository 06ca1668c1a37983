/*
 * The shim as TypeScript sees it: one line a function, and the FFI manifest is
 * made from these lines. Every function returns its result, or -errno; i32
 * results that are neither are said so. `string` must not hold NUL (EINVAL).
 * `offset, length` select a part of the buffer before them (EINVAL outside).
 * Packed lists are NUL-terminated strings one after the other. Buffers that
 * the shim fills are marked "out".
 */
type i32 = number;
type u32 = number;
type u8 = number;
type f64 = number;
type bool = boolean;

// files
declare function sys_openat(dirfd: i32, path: string, flags: u32, mode: u32): i32;
declare function sys_openat2(dirfd: i32, path: string, flags: u32, mode: u32, resolve: u32): i32;
declare function sys_close(fd: i32): i32;
declare function sys_close_range(first: u32, last: u32, flags: u32): i32;
declare function sys_read(fd: i32, out: Uint8Array, offset: u32, length: u32): i32;
declare function sys_pread(fd: i32, out: Uint8Array, offset: u32, length: u32, position: f64): i32;
declare function sys_preadv2(fd: i32, out: Uint8Array, position: f64, flags: i32): i32;
declare function sys_write(fd: i32, data: Uint8Array, offset: u32, length: u32): i32;
declare function sys_write_text(fd: i32, text: string): i32;
declare function sys_pwrite(fd: i32, data: Uint8Array, offset: u32, length: u32, position: f64): i32;
declare function sys_lseek(fd: i32, position: f64, whence: i32): f64;
declare function sys_dup3(fd: i32, wanted: i32, flags: u32): i32;
declare function sys_fcntl(fd: i32, command: i32, argument: i32): i32;
declare function sys_flock(fd: i32, operation: i32): i32;
declare function sys_fsync(fd: i32): i32;
declare function sys_fdatasync(fd: i32): i32;
declare function sys_syncfs(fd: i32): i32;
declare function sys_sync_file_range(fd: i32, position: f64, length: f64, flags: u32): i32;
declare function sys_sync(): i32;
declare function sys_ftruncate(fd: i32, size: f64): i32;
declare function sys_fallocate(fd: i32, mode: i32, position: f64, length: f64): i32;
declare function sys_copy_file_range(from: i32, to: i32, length: f64): f64;
declare function sys_sendfile(to: i32, from: i32, length: f64): f64;
declare function sys_renameat2(fromDir: i32, from: string, toDir: i32, to: string, flags: u32): i32;
declare function sys_unlinkat(dirfd: i32, path: string, flags: i32): i32;
declare function sys_mkdirat(dirfd: i32, path: string, mode: u32): i32;
declare function sys_mknodat(dirfd: i32, path: string, mode: u32, major: u32, minor: u32): i32;
declare function sys_symlinkat(target: string, dirfd: i32, path: string): i32;
declare function sys_linkat(fromDir: i32, from: string, toDir: i32, to: string, flags: i32): i32;
declare function sys_readlinkat(dirfd: i32, path: string, out: Uint8Array): i32;
declare function sys_fchmodat(dirfd: i32, path: string, mode: u32): i32;
declare function sys_fchownat(dirfd: i32, path: string, uid: u32, gid: u32, flags: i32): i32;
declare function sys_faccessat(dirfd: i32, path: string, mode: i32, flags: i32): i32;
declare function sys_statx(dirfd: i32, path: string, flags: i32, mask: u32, out: Uint8Array): i32;
declare function sys_statfs(path: string, out: Uint8Array): i32;
declare function sys_getdents64(fd: i32, out: Uint8Array): i32;
declare function sys_memfd_create(name: string, flags: u32): i32;
declare function sys_umask(mask: u32): i32;
declare function sys_chdir(path: string): i32;
declare function sys_fchdir(fd: i32): i32;
declare function sys_chroot(path: string): i32;
declare function sys_getcwd(out: Uint8Array): i32;
declare function sys_inotify_init1(flags: i32): i32;
declare function sys_inotify_add_watch(fd: i32, path: string, mask: u32): i32;
declare function sys_inotify_rm_watch(fd: i32, watch: i32): i32;
declare function sys_setxattr(path: string, name: string, value: Uint8Array, flags: i32): i32;
declare function sys_getxattr(path: string, name: string, out: Uint8Array): i32;
declare function sys_getrandom(out: Uint8Array): i32;

// mounts
declare function sys_mount(source: string, target: string, fstype: string, flags: u32, data: string): i32;
declare function sys_umount2(target: string, flags: i32): i32;
declare function sys_pivot_root(newRoot: string, putOld: string): i32;
declare function sys_fsopen(fstype: string, flags: u32): i32;
declare function sys_fspick(dirfd: i32, path: string, flags: u32): i32;
declare function sys_fsconfig(fd: i32, command: u32, key: string, value: string, aux: i32): i32;
declare function sys_fsmount(fd: i32, flags: u32, attributes: u32): i32;
declare function sys_move_mount(fromDir: i32, from: string, toDir: i32, to: string, flags: u32): i32;
declare function sys_open_tree(dirfd: i32, path: string, flags: u32): i32;
declare function sys_mount_setattr(dirfd: i32, path: string, flags: u32, set: u32, clear: u32, propagation: u32, usernsFd: i32): i32;
declare function sys_swapon(path: string, flags: i32): i32;
declare function sys_swapoff(path: string): i32;

// processes
declare function sys_clone3(flags: f64, exitSignal: i32, cgroupFd: i32, outPidfd: Uint8Array): i32;
declare function sys_clone(flags: u32, exitSignal: i32, outPidfd: Uint8Array): i32;
declare function sys_execveat(dirfd: i32, path: string, argv: Uint8Array, environment: Uint8Array, flags: i32): i32;
declare function sys_exit(status: i32): void;
declare function sys_waitid(idType: i32, id: i32, options: i32, out: Uint8Array): i32;
declare function sys_pidfd_open(pid: i32, flags: u32): i32;
declare function sys_pidfd_send_signal(pidfd: i32, signal: i32): i32;
declare function sys_pidfd_getfd(pidfd: i32, fd: i32): i32;
declare function sys_kill(pid: i32, signal: i32): i32;
declare function sys_getpid(): i32;
declare function sys_settle(): i32;
declare function sys_getppid(): i32;
declare function sys_getuid(): f64;
declare function sys_geteuid(): f64;
declare function sys_setsid(): i32;
declare function sys_setpgid(pid: i32, group: i32): i32;
declare function sys_unshare(flags: u32): i32;
declare function sys_setns(fd: i32, flags: u32): i32;
declare function sys_sethostname(name: string): i32;
declare function sys_uname(field: i32, out: Uint8Array): i32;
declare function sys_prctl(option: i32, a: f64, b: f64, c: f64, d: f64): i32;
declare function sys_set_name(name: string): i32;
declare function sys_capget(pid: i32, out: Uint8Array): i32;
declare function sys_capset(effectiveLow: u32, effectiveHigh: u32, permittedLow: u32, permittedHigh: u32, inheritableLow: u32, inheritableHigh: u32): i32;
declare function sys_syscall_numbers(isCompat: i32, names: Uint8Array, out: Uint8Array): i32;
declare function sys_default_filter(out: Uint8Array): i32;
declare function sys_seccomp(operation: u32, flags: u32, program: Uint8Array): i32;
declare function sys_setresuid(real: u32, effective: u32, saved: u32): i32;
declare function sys_setresgid(real: u32, effective: u32, saved: u32): i32;
declare function sys_setgroups(ids: Uint8Array): i32;
declare function sys_prlimit(pid: i32, resource: i32, soft: f64, hard: f64): i32;
declare function sys_getrlimit(pid: i32, resource: i32, out: Uint8Array): i32;
declare function sys_sched_setscheduler(pid: i32, policy: i32, priority: i32): i32;
declare function sys_sched_setaffinity(pid: i32, mask: Uint8Array): i32;
declare function sys_setpriority(which: i32, who: i32, priority: i32): i32;
declare function sys_ioprio_set(which: i32, who: i32, priority: i32): i32;
declare function sys_personality(persona: u32): i32;
declare function sys_keyctl(operation: i32, name: string, a: f64, b: f64): i32;
declare function sys_add_key(type: string, description: string, payload: Uint8Array, keyring: i32): i32;
declare function sys_environment(out: Uint8Array): i32;
declare function sys_reexec_on_trap(path: string, argv: Uint8Array): i32;
declare function sys_architecture(): i32;

// events
declare function sys_epoll_create1(flags: i32): i32;
declare function sys_epoll_ctl(epoll: i32, operation: i32, fd: i32, events: u32, data: u32): i32;
declare function sys_epoll_wait(epoll: i32, out: Uint8Array, timeoutMs: i32): i32;
declare function sys_poll(fd: i32, events: i32, timeoutMs: i32): i32;
declare function sys_timerfd_create(clock: i32, flags: i32): i32;
declare function sys_timerfd_settime(fd: i32, flags: i32, afterMs: f64, everyMs: f64): i32;
declare function sys_signalfd(fd: i32, maskLow: u32, maskHigh: u32, flags: i32): i32;
declare function sys_sigprocmask(how: i32, maskLow: u32, maskHigh: u32): i32;
declare function sys_signal(signal: i32, disposition: i32): i32;
declare function sys_eventfd(initial: u32, flags: i32): i32;
declare function sys_pipe2(out: Uint8Array, flags: i32): i32;
declare function sys_clock_us(clock: i32): f64;
declare function sys_clock_settime(clock: i32, microseconds: f64): i32;
declare function sys_sleep_ms(milliseconds: u32): i32;

// sockets
declare function sys_socket(domain: i32, type: i32, protocol: i32): i32;
declare function sys_socketpair(domain: i32, type: i32, protocol: i32, out: Uint8Array): i32;
declare function sys_bind(fd: i32, address: Uint8Array): i32;
declare function sys_connect(fd: i32, address: Uint8Array): i32;
declare function sys_listen(fd: i32, backlog: i32): i32;
declare function sys_accept4(fd: i32, flags: i32): i32;
declare function sys_getsockname(fd: i32, out: Uint8Array): i32;
declare function sys_getsockopt(fd: i32, level: i32, option: i32, out: Uint8Array): i32;
declare function sys_setsockopt(fd: i32, level: i32, option: i32, value: Uint8Array): i32;
declare function sys_shutdown(fd: i32, how: i32): i32;
declare function sys_sendmsg(fd: i32, data: Uint8Array, offset: u32, length: u32, fds: Uint8Array, address: Uint8Array, flags: i32): i32;
declare function sys_recvmsg(fd: i32, out: Uint8Array, outFds: Uint8Array, flags: i32): i32;

// devices and the kernel
declare function sys_ioctl_number(fd: i32, request: u32, argument: f64): i32;
declare function sys_ioctl_buffer(fd: i32, request: u32, inout: Uint8Array): i32;
declare function sys_finit_module(fd: i32, parameters: string, flags: i32): i32;
declare function sys_delete_module(name: string, flags: u32): i32;
declare function sys_reboot(command: u32): i32;
declare function sys_bpf_load_device_filter(program: Uint8Array): i32;
declare function sys_bpf_attach(cgroupFd: i32, programFd: i32, type: i32, flags: u32): i32;
declare function sys_bpf_detach(cgroupFd: i32, programFd: i32, type: i32): i32;

// --- crypto.c: hashes, public keys, certificates (wrappers: crypto.ts) ---
declare function sys_sha256_begin(state: Uint8Array): i32;
declare function sys_sha256_update(state: Uint8Array, data: Uint8Array, offset: u32, length: u32): i32;
declare function sys_sha256_finish(state: Uint8Array, out: Uint8Array): i32;
declare function sys_sha256_fd(fd: i32, out: Uint8Array): i32;
declare function sys_jws_digest(bits: i32, head: Uint8Array, payload: Uint8Array, out: Uint8Array): i32;
declare function sys_pk_describe(key: Uint8Array, out: Uint8Array): i32;
declare function sys_pk_verify(key: Uint8Array, bits: i32, digest: Uint8Array, signature: Uint8Array): i32;
declare function sys_x509_verify(chain: Uint8Array, count: u32, anchors: Uint8Array, when: f64, out: Uint8Array): i32;
declare function sys_x509_key(certificate: Uint8Array, out: Uint8Array): i32;
declare function sys_x509_common_name(certificate: Uint8Array, out: Uint8Array): i32;

// --- regex.c: extended regular expressions (wrapper: regex.ts) ---
declare function sys_regex_match(pattern: string, text: string, out: Uint8Array): i32;
