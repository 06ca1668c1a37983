import { fakeSys } from "../../fakes/sys.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MetaValues } from "../../../src/driver/managed.ts";
import { DriverManager } from "../../../src/driver/manager.ts";
import { modulesOfDisks, MountJob, type MountWish } from "../../../src/manager/jobs.ts";
import type { Disk } from "../../../src/state/model.ts";
import { planDisk } from "../../../src/volume/disk_plan.ts";
import { judgeAnswer } from "../../../src/manager/probe.ts";

class NoMeta extends MetaValues {
  value(_key: string): string {
    return "";
  }
}

const WISH: MountWish = {
  lock: "", folders: [], modules: [], volumes: { part: "web", steps: [], disks: [], modules: [], warnings: [], problems: [] }, options: { loopBase: -1, verity: false, verityArguments: "" },
  disks: { plans: [], lock: "" }, driversRequired: [], driversOptional: [], hooks: null,
};

function answer(change: Partial<MountWish>): string {
  fakeSys.reset();
  const drivers = new DriverManager([{ section: "all", aliases: [{ alias: "wifi", modules: ["no-such-module"] }, { alias: "none", modules: [] }] }], "", "/lib/modules/x");
  return new MountJob({ ...WISH, ...change }, drivers, new NoMeta()).run();
}

test("an optional driver that could not be loaded is a warning, and is not reported as loaded", () => {
  assert.is(answer({ driversOptional: ["wifi", "none"] }), "driver wifi, module no-such-module: not in modules.dep, not built in, no alias of a module\nloaded none");
});

test("a required driver that could not be loaded fails the start", () => {
  assert.throws(() => answer({ driversRequired: ["none", "wifi"] }), "driver wifi, module no-such-module: not in modules.dep");
});

test("the modules of a disk are those of what it lies on", () => {
  const disk = (d: Partial<Disk>): Disk => ({
    name: "d", aliases: [], type: "volume-disk", path: "/x", mode: "", migrateKeyblob: false, format: "ext4", provision: "file", provisionOptions: "size=8M", formatOptions: "",
    mountOptions: "", mountTarget: "/t", uuid: "", isDefault: false, disks: [], initOrder: [], ...d,
  });
  const modules = (d: Partial<Disk>): string[] => modulesOfDisks([planDisk(disk(d), [], { media: "/m", storage: "/s", lib: "/l" })]);
  assert.equal(modules({}), ["loop", "ext4"]);
  assert.equal(modules({ provision: "" }), []);
  assert.equal(modules({ type: "swap-disk", provision: "zram", provisionOptions: "disksize=8M" }), ["zram"]);
  assert.equal(modules({ type: "dm-crypt-caam", mode: "mainline" }), ["dm-mod", "dm-crypt"]);
});

test("an answer is judged by its status line", () => {
  assert.equal(["HTTP/1.1 200 OK", "HTTP/1.0 302 x", "HTTP/1.1 404", "SSH-2.0-x", ""].map((t) => judgeAnswer(t, 0)), ["", "", "answered 404", "the answer is not HTTP", "the answer is not HTTP"]);
  assert.equal([judgeAnswer("HTTP/1.1 204 x", 204), judgeAnswer("HTTP/1.1 200 x", 204)], ["", "answered 200"]);
});

test.run();
