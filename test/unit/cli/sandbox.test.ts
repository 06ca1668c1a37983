/** Command lines: the table-driven parser, and what `wherry sandbox` makes of one. */
import "../../fakes/sys.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatHelp, parseCount, parseFlags, parseFraction, parseSize, type CommandLine } from "../../../src/cli/flags.ts";
import { applyWish, parseSandbox, plainDescription, SANDBOX, volumeEntry, type ParsedWish } from "../../../src/cli/sandbox_plan.ts";

const LINE: CommandLine = {
  name: "do", positional: "WHAT", says: "Does it.", examples: ["wherry do this"],
  flags: [{ name: "user", short: "u", value: "NAME", says: "who" }, { name: "tty", short: "t", value: "", says: "terminal" }, { name: "interactive", short: "i", value: "", says: "input" }],
};

function sandbox(...args: string[]): ParsedWish {
  return parseSandbox(parseFlags(SANDBOX, args, 1), 77);
}

test("flags in every spelling, anywhere before the command of somebody else", () => {
  const f = parseFlags(LINE, ["-it", "--user=a", "web", "-u", "b", "ls", "-u", "c", "--help"], 1);
  assert.equal([f.has("tty"), f.has("interactive"), f.text("user", ""), f.all("user"), f.words], [true, true, "b", ["a", "b"], ["web", "ls", "-u", "c", "--help"]]);
});

test("two dashes end the flags", () => {
  assert.equal(parseFlags(LINE, ["--", "-t"], -1).words, ["-t"]);
});

test("what is wrong with a command line is named", () => {
  const problem = (...args: string[]): string => parseFlags(LINE, args, -1).problem;
  assert.equal([problem("--nope"), problem("--tty=1"), problem("--user"), problem("-x"), problem("-t")], [
    "unknown flag --nope", "--tty takes no value", "--user needs a value: NAME", "unknown flag -x", "",
  ]);
});

test("help is made from the same table", () => {
  const help = formatHelp(LINE);
  for (const part of ["usage: wherry do [flags] WHAT", "Does it.", "-u, --user NAME", "wherry do this"]) assert.ok(help.includes(part), part);
  for (const f of SANDBOX.flags) assert.ok(formatHelp(SANDBOX).includes(`--${f.name}`), f.name);
});

test("sizes, counts and fractions", () => {
  assert.equal(["64m", "1G", "10", "2kb", "", "m", "1x", "-1", "99999999t"].map((t) => parseSize(t)), [67108864, 1073741824, 10, 2048, -1, -1, -1, -1, -1]);
  assert.equal(["0", "15", "", "1.5", "x"].map((t) => parseCount(t)), [0, 15, -1, -1, -1]);
  assert.equal(["0.5", "2", "1.25", ".5", "1.", "1.2345"].map((t) => parseFraction(t)), [0.5, 2, 1.25, -1, -1, -1]);
});

test("a whole sandbox line", () => {
  const { wish, problem } = sandbox("--memory", "64m", "--cpus=0.5", "--pids", "20", "-v", "/srv:/data:ro", "-e", "A=b=c", "-e", "TERM", "-w", "/x", "--read-only", "./r", "sh", "-c", "true");
  assert.is(problem, "");
  assert.equal([wish.limits.memoryMax, wish.limits.cpuQuota, wish.limits.cpuPeriod, wish.limits.pidsMax], [67108864, 50000, 100000, 20]);
  assert.equal(wish.volumes, [{ source: "/srv", target: "data", readOnly: true }]);
  assert.equal(wish.environment.map((e) => [e.name, e.value, e.inherit]), [["A", "b=c", false], ["TERM", "", true]]);
  assert.equal([wish.rootfs, wish.command, wish.name, wish.profile, wish.network, wish.readOnly], ["./r", ["sh", "-c", "true"], "sandbox-77", "standard", "none", true]);
});

test("with a configuration the profile is lxc and the command may be its own", () => {
  const { wish, problem } = sandbox("--config", "c", "./r");
  assert.equal([problem, wish.profile, wish.command], ["", "lxc", []]);
});

test("every refusal names the flag and what it takes", () => {
  const refused: [string[], RegExp][] = [
    [[], /ROOTFS is missing/], [["./r"], /COMMAND is missing/], [["--memory", "x", "r", "c"], /--memory takes a size/], [["--memory", "0", "r", "c"], /--memory/],
    [["--cpus", "0", "r", "c"], /--cpus takes/], [["--pids", "none", "r", "c"], /--pids takes/], [["--profile", "root", "r", "c"], /lxc, standard or strict, not "root"/],
    [["--network", "bridge", "r", "c"], /none or host, not "bridge"/], [["--name", "a/b", "r", "c"], /--name takes/], [["-v", "/a", "r", "c"], /--volume takes/],
    [["-v", "/a:b", "r", "c"], /absolute TARGET/], [["-e", "=x", "r", "c"], /--env takes/],
  ];
  for (const [args, why] of refused) assert.match(sandbox(...args).problem, why, args.join(" "));
});

test("the command line goes over the configuration", () => {
  const d = plainDescription();
  applyWish(d, sandbox("-e", "PATH=/x", "--network", "host", "./r", "a", "b").wish, "/abs/r");
  assert.equal([d.rootfs.path, d.initCommand, d.namespaces.keep], ["/abs/r", ["a", "b"], ["net", "user"]]);
  assert.equal(d.environment.filter((e) => e.name === "PATH").map((e) => e.value), ["/x"]);
});

test("a volume is bound with what it holds, and made inside as what it is", () => {
  const e = volumeEntry({ source: "s", target: "t", readOnly: true }, "/s", false);
  assert.equal([e.source, e.target, e.create, e.options.flags], ["/s", "t", "file", 4096 + 16384 + 1]);
});

test.run();
