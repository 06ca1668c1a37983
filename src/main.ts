import { Loop, Timer, Faults, Watch, openSignals, nextSignal } from "./sys/loop.ts";
import { listDirectory, readText, statPath, writeAll } from "./sys/files.ts";
import { cloneProcess, exitNow, waitPid, endOfPidfd } from "./sys/processes.ts";
import { peerOf, socketPair } from "./sys/sockets.ts";
import { tryIoctl } from "./sys/devices.ts";
import { mountAt } from "./sys/mounts.ts";
import { reason } from "./sys/error.ts";
import { toUtf8, octal } from "./sys/text.ts";
class T extends Timer { expired(): void { writeAll(1, toUtf8("timer\n"), ""); } }
class F extends Faults { fault(e: unknown): void { writeAll(2, toUtf8(reason(e)), "stderr"); } }
class W extends Watch { ready(e: number): void { writeAll(1, toUtf8(`events ${e}\n`), ""); loop.stop(); } }
const loop = new Loop(new F());
const pair = socketPair(1);
loop.add(pair[0]!, 1, new W());
const c = cloneProcess(0);
if (c.pid === 0) { writeAll(pair[1]!, toUtf8("x"), ""); exitNow(3); }
loop.arm(new T(), 0); loop.turn(50);
loop.run();
const ended = waitPid(c.pid);
writeAll(1, toUtf8(`${ended.exited} ${ended.status} ${listDirectory("/").join(" ")} ${octal(statPath("/")!.mode)} ${readText("/proc/self/comm").trim()} ${JSON.stringify(endOfPidfd(c.pidfd))} ${peerOf(pair[0]!).pid > 0}\n`), "");
try { mountAt("/nonexist", "/mnt", "squashfs", 0); } catch (e) { writeAll(1, toUtf8(`${reason(e)}\n`), ""); }
if (tryIoctl(1, 1, 1) < -1000) nextSignal(openSignals([15]));
