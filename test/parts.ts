/**
 * The parts of `npm test`, one row each. To add one: a folder of uvu files
 * (`files`), or a command that prints "N passed, N failed" (`counts: "line"`)
 * or only ends with a status (`counts: "exit"`). A test inside a part that
 * can't run here prints "skip: title: reason".
 */
import type { NeedName } from "./needs.ts";
import type { Counts } from "./runner/job.ts";

export type Part = {
  name: string;
  /** What it shows, for --list. */
  says: string;
  /** Without these the part is skipped, and the summary says why. */
  needs: NeedName[];
  /** Never at the same time as another such part: boots, whole compilations, what changes the machine. */
  alone: boolean;
  /** Parts that must have passed before. */
  after: string[];
  /** Deadline of each file, or of the command. Generous: past it the job is killed and counts as failed. */
  deadlineS: number;
  /** Every *.test.ts below this folder, each in a process of its own … */
  files?: string;
  /** … or one command; "node" is the pinned one. */
  command?: string[];
  counts?: Counts;
};

export const PARTS: Part[] = [
  {
    name: "typecheck", says: "the whole tree against tsconfig.json", needs: [], alone: false, after: [], deadlineS: 300,
    command: ["node", "node_modules/typescript/bin/tsc", "-p", "."], counts: "exit",
  },
  { name: "unit", says: "pure rooms under Node", needs: [], alone: false, after: [], deadlineS: 120, files: "test/unit" },
  {
    name: "vectors", says: "every pure room's cases, under Node and compiled for three machines with the same bytes", needs: ["qemu-user"], alone: true, after: ["typecheck"], deadlineS: 1200,
    command: ["node", "test/vectors/run.ts"], counts: "line",
  },
  {
    name: "compatibility", says: "docs/compatibility.md is what the tables say", needs: [], alone: false, after: [], deadlineS: 60,
    command: ["node", "toolchain/compatibility.ts", "--check"], counts: "exit",
  },
  {
    name: "fuzz", says: "a short run of every fuzzer", needs: ["clang"], alone: true, after: ["typecheck"], deadlineS: 1800,
    command: ["node", "test/fuzz/run.ts", "--seconds", "10"], counts: "line",
  },
  { name: "toolchain", says: "compiler driver, what it builds, this runner", needs: ["qemu-user"], alone: true, after: [], deadlineS: 1800, files: "test/toolchain" },
  {
    name: "engines", says: "language and library features: scriptc on three machines against Node", needs: ["qemu-user"], alone: true, after: [], deadlineS: 1800,
    command: ["node", "toolchain/engines.ts", "--ci"], counts: "line",
  },
  {
    name: "size", says: "no binary grew past what docs/size.md allows", needs: [], alone: true, after: ["typecheck"], deadlineS: 1200,
    command: ["node", "toolchain/size.ts", "--check"], counts: "line",
  },
  { name: "images", says: "initramfs, disks, revisions, the console reader", needs: [], alone: false, after: [], deadlineS: 120, files: "test/images" },
  { name: "arch", says: "every function of the shim on three machines", needs: ["root", "qemu-user"], alone: true, after: ["typecheck"], deadlineS: 1200, files: "test/arch" },
  { name: "native", says: "rooms with effects and whole containers on this machine's kernel", needs: ["root", "namespaces"], alone: true, after: ["typecheck"], deadlineS: 1200, files: "test/native" },
  { name: "boot", says: "devices booted in QEMU", needs: ["qemu-system"], alone: true, after: ["typecheck"], deadlineS: 2400, files: "test/boot" },
  {
    name: "bench", says: "that the benchmark runs, once each; no figure is judged", needs: ["root", "namespaces", "overlay", "loop"], alone: true, after: ["typecheck"], deadlineS: 900,
    command: ["node", "test/bench/run.ts", "--rounds", "1", "--runs", "1", "--starts", "1", "--seconds", "1", "--no-peers"], counts: "exit",
  },
];
