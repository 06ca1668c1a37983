/// <reference path="../../src/sys/sys.d.ts" />
/** Rows of devices, modules, device filters and libc's expressions. */
import { i32At } from "../../src/sys/bytes.ts";
import { AT_FDCWD, MNT_DETACH, O_DIRECTORY, O_RDONLY } from "../../src/sys/constants.ts";
import { EBADF, EINVAL, ENODEV, ENOENT, ENOEXEC, ENOSYS, ENOTTY } from "../../src/sys/errno.ts";
import { lacks, refused, works } from "./tally.ts";

const BPF_CGROUP_DEVICE = 6;

/** module: path of a kernel module that can be loaded and taken out again, named `moduleName`; "" for none. */
export function kernelRows(dir: string, module: string, moduleName: string): void {
  requests(dir);
  modules(module, moduleName);
  deviceFilters(dir);
  const out = new Uint8Array(16);
  works("sys_regex_match", sys_regex_match("a(b+)c", "xxabbc", out), i32At(out, 0) === 2 && i32At(out, 4) === 6 && i32At(out, 8) === 3 && i32At(out, 12) === 5);
  works("sys_regex_match", sys_regex_match("^b", "ab", out), true);
  refused("sys_regex_match", sys_regex_match("[a", "a", out), EINVAL);
}

function requests(dir: string): void {
  const pipe = new Uint8Array(8);
  sys_pipe2(pipe, 0);
  sys_write_text(i32At(pipe, 4), "seven77");
  const count = new Uint8Array(4);
  works("sys_ioctl_buffer", sys_ioctl_buffer(i32At(pipe, 0), 0x541b, count), i32At(count, 0) === 7);
  refused("sys_ioctl_buffer", sys_ioctl_buffer(i32At(pipe, 0), 0x80045430, new Uint8Array(3)), EINVAL);
  works("sys_ioctl_number", sys_ioctl_number(i32At(pipe, 0), 0x5451, 0), sys_fcntl(i32At(pipe, 0), 1, 0) === 1);
  const fd = sys_openat(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
  refused("sys_ioctl_number", sys_ioctl_number(fd, 0x5409, 0), ENOTTY);
  for (const one of [i32At(pipe, 0), i32At(pipe, 4), fd]) sys_close(one);
}

function modules(path: string, name: string): void {
  const self = sys_openat(AT_FDCWD, "/proc/self/status", O_RDONLY, 0);
  const memory = sys_memfd_create("module", 0);
  sys_write_text(memory, "no module at all, but long enough to be looked at by the loader of the kernel ....");
  refused("sys_finit_module", sys_finit_module(memory, "", 0), ENOEXEC);
  refused("sys_finit_module", sys_finit_module(-1, "", 0), EBADF);
  refused("sys_delete_module", sys_delete_module("nonesuch", 0), ENOENT);
  if (path === "") {
    lacks("sys_finit_module", "no module was named");
    lacks("sys_delete_module", "no module was named");
  } else {
    const fd = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
    const loaded = works("sys_finit_module", sys_finit_module(fd, "", 0));
    works("sys_delete_module", loaded < 0 ? loaded : sys_delete_module(name, 0));
    sys_close(fd);
  }
  sys_close(self);
  sys_close(memory);
}

/** r0 = 1; exit */
const ALLOW = new Uint8Array([0xb7, 0, 0, 0, 1, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]);

function deviceFilters(dir: string): void {
  const program = works("sys_bpf_load_device_filter", sys_bpf_load_device_filter(ALLOW));
  refused("sys_bpf_load_device_filter", sys_bpf_load_device_filter(new Uint8Array(7)), EINVAL);
  refused("sys_bpf_attach", sys_bpf_attach(-1, program < 0 ? -1 : program, BPF_CGROUP_DEVICE, 0), EBADF);
  sys_mkdirat(AT_FDCWD, `${dir}/cg`, 0o755);
  const mounted = sys_mount("none", `${dir}/cg`, "cgroup2", 0, "");
  if (mounted === -ENODEV || program === -ENOSYS) {
    lacks("sys_bpf_attach", program === -ENOSYS ? "ENOSYS" : "no cgroup2 here");
    lacks("sys_bpf_detach", program === -ENOSYS ? "ENOSYS" : "no cgroup2 here");
  } else {
    const group = `${dir}/cg/wherry-arch-${sys_getpid()}`;
    sys_mkdirat(AT_FDCWD, group, 0o755);
    const fd = sys_openat(AT_FDCWD, group, O_RDONLY | O_DIRECTORY, 0);
    works("sys_bpf_attach", sys_bpf_attach(fd, program, BPF_CGROUP_DEVICE, 2));
    works("sys_bpf_detach", sys_bpf_detach(fd, program, BPF_CGROUP_DEVICE));
    refused("sys_bpf_detach", sys_bpf_detach(fd, program, BPF_CGROUP_DEVICE), ENOENT);
    sys_close(fd);
    sys_unlinkat(AT_FDCWD, group, 0x200);
  }
  if (mounted === 0) sys_umount2(`${dir}/cg`, MNT_DETACH);
  if (program >= 0) sys_close(program);
}
