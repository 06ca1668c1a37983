import { test } from "uvu";
import * as assert from "uvu/assert";
import { busyboxRoot, squashfs } from "../../build/rootfs.ts";
import { initramfsTree, BOOT_MODULES, DEVICE_CONFIG } from "../../build/initramfs.ts";
import { BOARDS, boardDebs } from "../../qemu/boards.ts";

const debs = boardDebs(BOARDS[0]!);

test("the same root gives the same squashfs, a changed file another", () => {
  const first = squashfs(busyboxRoot(debs, ["sh"]));
  assert.is(first.toString("latin1", 0, 4), "hsqs");
  assert.ok(first.equals(squashfs(busyboxRoot(debs, ["sh"]))));
  assert.not.ok(first.equals(squashfs(busyboxRoot(debs, ["sh"]).file("etc/hostname", "x"))));
});

test("an initramfs holds one program under all its names, and every module it loads at boot", () => {
  const t = initramfsTree({ debs, binary: Buffer.from("binary"), bootModules: ["softdog"], config: DEVICE_CONFIG });
  const programs = t.entries().filter((e) => e.kind === "file" && (e.mode & 0o111) !== 0).map((e) => e.path);
  assert.equal(programs, ["init"]);
  for (const name of ["usr/bin/pantavisor", "usr/bin/wherry", "sbin/init"]) assert.is((t.get(name) as { target: string }).target, "/init");
  const list = t.get("etc/wherry/modules") as { data: Buffer };
  assert.is(list.data.toString(), [...BOOT_MODULES, "softdog"].map((m) => `${m}\n`).join(""));
  const files = t.entries().map((e) => e.path.slice(e.path.lastIndexOf("/") + 1).replaceAll("-", "_"));
  for (const m of [...BOOT_MODULES, "softdog"]) assert.ok(files.includes(`${m}.ko`), m);
});

test.run();
