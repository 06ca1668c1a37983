/**
 * Small C programs → static binaries against the target's musl: payloads of
 * tests and of the benchmark. Nothing that ships is built here.
 */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../toolchain/places.ts";
import { run } from "../toolchain/run.ts";
import { muslDirs, type Target } from "../toolchain/targets.ts";
import { keyOf, madeFor } from "./freshness.ts";

/** Compiles source (relative to the tree) into out, unless that is there and up to date; returns out. Warnings are errors. */
export async function ensureCProgram(source: string, target: Target, out: string): Promise<string> {
  mkdirSync(dirname(out), { recursive: true });
  await madeFor(keyOf([join(root, source), join(root, "build/cprogram.ts")], [target.name]), out, () => compileC(source, target, out));
  return out;
}

function compileC(source: string, target: Target, out: string): void {
  const musl = muslDirs(target);
  const gcc = `${target.tools}gcc`;
  const machine = target.compile.filter((f) => f.startsWith("-m"));
  const libgcc = run(gcc, [...machine, "-print-libgcc-file-name"]).trim();
  run(gcc, [
    ...target.compile, "-std=gnu11", "-D_GNU_SOURCE", "-Os", "-Wall", "-Wextra", "-Werror",
    "-nostdinc", "-isystem", musl.include, "-isystem", join(dirname(libgcc), "include"), ...target.kernelHeaders.flatMap((d) => ["-idirafter", d]),
    "-nostdlib", "-static", "-no-pie", "-s", ...target.link.filter((f) => f !== "-Wl,-z,text"), "-o", out,
    join(musl.lib, "crt1.o"), join(musl.lib, "crti.o"), join(root, source),
    "-Wl,--start-group", join(musl.lib, "libc.a"), libgcc, "-Wl,--end-group", join(musl.lib, "crtn.o"),
  ]);
}
