/**
 * What this machine's kernel can't show of volumes and cgroups, on the boards'
 * kernels: dm-verity, zram, and cgroups as pure v2 (armv7) and as hybrid
 * (aarch64; runtime.test.ts has the other two). Programs are those of
 * test/native; hash trees are made by veritysetup.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { cpioArchive } from "../../build/cpio.ts";
import { modulesFor } from "../../build/modules.ts";
import { Tree } from "../../build/tree.ts";
import { boardDebs, BOARDS, type Board } from "../../qemu/boards.ts";
import { bootDevice } from "../../qemu/boot.ts";
import { compile } from "../../toolchain/compile.ts";
import { outDir } from "../../toolchain/places.ts";

const BOOT_DEADLINE_MS = 900_000;
const MODULES = ["loop", "squashfs", "overlay", "dm-mod", "dm-verity", "sha256", "zram"];
const APPLETS = ["sh", "sleep", "tail", "setsid", "mkdir"];
const SALT = "00112233445566778899aabbccddeeff";
const UUID = "6f1a8d3e-0d6c-4a51-9a55-0c9f2f8a7b11";

/** Images with their hash trees: good, one byte of data flipped, hashes behind the data. Returns the root hash. */
function verityImages(dir: string): { hash: string; appendedHash: string } {
  mkdirSync(join(dir, "tree/etc"), { recursive: true });
  writeFileSync(join(dir, "tree/etc/motd"), "verified\n");
  for (let i = 0; i < 40; i++) writeFileSync(join(dir, `tree/etc/noise${i}`), Buffer.alloc(5000, `${i} noise `));
  const image = join(dir, "good.squashfs");
  execFileSync("mksquashfs", [join(dir, "tree"), image, "-quiet", "-no-progress", "-noI", "-noD"], { stdio: "ignore" });
  const format = (data: string, hashes: string, more: string[]): string => {
    const text = execFileSync("veritysetup", ["format", `--salt=${SALT}`, `--uuid=${UUID}`, ...more, data, hashes], { encoding: "utf8" });
    return /Root hash:\s+([0-9a-f]{64})/.exec(text)![1]!;
  };
  const hash = format(image, `${image}.hash`, []);
  const data = readFileSync(image);
  const flipped = Buffer.from(data);
  // the superblock's block is read by the mount itself
  flipped[100] = flipped[100]! ^ 1;
  writeFileSync(join(dir, "flipped.squashfs"), flipped);
  writeFileSync(join(dir, "flipped.squashfs.hash"), readFileSync(`${image}.hash`));
  writeFileSync(join(dir, "headless.squashfs"), data);
  writeFileSync(join(dir, "headless.squashfs.hash"), Buffer.alloc(8192));
  const appended = join(dir, "appended.squashfs");
  writeFileSync(appended, data);
  const appendedHash = format(appended, appended, [`--hash-offset=${data.length}`, `--data-blocks=${data.length / 4096}`]);
  return { hash, appendedHash };
}

const SCENARIOS = ["whole", "devices", "oom", "stragglers", "nested", "again"];

function cgroupLines(kind: string): string[] {
  return [`/bin/cgroup mount ${kind}`, ...SCENARIOS.map((s) => `/bin/cgroup ${s} web-${kind}`)];
}

/** Boots once and runs the lines that `linesOf` makes of the root hashes; output of each program by its line, hashes named instead. */
async function deviceRun(b: Board, name: string, linesOf: (hash: string, appendedHash: string, wrong: string) => string[]): Promise<Map<string, string>> {
  mkdirSync(join(outDir, "test/rooms"), { recursive: true });
  const work = mkdtempSync(join(outDir, "test/rooms", "volumes-"));
  const { hash, appendedHash } = verityImages(work);
  const wrong = `${hash.slice(0, 63)}${hash.endsWith("0") ? "1" : "0"}`;
  const lines = linesOf(hash, appendedHash, wrong);
  const t = new Tree();
  for (const f of ["dev", "proc", "sys", "tmp", "images/volumes"]) t.dir(f);
  t.char("dev/console", 0o600, 5, 1);
  const entries: [string, string][] = [["init", "test/boot/rooms/init.ts"], ["bin/volume", "test/native/volume/program.ts"], ["bin/cgroup", "test/native/cgroup/program.ts"]];
  for (const [path, entry] of entries) {
    t.file(path, readFileSync(await compile({ entry, out: join(outDir, "test/rooms", b.name, path), target: b.target, flavor: "release" })), 0o755);
  }
  t.file("bin/busybox", readFileSync(join(boardDebs(b), "bin/busybox")), 0o755);
  for (const a of APPLETS) t.link(`bin/${a}`, "busybox");
  for (const f of ["good.squashfs", "good.squashfs.hash", "flipped.squashfs", "flipped.squashfs.hash", "headless.squashfs", "headless.squashfs.hash", "appended.squashfs"]) {
    t.file(`images/trail/${f}`, readFileSync(join(work, f)));
  }
  const kernel = modulesFor(boardDebs(b), MODULES.filter((m) => m !== "sha256"));
  for (const f of kernel.files) t.file(`lib/modules/${kernel.release}/${f.path}`, f.data);
  t.file(`lib/modules/${kernel.release}/modules.dep`, kernel.dep);
  t.file(`lib/modules/${kernel.release}/modules.alias`, kernel.alias);
  t.file("etc/rooms/modules", MODULES.filter((m) => m !== "sha256").map((m) => `${m}\n`).join(""));
  t.file("etc/rooms/programs", lines.map((l) => `${l}\n`).join(""));
  const initramfs = join(work, "initramfs.cpio");
  writeFileSync(initramfs, cpioArchive(t));
  const device = await bootDevice({ board: b, initramfs, memoryMb: 256, log: join(outDir, "test/boot", `${b.name}-${name}.console.log`) });
  try {
    assert.is(await device.endsWithin(BOOT_DEADLINE_MS), "poweroff", device.console.text.slice(-4000));
  } finally {
    await device.stop();
    rmSync(work, { recursive: true });
  }
  const text = device.console.text;
  return new Map(lines.map((l) => {
    const from = text.indexOf(`begin ${l}\n`);
    const to = text.indexOf(`end ${l}: 0\n`);
    return [l.replace(hash, "ROOT").replace(appendedHash, "ROOT").replace(wrong, "WRONG"), from < 0 || to < 0 ? `did not end well:\n${text.slice(from).slice(0, 3000)}` : text.slice(from + l.length + 7, to)];
  }));
}

for (const board of BOARDS) {
  let run: Map<string, string> | undefined;
  const out = (line: string): string[] => (run?.get(line) ?? `no ${line}`).split("\n").filter((l) => l !== "");
  const value = (line: string, key: string): string | undefined => out(line).find((l) => l.startsWith(`${key}=`))?.slice(key.length + 1);

  const kind = board.name === "armv7" ? "unified" : "hybrid";

  test(`${board.name}: the device runs everything and powers off`, async () => {
    run = await deviceRun(board, "volumes", (hash, appendedHash, wrong) => [
      `/bin/volume cycle /images verity:good.squashfs@${hash}`,
      `/bin/volume mount /images verity:good.squashfs@${hash}`,
      `/bin/volume cycle /images verity:good.squashfs@${hash} tmpfs:again`,
      `/bin/volume cycle /images appended:appended.squashfs@${appendedHash}`,
      `/bin/volume cycle /images tmpfs:first verity:good.squashfs@${wrong}`,
      `/bin/volume cycle /images verity:flipped.squashfs@${hash}`,
      `/bin/volume cycle /images verity:headless.squashfs@${hash}`,
      "/bin/volume zram /images", ...cgroupLines(kind),
    ]);
  });

  test(`${board.name}: a volume verified by a hash file mounts, and mapping and loop devices go with it`, () => {
    assert.equal(out("/bin/volume cycle /images verity:good.squashfs@ROOT"), ["ok=true", "motd=good.squashfs:verified"]);
  });

  test(`${board.name}: a mapping that a crash left is replaced`, () => {
    assert.equal(out("/bin/volume mount /images verity:good.squashfs@ROOT"), ["ok=true"]);
    assert.equal(out("/bin/volume cycle /images verity:good.squashfs@ROOT tmpfs:again"), ["ok=true", "motd=good.squashfs:verified", "motd=again:"]);
  });

  test(`${board.name}: hashes behind the data are found`, () => {
    assert.equal(out("/bin/volume cycle /images appended:appended.squashfs@ROOT"), ["ok=true", "motd=appended.squashfs:verified"]);
  });

  test(`${board.name}: another root hash, changed data and a missing tree are refused by name, and nothing stays`, () => {
    const refused = (line: string): string => {
      assert.is(value(line, "ok"), "false");
      assert.is(value(line, "left"), undefined);
      return value(line, "why")!;
    };
    assert.match(refused("/bin/volume cycle /images tmpfs:first verity:good.squashfs@WRONG"), /^web: volume good\.squashfs: mount squashfs \S+good\.squashfs: \w+ \(the data do not match their root hash/);
    assert.match(refused("/bin/volume cycle /images verity:flipped.squashfs@ROOT"), /do not match their root hash/);
    assert.match(refused("/bin/volume cycle /images verity:headless.squashfs@ROOT"), /^web: volume headless\.squashfs: read \S+headless\.squashfs\.hash: EINVAL \(no verity superblock/);
  });

  test(`${board.name}: swap in compressed memory is made once and given back`, () => {
    assert.equal(out("/bin/volume zram /images"), ["zram=", "zram=", "swaps=1", "-zram=", "-zram=", "swaps=0", "size=0"]);
  });

  test(`${board.name}: cgroups as ${kind}: limits, membership, freezing, killing`, () => {
    const line = `/bin/cgroup whole web-${kind}`;
    assert.is(value(`/bin/cgroup mount ${kind}`, "kind"), kind);
    assert.is(value(line, "processes"), "3");
    for (const m of out(line).filter((l) => l.startsWith("member="))) assert.ok(m.endsWith(`:/lxc/web-${kind}`), m);
    assert.ok(out(line).includes(kind === "hybrid" ? "value=memory.limit_in_bytes:33554432" : "value=memory.max:33554432"), out(line).join("\n"));
    assert.ok(out(line).includes(kind === "hybrid" ? "value=cpu.shares:2048" : "value=cpu.weight:200"));
    assert.is(value(line, "state"), "frozen");
    assert.is(value(line, "ended"), "false,9");
    assert.is(value(line, "populated"), "false");
    assert.is(value(line, "left"), undefined);
  });

  test(`${board.name}: cgroups as ${kind}: devices, memory kills, stragglers, sub-groups, second starts`, () => {
    assert.is(value(`/bin/cgroup devices web-${kind}`, "ended"), "0");
    assert.is(value(`/bin/cgroup oom web-${kind}`, "oom"), `web-${kind}:1`);
    assert.is(value(`/bin/cgroup oom web-${kind}`, "signal"), "9");
    assert.is(value(`/bin/cgroup stragglers web-${kind}`, "empty"), "false");
    assert.is(value(`/bin/cgroup stragglers web-${kind}`, "emptied"), `web-${kind}`);
    assert.is(value(`/bin/cgroup nested web-${kind}`, "signal"), "9");
    assert.match(value(`/bin/cgroup again web-${kind}`, "error") ?? "", /EBUSY \(processes of an earlier run are still there\)$/);
    for (const s of ["devices", "oom", "stragglers", "nested", "again"]) assert.is(value(`/bin/cgroup ${s} web-${kind}`, "left"), undefined);
  });
}

test.run();
