/**
 * npm run build -- --target x86_64|armv7|aarch64|all [--debug] [--sanitize]
 * Writes build/out/<target>/wherry (with --debug wherry.debug, with --sanitize
 * wherry.sanitize) and prints path and size of each.
 */
import { statSync } from "node:fs";
import { join, relative } from "node:path";
import parse from "yargs-parser";
import { compile, type Flavor } from "./compile.ts";
import { outDir, root } from "./places.ts";
import { TARGETS, targetNamed } from "./targets.ts";

const USAGE = "usage: npm run build -- [--target x86_64|armv7|aarch64|all] [--debug] [--sanitize]";

const args = parse(process.argv.slice(2), { string: ["target"], boolean: ["debug", "sanitize", "help"], default: { target: "all" } });
if (args.help) {
  console.log(USAGE);
  process.exit(0);
}
try {
  const flavor: Flavor = args.sanitize ? "sanitize" : args.debug ? "debug" : "release";
  const targets = args.target === "all" ? (flavor === "sanitize" ? [targetNamed("x86_64")] : TARGETS) : [targetNamed(String(args.target))];
  if (flavor === "sanitize" && targets.some((t) => t.name !== "x86_64")) throw new Error("--sanitize builds for x86_64 only (the sanitizers need this machine's glibc)");
  for (const target of targets) {
    const out = join(outDir, target.name, flavor === "release" ? "wherry" : `wherry.${flavor}`);
    await compile({ entry: "src/main.ts", out, target, flavor });
    console.log(`${relative(root, out)}  ${statSync(out).size} bytes`);
  }
} catch (e) {
  console.error(e instanceof Error ? e.message : String(e));
  process.exit(1);
}
