/**
 * PID 1 of a device under test that is not Wherry's: loads kernel modules
 * with Wherry's own loader, runs the programs of /etc/rooms one after the
 * other, says how each ended, powers off. Its root is a mount like any other,
 * not the initramfs itself, so that programs can switch theirs.
 */
import { loadModules, moduleFolder } from "../../../src/driver/apply.ts";
import { wishOf } from "../../../src/driver/module_plan.ts";
import { MS_BIND, MS_MOVE, MS_REC } from "../../../src/sys/constants.ts";
import { syncAll, tryReboot, REBOOT_POWER_OFF } from "../../../src/sys/devices.ts";
import { errnoName } from "../../../src/sys/errno.ts";
import { reason } from "../../../src/sys/error.ts";
import { changeDirectory, makeDirectories, readText, writeAll } from "../../../src/sys/files.ts";
import { mountAt } from "../../../src/sys/mounts.ts";
import { chroot, cloneProcess, exitNow, tryExec, waitPid } from "../../../src/sys/processes.ts";
import { toUtf8, words } from "../../../src/sys/text.ts";

function say(line: string): void {
  writeAll(1, toUtf8(`${line}\n`), "console");
}

function lines(path: string): string[] {
  return readText(path).split("\n").filter((l) => l !== "");
}

function prepare(): void {
  makeDirectories("/new");
  mountAt("/", "/new", "", MS_BIND + MS_REC);
  changeDirectory("/new");
  mountAt("/new", "/", "", MS_MOVE);
  chroot(".");
  changeDirectory("/");
  for (const [path, type] of [["/proc", "proc"], ["/sys", "sysfs"], ["/dev", "devtmpfs"], ["/tmp", "tmpfs"]]) {
    makeDirectories(path!);
    mountAt(type!, path!, type!, 0);
  }
}

/** One line of /etc/rooms/modules is one call of the loader. */
function loadAll(): void {
  for (const line of lines("/etc/rooms/modules")) {
    const done = loadModules(moduleFolder(), [wishOf(line)]);
    say(`module ${line}: ${done.loaded.join(" ")}`);
    for (const p of done.problems) say(`module ${line}: problem ${p.at}: ${p.why}`);
  }
}

/** "mount SOURCE TARGET TYPE", or a program with its arguments. */
function runAll(): void {
  for (const line of lines("/etc/rooms/programs")) {
    const argv = words(line);
    say(`begin ${line}`);
    if (argv[0] === "mount") {
      makeDirectories(argv[2]!);
      mountAt(argv[1]!, argv[2]!, argv[3]!, 0);
      say(`end ${line}: 0`);
      continue;
    }
    const child = cloneProcess(0);
    if (child.pid === 0) {
      const r = tryExec(argv[0]!, argv, []);
      say(`exec: ${errnoName(-r)}`);
      exitNow(127);
    }
    const ended = waitPid(child.pid);
    say(`end ${line}: ${ended.exited ? ended.status : `signal ${ended.status}`}`);
  }
}

try {
  prepare();
  loadAll();
  runAll();
} catch (e) {
  say(`fault ${reason(e)}`);
}
say("all done");
syncAll();
tryReboot(REBOOT_POWER_OFF);
