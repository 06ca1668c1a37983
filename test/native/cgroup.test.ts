/** The cgroup room on this machine's kernel, whatever its layout. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile } from "../../toolchain/compile.ts";
import { root } from "../../toolchain/places.ts";
import { targetNamed } from "../../toolchain/targets.ts";
import { missing } from "../needs.ts";

const program = await compile({ entry: "test/native/cgroup/program.ts", out: join(root, "build/out/test/cgroup"), target: targetNamed("x86_64"), flavor: "release" });

/** Runs a scenario in groups named after it; the values of each key it printed. */
function scenario(...words: string[]): Map<string, string[]> {
  const name = `wherry-test-${process.pid}`;
  const r = spawnSync(program, [words[0]!, name, ...words.slice(1)], { encoding: "utf8", timeout: 60_000 });
  assert.is(r.stderr, "");
  assert.is(r.status, 0, `${words[0]} ended with ${r.status ?? r.signal}:\n${r.stdout}`);
  const out = new Map<string, string[]>();
  for (const line of r.stdout.split("\n")) {
    const at = line.indexOf("=");
    if (at > 0) out.set(line.slice(0, at), [...(out.get(line.slice(0, at)) ?? []), line.slice(at + 1)]);
    else if (line !== "") out.set(line, [""]);
  }
  for (const m of readFileSync("/proc/self/mountinfo", "utf8").split("\n").filter((l) => l.includes(" - cgroup"))) {
    assert.not.ok(existsSync(join(m.split(" ")[4]!, "lxc", name)), `${words[0]} left its group in ${m.split(" ")[4]}`);
  }
  assert.is(out.get("left"), undefined);
  assert.is(out.get("fault"), undefined);
  return out;
}

function kernelTest(title: string, body: () => void): void {
  const why = missing("root") || (missing("cgroup1") && missing("cgroup2"));
  if (why !== "") console.log(`skip: ${title}: ${why}`);
  else test(title, body);
}

kernelTest("a container is in every hierarchy, limited, frozen, killed, and nothing is left", () => {
  const r = scenario("whole");
  assert.is(r.get("processes")![0], "3");
  for (const member of r.get("member")!) assert.match(member, /\/lxc\/wherry-test-\d+$/);
  assert.ok(r.get("value")!.some((v) => /^(memory\.max|memory\.limit_in_bytes):33554432$/.test(v)));
  assert.ok(r.get("value")!.includes("pids.max:20"));
  assert.is(r.get("state")![0], "frozen");
  assert.is(r.get("ended")![0], "false,9");
  assert.is(r.get("populated")![0], "false");
});

kernelTest("a group above all that another start has made and not filled yet is filled", () => {
  const cpuset = readFileSync("/proc/self/mountinfo", "utf8").split("\n").find((l) => / - cgroup .*\bcpuset\b/.test(l));
  if (cpuset === undefined) return; // cgroup2 needs no filling
  const parent = join(cpuset.split(" ")[4]!, "lxc");
  try {
    if (existsSync(parent)) rmdirSync(parent);
    mkdirSync(parent);
  } catch (e) {
    console.log(`skip: a container of somebody else is in ${parent}: ${String(e)}`);
    return;
  }
  for (const member of scenario("whole").get("member")!) assert.match(member, /\/lxc\/wherry-test-\d+$/);
});

kernelTest("an allowed device opens, another does not", () => {
  assert.is(scenario("devices").get("ended")![0], "0");
});

kernelTest("a kill for memory is told by an event and counted", () => {
  const r = scenario("oom");
  assert.is(r.get("before")![0], "0");
  assert.match(r.get("oom")![0]!, /^wherry-test-\d+:1$/);
  assert.is(r.get("signal")![0], "9");
  assert.is(r.get("kills")![0], "1");
});

kernelTest("processes that outlive their init are waited for without polling", () => {
  const r = scenario("stragglers");
  assert.is(r.get("empty")![0], "false");
  assert.is(r.get("emptied")!.length, 1);
  assert.is(r.get("populated")![0], "false");
});

kernelTest("processes in sub-groups are killed, and the sub-groups removed", () => {
  const r = scenario("nested");
  assert.is(r.get("processes")![0], "1");
  assert.is(r.get("signal")![0], "9");
});

kernelTest("the group above all may be taken away by whoever ends while another start makes its groups", () => {
  const r = scenario("contested");
  assert.equal(r.get("refused") ?? [], []);
  assert.equal(r.get("made"), ["400"]);
});

kernelTest("a refused value names file, line of the configuration and value, and leaves no group", () => {
  assert.match(scenario("refused").get("error")![0]!, /^write \S+\/pids\.max: EINVAL \(lxc\.container\.conf:4, "many" is not accepted\)$/);
});

kernelTest("any one system call refused while groups are made: an error, and no group left", () => {
  const name = `wherry-test-${process.pid}`;
  let refused = 0;
  for (const call of ["mkdirat", "write"]) {
    for (let n = 1; n < 40; n++) {
      const r = spawnSync("strace", ["-f", "-e", `inject=${call}:error=ENOMEM:when=${n}`, "-e", `trace=${call}`, program, "made", name], { encoding: "utf8", timeout: 60_000 });
      if (!r.stderr.includes("(INJECTED)")) break;
      for (const m of readFileSync("/proc/self/mountinfo", "utf8").split("\n").filter((l) => l.includes(" - cgroup"))) {
        assert.not.ok(existsSync(join(m.split(" ")[4]!, "lxc", name)), `${call} ${n} left ${m.split(" ")[4]}`);
      }
      if (r.stdout.includes("error=") && r.stdout.includes("ENOMEM")) refused += 1;
    }
  }
  assert.ok(refused >= 5, `${refused} refusals`);
});

kernelTest("a file the kernel lacks names the controller", () => {
  assert.match(scenario("refused", "file").get("error")![0]!, /memory\.nonsense: ENOENT \(lxc\.container\.conf:5, this kernel's memory controller has no such file\)$/);
});

kernelTest("an empty left-over group is replaced, one in use is refused", () => {
  const r = scenario("again");
  assert.ok(r.has("replaced"));
  assert.match(r.get("error")![0]!, /: EBUSY \(processes of an earlier run are still there\)$/);
});

kernelTest("the hierarchies PID 1 mounts are found again as hybrid", () => {
  const r = scenario("hierarchies");
  assert.is(r.get("kind")![0], "hybrid");
  assert.match(r.get("controllers")![0]!, /name=pantavisor/);
  assert.is(r.get("after")![0], "0");
});

test.run();
