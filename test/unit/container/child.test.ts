/** The first process without a kernel: what it calls, and that every call that is refused is named. */
import { Exited, fakeSys } from "../../fakes/sys.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { becomeContainer, type Prepared } from "../../../src/container/child.ts";
import type { ContainerPlan } from "../../../src/container/plan.ts";
import { parseReport, type StartFailure } from "../../../src/container/report.ts";
import { described, planned } from "./requests.ts";

const EIO = 5;
const REPORT = 50;
const PREPARED: Prepared = { report: REPORT, parentReport: 52, console: 51, consolePath: "/dev/pts/9", ttyPaths: ["/dev/pts/10"], unifiedProcs: "/cg/cgroup.procs", untold: new Uint8Array(0) };

function wholePlan(): ContainerPlan {
  return planned(described(
    "lxc.rootfs.path = overlayfs:/low:/up", "lxc.init.cmd = /bin/init", "lxc.tty.max = 1", "lxc.pty.max = 16", "lxc.mount.auto = proc sys:ro",
    "lxc.sysctl.net.core.somaxconn = 9", "lxc.prlimit.nofile = 100", "lxc.mount.entry = tmpfs run tmpfs nosuid 0 0", "lxc.init.uid = 5",
  ), { profile: "standard", filter: new Uint8Array(8) });
}

/** Runs to the end; the report it wrote, and the status it ended with. */
function run(plan: ContainerPlan): { failure: StartFailure; status: number } {
  let message = new Uint8Array(0);
  fakeSys.answer("sys_write", ((fd: number, data: Uint8Array) => {
    if (fd === REPORT) message = data.slice();
    return data.length;
  }) as never);
  try {
    becomeContainer(plan, PREPARED);
  } catch (e) {
    if (e instanceof Exited) return { failure: parseReport(message), status: e.status };
    throw e;
  }
  throw new Error("came back");
}

function whole(): void {
  fakeSys.reset();
  fakeSys.answer("sys_execveat", () => -2);
}

test("everything happens in the container's own order, and a program that is not there is named", () => {
  whole();
  const r = run(wholePlan());
  assert.equal([r.failure.step, r.failure.path, r.failure.errno, r.status], ["exec", "/bin/init", 2, 127]);
  const said = fakeSys.spoken();
  const order = ["write_text 0", "mount overlay /mnt overlay lowerdir=/low,upperdir=/up,workdir=/olwork", "sethostname web", "pivot_root . .", "umount2 .", "chdir /", "seccomp", "setsid", "setresuid", "execveat /bin/init"];
  const places = order.map((o) => said.findIndex((s) => s.startsWith(o)));
  assert.equal(places.filter((p) => p < 0), []);
  assert.equal(places, [...places].sort((a, b) => a - b));
});

test("no descriptor is left open for the program, and its ids are set after everything else", () => {
  whole();
  run(wholePlan());
  const names = fakeSys.calls.map((c) => c.name);
  const close = fakeSys.calls[names.lastIndexOf("sys_close_range")]!;
  assert.equal(close.args, [3, 0xffffffff, 4]);
  assert.ok(names.lastIndexOf("sys_setresuid") < names.lastIndexOf("sys_close_range"));
  assert.ok(names.lastIndexOf("sys_seccomp") < names.lastIndexOf("sys_setresuid"));
});

/** Calls that may be refused without harm: a question with a fallback, or what is left out when it is not there. */
const MAY_FAIL = ["openat2", "statx", "statfs", "umask", "prctl", "sigaction", "signal", "close_range", "mkdirat", "umount2", "faccessat"];

test("whichever call is refused: the start goes on without it or ends with its step and errno", () => {
  whole();
  run(wholePlan());
  const total = fakeSys.calls.length;
  assert.ok(total > 80, String(total));
  let ended = 0;
  for (let n = 0; n < total; n++) {
    whole();
    fakeSys.failAt(n, EIO);
    const r = run(wholePlan());
    const refused = fakeSys.calls[n]!.name.slice(4);
    if (r.failure.errno === EIO) {
      ended += 1;
      assert.ok(r.failure.step !== "", `call ${n} ${refused}`);
      assert.ok(r.status === 125 || r.failure.step === "exec", `call ${n} ${refused}`);
    } else {
      const optional = MAY_FAIL.includes(refused) || fakeSys.calls[n]!.args.some((a) => typeof a === "string" && a.startsWith("/proc/self/fd"));
      assert.ok(r.failure.step === "exec" && optional || refused === "write", `call ${n} ${refused} was refused and nobody said so`);
    }
  }
  assert.ok(ended > 30, String(ended));
});

test.run();
