import { test } from "uvu";
import * as assert from "uvu/assert";
import { modinfo, modulesFor } from "../../build/modules.ts";
import { BOARDS, boardDebs } from "../../qemu/boards.ts";

for (const board of BOARDS) {
  test(`${board.name}: loading modules.dep from the last to the first never misses a dependency`, () => {
    const m = modulesFor(boardDebs(board), ["ext4", "virtio_net", "nft_masq"]);
    const needs = new Map(m.files.map((f) => [f.path, (modinfo(f.data).find((i) => i.key === "depends")?.value ?? "").split(",").filter((n) => n !== "")]));
    const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1, -".ko".length).replaceAll("-", "_");
    const lines = m.dep.trim().split("\n");
    assert.is(lines.length, m.files.length);
    let checked = 0;
    for (const line of lines) {
      const [module, rest] = line.split(":") as [string, string];
      const loaded = new Set<string>();
      for (const path of [module, ...rest.trim().split(" ").filter((p) => p !== "")].reverse()) {
        for (const n of needs.get(path)!) {
          assert.ok(loaded.has(n), `${module}: ${path} before its dependency ${n}`);
          checked += 1;
        }
        loaded.add(nameOf(path));
      }
    }
    assert.ok(checked > 10);
  });

  test(`${board.name}: aliases lead to the modules that carry them`, () => {
    const alias = modulesFor(boardDebs(board), ["ext4", "veth"]).alias.split("\n");
    assert.ok(alias.includes("alias fs-ext4 ext4"));
    assert.ok(alias.includes("alias rtnl-link-veth veth"));
  });

  test(`${board.name}: what is built into the kernel needs no file, what doesn't exist is refused by name`, () => {
    assert.equal(modulesFor(boardDebs(board), ["unix"]).files, []);
    assert.throws(() => modulesFor(boardDebs(board), ["no-such-thing"]), /has no module no_such_thing/);
  });
}

test.run();
