/**
 * What this machine's kernel can't show, on the boards' kernels: every
 * function of the shim for real, modules through our own loader, all kinds of
 * links, hotplug. Programs and expectations are those of test/arch and
 * test/native.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { cpioArchive } from "../../build/cpio.ts";
import { makeDisk } from "../../build/disk.ts";
import { modulesFor } from "../../build/modules.ts";
import { Tree } from "../../build/tree.ts";
import { boardDebs, BOARDS, type Board } from "../../qemu/boards.ts";
import { bootDevice } from "../../qemu/boot.ts";
import { compile } from "../../toolchain/compile.ts";
import { declarationsIn } from "../../toolchain/manifest.ts";
import { outDir, root } from "../../toolchain/places.ts";
import { judge } from "../arch/verdict.ts";
import { EXPECTATIONS as DRIVER } from "../native/driver/expected.ts";
import { EXPECTATIONS as NET } from "../native/net/expected.ts";
import { printed, type Expectation } from "../native/printed.ts";

const BOOT_DEADLINE_MS = 900_000;

/** One call of the loader each. What the table loads and takes out again must not be there before. */
const MODULES = ["virtio_mmio", "virtio_blk", "crc32c_generic", "ext4", "veth", "bridge stp=0", "rtnl-link-macvlan", "ipvlan", "8021q", "nf_tables", "nft-chain-nat", "nft_masq", "nonesuch"];
const SPARE = "dummy";

async function programs(b: Board): Promise<Map<string, string>> {
  const out = new Map<string, string>();
  const entries: [string, string][] = [["init", "test/boot/rooms/init.ts"], ["table", "test/arch/table.ts"], ["net", "test/native/net/program.ts"], ["driver", "test/native/driver/program.ts"]];
  for (const [name, entry] of entries) {
    out.set(name, await compile({ entry, out: join(outDir, "test/rooms", b.name, name), target: b.target, flavor: "release" }));
  }
  return out;
}

function scenarios(list: Expectation[]): string[] {
  return [...new Set(list.map((e) => e.scenario))];
}

/** Runs everything on a board; the output of each program by its command line. */
async function deviceRun(b: Board): Promise<{ output: Map<string, string>; console: string }> {
  const kernel = modulesFor(boardDebs(b), [...MODULES.slice(0, -1).map((m) => m.split(" ")[0]!.replace("rtnl-link-", "")), SPARE]);
  const below = `lib/modules/${kernel.release}`;
  const spare = kernel.files.find((f) => basename(f.path).startsWith(SPARE))!.path;
  const lines = [
    "mount /dev/vda /mnt ext4",
    `/bin/table disk=/mnt module=/${below}/${spare}:${SPARE}`,
    ...scenarios(NET).map((s) => `/bin/net ${s}`),
    ...scenarios(DRIVER).map((s) => `/bin/driver ${s} /tmp`),
  ];
  const t = new Tree();
  for (const f of ["dev", "proc", "sys", "tmp", "mnt"]) t.dir(f);
  t.char("dev/console", 0o600, 5, 1);
  const made = await programs(b);
  t.file("init", readFileSync(made.get("init")!), 0o755);
  for (const p of ["table", "net", "driver"]) t.file(`bin/${p}`, readFileSync(made.get(p)!), 0o755);
  for (const f of kernel.files) t.file(`${below}/${f.path}`, f.data);
  t.file(`${below}/modules.dep`, kernel.dep);
  t.file(`${below}/modules.alias`, kernel.alias);
  t.file("etc/rooms/modules", MODULES.map((m) => `${m}\n`).join(""));
  t.file("etc/rooms/programs", lines.map((l) => `${l}\n`).join(""));

  mkdirSync(join(outDir, "test/rooms"), { recursive: true });
  const work = mkdtempSync(join(outDir, "test/rooms", "boot-"));
  const initramfs = join(work, "initramfs.cpio");
  const disk = join(work, "disk.ext4");
  writeFileSync(initramfs, cpioArchive(t));
  makeDisk({ tree: new Tree(), label: "spare", sizeMb: 16 }, disk);
  const device = await bootDevice({ board: b, initramfs, disk, memoryMb: 256, log: join(outDir, "test/boot", `${b.name}-rooms.console.log`) });
  try {
    assert.is(await device.endsWithin(BOOT_DEADLINE_MS), "poweroff", device.console.text.slice(-4000));
  } finally {
    await device.stop();
    rmSync(work, { recursive: true });
  }
  const output = new Map<string, string>();
  for (const l of lines) {
    const from = device.console.text.indexOf(`begin ${l}\n`);
    const to = device.console.text.indexOf(`end ${l}: 0\n`);
    output.set(l.split(" ").slice(0, 2).join(" "), from < 0 || to < 0 ? `did not end well:\n${device.console.text.slice(from).slice(0, 4000)}` : device.console.text.slice(from + l.length + 7, to));
  }
  return { output, console: device.console.text };
}

const declared = declarationsIn(join(root, "src/sys")).map((d) => d.name);

for (const board of BOARDS) {
  let run: { output: Map<string, string>; console: string } | undefined;
  const outputOf = (command: string): string => run?.output.get(command) ?? "the device did not run";

  test(`${board.name}: the device runs everything and powers off`, async () => {
    run = await deviceRun(board);
    assert.not.match(run.console, /^fault /m);
  });

  test(`${board.name}: our loader loads by name and by alias, dependencies first, what is there already and with parameters`, () => {
    const loaded = (line: string): string => new RegExp(`^module ${line}: (.*)$`, "m").exec(run?.console ?? "")?.[1] ?? "not tried";
    assert.match(loaded("ext4"), /\bjbd2\b.* ext4$/);
    assert.match(loaded("rtnl-link-macvlan"), /^macvlan$/);
    assert.match(loaded("nft-chain-nat"), /nf_nat nft_chain_nat$/);
    assert.is(loaded("nonesuch"), "");
    assert.match(run?.console ?? "", /^module nonesuch: problem module nonesuch: not in modules\.dep/m);
    assert.is((run?.console.match(/: problem /g) ?? []).length, 1, "nothing else failed");
  });

  test(`${board.name}: every function of the shim works and is refused`, () => {
    const [command] = [...(run?.output.keys() ?? [])].filter((k) => k.startsWith("/bin/table"));
    assert.equal(judge(outputOf(command ?? ""), declared, "device"), []);
  });

  for (const e of NET) test(`${board.name}: ${e.says}`, () => e.check(printed(outputOf(`/bin/net ${e.scenario}`))));
  for (const e of DRIVER) test(`${board.name}: ${e.says}`, () => e.check(printed(outputOf(`/bin/driver ${e.scenario}`))));
}

test.run();
