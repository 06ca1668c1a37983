import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseIds, parseRules } from "../../../src/driver/mdev_rules.ts";
import { planEvent, type NodeAction } from "../../../src/driver/node_plan.ts";
import { isNodeName, nodeOf, parseUevent, parseUeventFile, ueventValue, type Uevent } from "../../../src/driver/uevent.ts";

// Node has no libc at hand: its own expressions stand in, for the simple ones used here
Object.assign(globalThis, {
  sys_regex_match(pattern: string, text: string, out: Uint8Array): number {
    let found: RegExpExecArray | null;
    try {
      found = new RegExp(pattern, "d").exec(text);
    } catch {
      return -22;
    }
    if (found === null) return 0;
    const view = new DataView(out.buffer, out.byteOffset, out.length);
    for (let i = 0; i < out.length / 8; i++) {
      const pair = found.indices![i] ?? [-1, -1];
      view.setInt32(8 * i, pair[0], true);
      view.setInt32(8 * i + 4, pair[1], true);
    }
    return 1;
  },
});

function event(action: string, name: string, more: Record<string, string> = {}): Uevent {
  const values = { MAJOR: "8", MINOR: "1", DEVNAME: name, SUBSYSTEM: "block", ...more };
  return { action, path: `/devices/${name}`, values: Object.entries(values).map(([k, v]) => ({ name: k, value: v })) };
}

function planned(lines: string[], e: Uevent): NodeAction[] {
  const parsed = parseRules(lines, parseIds("root:x:0:0::/:\nmedia:x:77:77::/:\n"), parseIds("disk:x:6:\n"), "web/mdev.json .rules");
  assert.equal(parsed.problems, []);
  return planEvent(parsed.rules, e);
}

function names(lines: string[], e: Uevent): string[] {
  return planned(lines, e).map((a) => `${a.kind} ${a.name}`);
}

test("a message of the kernel is read to its values", () => {
  const e = parseUevent("add@/devices/pci/usb1\0ACTION=add\0DEVPATH=/devices/pci/usb1\0SUBSYSTEM=usb\0MAJOR=189\0MINOR=0\0DEVNAME=bus/usb/001/001\0ODD=a=b\0")!;
  assert.is(e.action, "add");
  assert.is(e.path, "/devices/pci/usb1");
  assert.is(ueventValue(e, "ODD"), "a=b");
  assert.equal(nodeOf(e), { name: "bus/usb/001/001", type: "c", major: 189, minor: 0 });
});

for (const bad of ["libudev\0\0\0", "", "add", "@/x", "add@x\0A=b"]) {
  test(`${JSON.stringify(bad)} is no message of the kernel`, () => assert.is(parseUevent(bad), null));
}

test("a device without numbers has no node", () => {
  assert.is(nodeOf({ action: "add", path: "/devices/net/eth0", values: [{ name: "SUBSYSTEM", value: "net" }] }), null);
});

test("a device without a name has that of its path", () => {
  const e = parseUeventFile("/devices/virtual/tty7", "tty", "MAJOR=4\nMINOR=7\n");
  assert.equal(nodeOf(e), { name: "tty7", type: "c", major: 4, minor: 7 });
});

for (const bad of ["", "/x", "x/", "a//b", "..", "a/../b", "./a"]) test(`"${bad}" names no node`, () => assert.not.ok(isNodeName(bad)));

test("a rule makes the node with its owner and mode", () => {
  assert.equal(planned(["sd[a-z][0-9] media:disk 0640"], event("add", "sda1")), [
    { kind: "node", name: "sda1", type: "b", major: 8, minor: 1, mode: 0o640, uid: 77, gid: 6 },
  ]);
});

test("an expression must fit the whole name", () => {
  assert.equal(names(["sda 0:0 660"], event("add", "sda1")), []);
  assert.equal(names(["da1 0:0 660"], event("add", "sda1")), []);
});

test("the first rule that fits decides, one with a dash lets others speak too", () => {
  assert.equal(names(["sda.* 0:0 660 =one", "sda1 0:0 660 =two"], event("add", "sda1")), ["node one"]);
  assert.equal(names(["-sda.* 0:0 660 =one", "sda1 0:0 660 =two"], event("add", "sda1")), ["node one", "node two"]);
});

test("no rule, no node", () => assert.equal(names(["other 0:0 660"], event("add", "sda1")), []));

test("an exclamation mark keeps a node away", () => assert.equal(names(["sda1 0:0 660 !", ".* 0:0 666"], event("add", "sda1")), []));

test("groups of the expression and a final slash make the place", () => {
  assert.equal(names(["(sd.)([0-9]) 0:0 660 =disk/%1/part%2"], event("add", "sda1")), ["node disk/sda/part1"]);
  assert.equal(names([".* 0:0 660 =disk/"], event("add", "block/sda1")), ["node disk/sda1"]);
});

test("a place that leads out of /dev makes nothing", () => {
  assert.equal(names([".* 0:0 660 =../etc/x"], event("add", "sda1")), []);
  assert.equal(names(["(.*) 0:0 660 =/%1"], event("add", "sda1")), []);
});

test("a moved node can leave a link, and both go with the device", () => {
  assert.equal(planned([".* 0:0 660 >disk/"], event("add", "sda1")).slice(1), [{ kind: "link", name: "sda1", target: "disk/sda1" }]);
  assert.equal(names([".* 0:0 660 >disk/"], event("remove", "sda1")), ["unlink sda1", "remove disk/sda1"]);
});

test("numbers can choose, with a range of minors", () => {
  assert.equal(names(["@8,1-4 0:0 660"], event("add", "sda1")), ["node sda1"]);
  assert.equal(names(["@8,2-4 0:0 660"], event("add", "sda1")), []);
  assert.equal(names(["@8 0:0 660"], event("add", "sda1", { MINOR: "99" })), ["node sda1"]);
});

test("values of the event can choose", () => {
  assert.equal(names(["$SUBSYSTEM=^bl 0:0 660"], event("add", "sda1")), ["node sda1"]);
  assert.equal(names(["SUBSYSTEM=block;DEVTYPE=disk;sd.* 0:0 660"], event("add", "sda1", { DEVTYPE: "partition" })), []);
  assert.equal(names(["SUBSYSTEM=block;DEVTYPE=part;sd.* 0:0 660"], event("add", "sda1", { DEVTYPE: "partition" })), ["node sda1"]);
});

test("commands run after making or before removing, as marked", () => {
  const rules = (mark: string): string[] => [`sda1 0:0 660 ${mark}/bin/tell  now`];
  const seen = (mark: string, action: string): string[] => planned(rules(mark), event(action, "sda1")).map((a) => (a.kind === "command" ? a.command : a.kind));
  assert.equal(seen("@", "add"), ["node", "/bin/tell now"]);
  assert.equal(seen("@", "remove"), ["remove"]);
  assert.equal(seen("$", "add"), ["node"]);
  assert.equal(seen("*", "remove"), ["/bin/tell now", "remove"]);
});

test("a change of a device changes nothing", () => assert.equal(planned([".* 0:0 666"], event("change", "sda1")), []));

const REFUSED: { says: string; line: string; why: string }[] = [
  { says: "two words", line: "sda 0:0", why: "\"sda 0:0\" is no rule (expression, user:group, mode)" },
  { says: "an unknown group", line: "sda root:audio 660", why: "\"root:audio\" is no user:group known here" },
  { says: "an owner without group", line: "sda 0 660", why: "\"0\" is no user:group known here" },
  { says: "a mode that is none", line: "sda 0:0 689", why: "\"689\" is no mode of three or four octal digits" },
  { says: "an open bracket", line: "sd[a 0:0 660", why: "\"sd[a\" is no regular expression" },
  { says: "numbers that are none", line: "@x,1 0:0 660", why: "\"@x,1\" is no @major,minor-minor" },
  { says: "a stray word", line: "sda 0:0 660 what", why: "\"what\" is neither =name, >name, ! nor a command behind @, $ or *" },
];
for (const v of REFUSED) {
  test(`a rule with ${v.says} is told and left out`, () => assert.equal(parseRules(["", "# comment", v.line], [], [], "web/mdev.json .rules"), { rules: [], problems: [{ at: "web/mdev.json .rules[2]", why: v.why }] }));
}

test.run();
