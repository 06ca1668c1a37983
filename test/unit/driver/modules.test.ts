import { test } from "uvu";
import * as assert from "uvu/assert";
import { isCompressed, nameOfFile, patternFits } from "../../../src/driver/module_names.ts";
import { planModules, planUnload, wishOf } from "../../../src/driver/module_plan.ts";
import { ModuleTables, type ModuleText } from "../../../src/driver/module_tables.ts";

const DEP = `kernel/fs/ext4/ext4.ko.xz: kernel/fs/jbd2/jbd2.ko.xz kernel/lib/crc16.ko.xz
kernel/fs/jbd2/jbd2.ko.xz:
kernel/lib/crc16.ko.xz:
kernel/sound/core/snd-pcm.ko: kernel/sound/core/snd-timer.ko kernel/sound/core/snd.ko
kernel/sound/core/snd-timer.ko: kernel/sound/core/snd.ko
kernel/sound/core/snd.ko:
kernel/sound/hda-pcm.ko:
kernel/net/virtio_net.ko:
kernel/a/ping.ko:
kernel/a/pong.ko:
`;

class Texts extends ModuleTables {
  readonly more: Partial<Record<ModuleText, string>>;
  readonly asked: string[] = [];
  constructor(more: Partial<Record<ModuleText, string>>) {
    super();
    this.more = more;
  }
  text(which: ModuleText): string {
    this.asked.push(which);
    if (which === "modules.dep") return DEP;
    if (which === "modules.builtin") return "kernel/fs/squashfs/squashfs.ko\nkernel/drivers/block/loop.ko\n";
    return this.more[which] ?? "";
  }
}

function paths(wishes: string[], more: Partial<Record<ModuleText, string>> = {}): string[] {
  const p = planModules(new Texts(more), wishes.map(wishOf));
  assert.equal(p.problems, []);
  return p.steps.map((s) => s.path.slice(s.path.lastIndexOf("/") + 1));
}

test("dependencies come before the module that needs them", () => {
  assert.equal(paths(["ext4"]), ["crc16.ko.xz", "jbd2.ko.xz", "ext4.ko.xz"]);
});

test("a module is planned once, whoever needs it", () => {
  assert.equal(paths(["snd-pcm", "snd_timer", "snd"]), ["snd.ko", "snd-timer.ko", "snd-pcm.ko"]);
});

test("dash and underscore name the same module", () => {
  assert.equal(paths(["snd_pcm"]), paths(["snd-pcm"]));
  assert.equal(paths(["virtio-net"]), ["virtio_net.ko"]);
});

test("a name that is the end of another name is not that module", () => {
  const p = planModules(new Texts({}), [wishOf("pcm")]);
  assert.is(p.steps.length, 0);
  assert.equal(p.problems, [{ at: "module pcm", why: "not in modules.dep, not built in, no alias of a module" }]);
});

test("what is built in needs no step and is no problem", () => {
  const p = planModules(new Texts({}), [wishOf("squashfs"), wishOf("loop")]);
  assert.equal(p, { steps: [], problems: [] });
});

test("aliases are only read when the name is no module", () => {
  const t = new Texts({});
  planModules(t, [wishOf("virtio_net")]);
  assert.not.ok(t.asked.includes("modules.alias"));
});

test("a modalias loads every module whose pattern fits, blacklisted ones excepted", () => {
  const alias = "alias virtio:d00000001v* virtio_net\nalias virtio:d0000000[12]v* ping\nalias virtio:d00000009v* pong\n";
  assert.equal(paths(["virtio:d00000001v00001AF4"], { "modules.alias": alias }), ["virtio_net.ko", "ping.ko"]);
  assert.equal(paths(["virtio:d00000001v00001AF4"], { "modules.alias": alias, "modprobe.d": "blacklist ping\n" }), ["virtio_net.ko"]);
});

test("an alias of a module that doesn't exist is a problem", () => {
  const p = planModules(new Texts({ "modules.alias": "alias x-y gone\n" }), [wishOf("x-y")]);
  assert.equal(p.problems.map((q) => q.at), ["module x-y"]);
});

test("a soft dependency comes first, and its absence is no problem", () => {
  assert.equal(paths(["virtio_net"], { "modules.softdep": "softdep virtio_net pre: ping missing post: pong\n" }), ["ping.ko", "virtio_net.ko"]);
});

test("a soft dependency that is wanted as well is needed", () => {
  const p = planModules(new Texts({ "modules.softdep": "softdep virtio_net pre: ping\n" }), [wishOf("virtio_net"), wishOf("ping")]);
  assert.equal(p.steps.map((s) => `${s.name} ${s.needed}`), ["ping true", "virtio_net true"]);
});

test("soft dependencies in a circle end", () => {
  assert.equal(paths(["ping"], { "modules.softdep": "softdep ping pre: pong\nsoftdep pong pre: ping\n" }).sort(), ["ping.ko", "pong.ko"]);
});

test("parameters come from modprobe.d, the kernel command line, then the wish", () => {
  const p = planModules(new Texts({ "modprobe.d": "options virtio-net a=1\noptions other z=1\n", cmdline: "quiet virtio_net.b=2 root=/dev/vda\n" }), [wishOf("virtio_net  c=3 \"d=4 5\" ")]);
  assert.is(p.steps[0]!.parameters, "a=1 b=2 c=3 \"d=4 5\"");
});

test("parameters of a wish are not handed to its dependencies", () => {
  const p = planModules(new Texts({}), [wishOf("ext4 debug=1")]);
  assert.equal(p.steps.map((s) => s.parameters), ["", "", "debug=1"]);
});

test("options of modprobe and paths are refused", () => {
  const p = planModules(new Texts({}), [wishOf("-r ext4"), wishOf("../ext4"), wishOf("")]);
  assert.is(p.problems.length, 3);
  assert.match(p.problems[0]!.why, "one word");
});

test("unloading takes the module first and leaves what others want", () => {
  assert.equal(planUnload(new Texts({}), "ext4", ["jbd2"]), ["ext4", "crc16"]);
});

test("compressed files are told apart", () => {
  assert.equal(["a.ko", "a.ko.xz", "a.ko.zst", "a.ko.gz"].map(isCompressed), [false, true, true, true]);
  assert.is(nameOfFile("kernel/x/snd-pcm.ko.zst"), "snd_pcm");
});

const PATTERNS: { says: string; pattern: string; subject: string; want: boolean }[] = [
  { says: "stars match any length, also none", pattern: "usb:v*p*d*", subject: "usb:vpd", want: true },
  { says: "a star gives back what it took", pattern: "*ab*abc", subject: "xababcabc", want: true },
  { says: "a pattern fits the whole subject only", pattern: "usb:v1", subject: "usb:v12", want: false },
  { says: "a question mark is exactly one character", pattern: "a?c", subject: "ac", want: false },
  { says: "brackets hold ranges", pattern: "pci:[0-9A-F]x", subject: "pci:Bx", want: true },
  { says: "brackets can exclude", pattern: "[!a-c]", subject: "b", want: false },
  { says: "an open bracket never fits", pattern: "[abc", subject: "a", want: false },
  { says: "dash and underscore are equal", pattern: "fs-ext_4", subject: "fs_ext-4", want: true },
];
for (const v of PATTERNS) test(`pattern: ${v.says}`, () => assert.is(patternFits(v.pattern, 0, v.pattern.length, v.subject), v.want));

test.run();
