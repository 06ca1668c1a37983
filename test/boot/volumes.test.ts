/**
 * What this machine's kernel can't show of volumes and cgroups, on the boards'
 * kernels: dm-verity, zram, and cgroups as pure v2 (armv7) and as hybrid
 * (aarch64; runtime.test.ts has the other two). Programs are those of
 * test/native; hash trees are made by veritysetup.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { BOARDS } from "../../qemu/boards.ts";
import { runRooms } from "./rooms/boot.ts";
import { verityImages } from "./rooms/images.ts";

const MODULES = ["loop", "squashfs", "overlay", "dm-mod", "dm-verity", "zram"];
const APPLETS = ["sh", "sleep", "tail", "setsid", "mkdir"];

const SCENARIOS = ["whole", "devices", "oom", "stragglers", "nested", "again"];

function cgroupLines(kind: string): string[] {
  return [`/bin/cgroup mount ${kind}`, ...SCENARIOS.map((s) => `/bin/cgroup ${s} web-${kind}`)];
}

for (const board of BOARDS) {
  let run: Map<string, string> | undefined;
  const out = (line: string): string[] => (run?.get(line) ?? `no ${line}`).split("\n").filter((l) => l !== "");
  const value = (line: string, key: string): string | undefined => out(line).find((l) => l.startsWith(`${key}=`))?.slice(key.length + 1);

  const kind = board.name === "armv7" ? "unified" : "hybrid";

  test(`${board.name}: the device runs everything and powers off`, async () => {
    const { files, hash, appendedHash, wrong } = verityImages();
    const lines = [
      `/bin/volume cycle /images verity:good.squashfs@${hash}`,
      `/bin/volume mount /images verity:good.squashfs@${hash}`,
      `/bin/volume cycle /images verity:good.squashfs@${hash} tmpfs:again`,
      `/bin/volume cycle /images appended:appended.squashfs@${appendedHash}`,
      `/bin/volume cycle /images tmpfs:first verity:good.squashfs@${wrong}`,
      `/bin/volume cycle /images verity:flipped.squashfs@${hash}`,
      `/bin/volume cycle /images verity:headless.squashfs@${hash}`,
      "/bin/volume zram /images", ...cgroupLines(kind),
    ];
    const said = await runRooms({
      board, name: "volumes", programs: { "bin/volume": "test/native/volume/program.ts", "bin/cgroup": "test/native/cgroup/program.ts" }, modules: MODULES, applets: APPLETS, lines,
      fill: (t) => { for (const [name, data] of files) t.file(`images/trail/${name}`, data); },
    });
    run = new Map([...said].map(([line, text]) => [line.replace(hash, "ROOT").replace(appendedHash, "ROOT").replace(wrong, "WRONG"), text]));
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
