/** The small pure parts: status fields, reports, users, names inside a root, inherited mounts. */
import "../../fakes/sys.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { catches, fieldOf, maskNumbers } from "../../../src/container/stop.ts";
import { failureStatus, failureText, formatReport, parseReport } from "../../../src/container/report.ts";
import { findUser } from "../../../src/container/users.ts";
import { inheritedMounts } from "../../../src/container/root.ts";
import { splitName } from "../../../src/container/resolve.ts";
import { hookCommand } from "../../../src/container/environment.ts";
import { deviceRules } from "../../../src/container/profile.ts";
import { cgroupFilesOf } from "../../../src/container/enter.ts";
import { described, HYBRID } from "./requests.ts";

function status(blocked: string, caught: string): string {
  return `Name:\tinit\nSigQ:\t0/1\nSigBlk:\t${blocked}\nSigIgn:\t0000000000000000\nSigCgt:\t${caught}\nNoNewPrivs:\t1\n`;
}
const NOTHING = "0000000000000000";
test("fields and masks of a status text", () => {
  assert.is(fieldOf(status(NOTHING, NOTHING), "NoNewPrivs"), "1");
  assert.is(fieldOf("Name:\tSigBlk:\nSigBlk:\t01\n", "SigBlk"), "01");
  assert.is(fieldOf("", "SigBlk"), "");
  assert.equal(maskNumbers("00000000a80425fb").slice(-3), [27, 29, 31]);
  assert.equal([catches("SigCgt:\t1", 1), catches("SigCgt:\t1", 2), catches("SigCgt:\t1", 64)], [true, false, false]);
});

test("a report comes back as it was sent, and one that is cut is a failure of its own", () => {
  const f = { step: "mount overlay on", path: "/run/ü", errno: 22, hint: "upper and work" };
  assert.equal(parseReport(formatReport(f)), f);
  assert.is(parseReport(new Uint8Array([65])).step, "read the report of the set-up");
  assert.ok(formatReport({ step: "x".repeat(9000), path: "y".repeat(9000), errno: 1, hint: "z".repeat(9000) }).length < 8192);
});

test("failures as sentences and as exit statuses", () => {
  assert.is(failureText("web", { step: "mount overlay on", path: "/r", errno: 22, hint: "why" }), "web: mount overlay on /r: EINVAL (why)");
  assert.is(failureText("web", { step: "hook mount", path: "/h", errno: 0, hint: "ended with status 3" }), "web: hook mount /h: ended with status 3");
  const of = (step: string, errno: number): number => failureStatus({ step, path: "", errno, hint: "" });
  assert.equal([of("exec", 2), of("exec", 13), of("mount", 2)], [127, 126, 125]);
});

const PASSWD = "root:x:0:0:root:/root:/bin/ash\n# no line\nweb:x:33:34::/srv:/bin/sh\nbroken:x:a:b::/:/\n";
test("users by name and number, with their groups", () => {
  assert.equal(findUser("web", PASSWD, "www:x:50:a,web\nx:x:51:b\nlog:x:52:web\n"), { name: "web", uid: 33, gid: 34, groups: [50, 52], home: "/srv", shell: "/bin/sh" });
  assert.is(findUser("33", PASSWD, "")!.name, "web");
  assert.equal(findUser("1000", PASSWD, ""), { name: "1000", uid: 1000, gid: 1000, groups: [], home: "", shell: "" });
  assert.equal([findUser("nobody", PASSWD, ""), findUser("broken", PASSWD, ""), findUser("root", "", "")!.uid], [null, null, 0]);
});

test("names inside a root, split", () => {
  assert.equal(["a", "a/b", "a/b/", ""].map((p) => splitName(p)), [{ parent: "", name: "a" }, { parent: "a", name: "b" }, { parent: "a", name: "b" }, { parent: "", name: "" }]);
});

test("on an initramfs every mount but the root, the container's and the exports is taken away, the last one first", () => {
  const info = ["/", "/proc", "/mnt", "/mnt/proc", "/volumes/a", "/exports", "/exports/x", "/mntx"].map((p, i) => `${i} 1 0:1 / ${p} rw - tmpfs x rw`).join("\n");
  assert.equal(inheritedMounts(`${info}\n`, "/mnt"), ["/mntx", "/volumes/a", "/proc"]);
});

test("hooks of version 0 get arguments, of version 1 variables", () => {
  assert.equal(hookCommand(0, ["A=1"], "web", "mount", "/h x", []), { argv: ["/bin/sh", "-c", "exec /h x web lxc mount"], environment: ["A=1"] });
  assert.equal(hookCommand(1, [], "web", "mount", "/h x", ["B=2"]).environment, ["B=2", "LXC_HOOK_TYPE=mount", "LXC_HOOK_SECTION=lxc"]);
});

test("the tighter profiles deny devices where the configuration says nothing", () => {
  const plain = described("lxc.rootfs.path = /r");
  assert.equal(deviceRules(plain, "lxc"), []);
  assert.equal([deviceRules(plain, "standard")[0]!.allow, deviceRules(plain, "standard")[0]!.type], [false, "a"]);
  assert.is(deviceRules(described("lxc.rootfs.path = /r", "lxc.cgroup.devices.allow = a"), "standard").length, 1);
});

test("a process's cgroups, as files of the host", () => {
  assert.equal(cgroupFilesOf(HYBRID, "4:memory:/lxc/web\n2:cpu:/x\n1:name=systemd:/\n0::/lxc/web\n"), [
    "/sys/fs/cgroup/memory/lxc/web/cgroup.procs", "/sys/fs/cgroup/systemd/cgroup.procs", "/sys/fs/cgroup/unified/lxc/web/cgroup.procs",
  ]);
});

test.run();
