/**
 * Loop devices that tests leave behind. A device outlives its mount while a
 * mount namespace that any process of this machine has made meanwhile holds a
 * copy of that: such are waited for.
 */
import { runResult } from "../../toolchain/run.ts";

const DEADLINE_MS = 120_000;

/** Files below `folder`, with `part` in their paths, that are attached and stay so. */
export function attachedBelow(folder: string, part: string = ""): string[] {
  const end = Date.now() + DEADLINE_MS;
  for (;;) {
    const files = runResult("losetup", ["-l", "-n", "-O", "BACK-FILE"]).stdout.split("\n").map((l) => l.trim()).filter((l) => l.startsWith(`${folder}/`) && l.includes(part));
    if (files.length === 0 || Date.now() > end) return files;
  }
}
