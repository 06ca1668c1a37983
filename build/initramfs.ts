/**
 * The initramfs a board boots: Wherry as /init, the kernel modules the board
 * and the containers need, the configuration, empty mount points. No shell, no
 * library, no other program. Kept uncompressed: under emulation unpacking
 * costs more than reading.
 */
import { cpioArchive } from "./cpio.ts";
import { modulesFor } from "./modules.ts";
import { Tree } from "./tree.ts";

/**
 * Loaded at every boot, in this order: what has to be there before the first
 * mount. ext4 needs crc32c_generic by a soft dependency only.
 */
export const BOOT_MODULES = ["virtio_mmio", "virtio_blk", "virtio_net", "crc32c_generic", "ext4", "loop", "squashfs", "overlay"];

/** There for whoever asks: volumes, links and address translation of containers. */
export const MORE_MODULES = [
  "dm_mod", "dm_verity", "erofs", "zram",
  "veth", "bridge", "macvlan", "ipvlan", "8021q", "dummy",
  "nf_tables", "nft_chain_nat", "nft_masq", "nft_nat",
];

export type InitramfsSpec = {
  /** The unpacked Debian packages of the board's architecture. */
  debs: string;
  /** The Wherry binary for the board. */
  binary: Buffer;
  /** Loaded at boot besides BOOT_MODULES (a board's watchdog). */
  bootModules?: string[];
  /** There besides MORE_MODULES. */
  modules?: string[];
  /** Text of /etc/wherry.config. */
  config: string;
  /** Further or other files. */
  change?: (t: Tree) => void;
};

/** The configuration of the demo boards: what packaged devices ship, with the storage and paths of these. */
export const DEVICE_CONFIG = [
  "PV_SYSTEM_INIT_MODE=embedded", "PV_BOOTLOADER_TYPE=uboot",
  "PV_STORAGE_DEVICE=LABEL=storage", "PV_STORAGE_FSTYPE=ext4", "PV_STORAGE_MNTPOINT=/storage",
  "PV_SYSTEM_RUNDIR=/run/pantavisor/pv", "PV_SYSTEM_MEDIADIR=/run/pantavisor/media", "PV_SYSTEM_CONFDIR=/run/pantavisor/configs",
  "PV_SYSTEM_DISKSDIR=/run/pantavisor/disks", "PV_SYSTEM_LIBDIR=/usr/lib/pantavisor", "PV_SYSTEM_ETCDIR=/etc", "PV_SYSTEM_USRDIR=/usr",
  "PV_CACHE_USRMETADIR=/storage/cache/usrmeta", "PV_CACHE_DEVMETADIR=/storage/cache/devmeta", "PV_DROPBEAR_CACHE_DIR=/storage/cache/dropbear",
  "PV_DISK_VOLDIR=/volumes", "PV_DISK_EXPORTSDIR=/exports", "PV_DISK_WRITABLEDIR=/run/pv/writable",
  "PV_LOG_DIR=/storage/logs", "PV_LOG_LEVEL=3", "PV_LOG_SERVER_OUTPUTS=filetree,stdout",
  "PV_SECUREBOOT_HANDLERS=0", "PV_CONTROL_REMOTE=0", "PV_DEBUG_SHELL=0", "PV_DEBUG_SSH=0",
  "PV_WDT_MODE=always", "PV_WDT_TIMEOUT=30",
].map((l) => `${l}\n`).join("");

/** Mount points and folders the specifications name (runtime.md 1, lifecycle.md 3). */
const FOLDERS = [
  "dev", "proc", "sys", "run", "tmp", "root", "storage", "volumes", "exports", "etc/pantavisor",
  "sbin", "usr/bin", "usr/lib/lxc/rootfs", "usr/lib/pantavisor/pv", "usr/var/lib/lxc", "lib/firmware",
];

/** The names the binary answers to, all the same file. */
const NAMES = ["usr/bin/pantavisor", "usr/bin/wherry", "usr/bin/lxc-info", "sbin/init"];

export function initramfsTree(spec: InitramfsSpec): Tree {
  const t = new Tree();
  for (const f of FOLDERS) t.dir(f);
  t.char("dev/console", 0o600, 5, 1);
  t.file("init", spec.binary, 0o755);
  for (const n of NAMES) t.link(n, "/init");
  t.file("etc/wherry.config", spec.config);
  // QEMU's user network answers names here; containers bind this file.
  t.file("etc/resolv.conf", "nameserver 10.0.2.3\n");

  const atBoot = [...BOOT_MODULES, ...(spec.bootModules ?? [])];
  const modules = modulesFor(spec.debs, [...atBoot, ...MORE_MODULES, ...(spec.modules ?? [])]);
  const below = `lib/modules/${modules.release}`;
  for (const f of modules.files) t.file(`${below}/${f.path}`, f.data);
  t.file(`${below}/modules.dep`, modules.dep);
  t.file(`${below}/modules.alias`, modules.alias);
  t.file(`${below}/modules.softdep`, modules.softdep);
  t.file(`${below}/modules.builtin`, modules.builtin);
  t.file("etc/wherry/modules", atBoot.map((m) => `${m}\n`).join(""));
  if (spec.change !== undefined) spec.change(t);
  return t;
}

/** The archive a kernel takes. */
export function initramfs(spec: InitramfsSpec): Buffer {
  return cpioArchive(initramfsTree(spec));
}
