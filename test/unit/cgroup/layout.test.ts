import { test } from "uvu";
import * as assert from "uvu/assert";
import { cgroupMounts, hierarchyOf, parseLayout, unifiedMount } from "../../../src/cgroup/layout.ts";

const HYBRID = `22 1 0:21 / /sys rw shared:2 - sysfs sysfs rw
31 22 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
`;
const HYBRID_OWN = "9:name=systemd:/a.slice\n8:pids:/\n4:memory:/jobs/x\n1:cpu,cpuacct:/\n0::/a.slice/b.service\n";

test("hybrid: v1 hierarchies with our place in each, v2 last, unmounted controllers left out", () => {
  assert.equal(parseLayout(cgroupMounts(HYBRID), HYBRID_OWN, ""), {
    kind: "hybrid",
    hierarchies: [
      { version: 1, controllers: ["name=systemd"], mount: "/sys/fs/cgroup/systemd", own: "/a.slice" },
      { version: 1, controllers: ["memory"], mount: "/sys/fs/cgroup/memory", own: "/jobs/x" },
      { version: 1, controllers: ["cpu", "cpuacct"], mount: "/sys/fs/cgroup/cpu,cpuacct", own: "" },
      { version: 2, controllers: [], mount: "/sys/fs/cgroup/unified", own: "/a.slice/b.service" },
    ],
  });
});

test("pure v2 offers what its root's cgroup.controllers lists", () => {
  const mountinfo = "30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
  const l = parseLayout(cgroupMounts(mountinfo), "0::/system.slice/wherry.service\n", "cpuset cpu io memory pids\n");
  assert.is(l.kind, "unified");
  assert.equal(l.hierarchies, [{ version: 2, controllers: ["cpuset", "cpu", "io", "memory", "pids"], mount: "/sys/fs/cgroup", own: "/system.slice/wherry.service" }]);
  assert.is(unifiedMount(cgroupMounts(mountinfo)), "/sys/fs/cgroup");
  assert.is(hierarchyOf(l, "hugetlb"), null);
});

test("v1 only is legacy; nothing mounted is none, although the kernel lists groups", () => {
  assert.is(parseLayout(cgroupMounts("35 31 0:32 / /cg/memory rw - cgroup cgroup rw,memory\n"), "4:memory:/\n0::/\n", "").kind, "legacy");
  assert.equal(parseLayout(cgroupMounts("1 1 8:1 / / rw - ext4 /dev/vda rw\n"), "4:memory:/\n0::/\n", ""), { kind: "none", hierarchies: [] });
});

test("inside a container that sees only its own part, our place is counted from there", () => {
  const mountinfo = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n36 31 0:33 /docker/abc /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n";
  const l = parseLayout(cgroupMounts(mountinfo), "5:pids:/docker/abc/daemon\n4:memory:/docker/abc\n", "");
  assert.equal(l.hierarchies.map((h) => h.own), ["/daemon", ""]);
});

test("of several mounts of one hierarchy the usual place wins, and escaped blanks are undone", () => {
  const twice = "35 1 0:32 / /mnt/my\\040groups rw - cgroup cgroup rw,memory\n36 1 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
  assert.is(parseLayout(cgroupMounts(twice), "4:memory:/\n", "").hierarchies[0]!.mount, "/sys/fs/cgroup/memory");
  assert.is(parseLayout(cgroupMounts(twice.split("\n")[0]!), "4:memory:/\n", "").hierarchies[0]!.mount, "/mnt/my groups");
});

test("text that is no mountinfo gives no layout instead of an error", () => {
  assert.is(parseLayout(cgroupMounts("garbage - cgroup\n\n - cgroup2 x"), ":::\n0\n", "").kind, "none");
});

test.run();
