/**
 * lxc.arch → personality(2). Only the 32-bit or 64-bit face matters: Linux
 * keeps one PER_LINUX and one PER_LINUX32 for all architectures.
 */

const NARROW = " arm armel armhf armv7l athlon i386 i486 i586 i686 linux32 mips mipsel powerpc ppc riscv32 x86 ";
const WIDE =
  " aarch64 amd64 arm64 linux64 loongarch64 mips64 mips64el powerpc64 ppc64 ppc64el ppc64le riscv64 s390x x86_64 ";

/** 8 (PER_LINUX32), 0 (PER_LINUX), or -1 for a word that is no architecture. */
export function personalityOf(arch: string): number {
  if (arch === "" || arch.includes(" ")) return -1;
  if (NARROW.includes(` ${arch} `)) return 8;
  return WIDE.includes(` ${arch} `) ? 0 : -1;
}
