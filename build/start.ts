/**
 * npm start -- [--board armv7|aarch64 | --host] [--smoke]
 * Makes what is needed, starts the demo, shows its console, then the table of
 * running containers and the page's address. Ctrl-A X ends it: orderly when
 * the page can be asked, otherwise as a power cut. --smoke ends by itself,
 * status 0 when all was well.
 */
import parse from "yargs-parser";
import { boardNamed } from "../qemu/boards.ts";
import { DemoBoard } from "./board.ts";
import { DemoHost } from "./host.ts";
import type { DemoMachine } from "./machine.ts";
import { smoke } from "./smoke.ts";

const USAGE = "usage: npm start -- [--board armv7|aarch64 | --host] [--smoke]";
const START_DEADLINE_MS = 120_000;
const POWEROFF_DEADLINE_MS = 15_000;

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Says what runs once both containers do, or that they don't; nothing when all has ended before. */
async function announce(m: DemoMachine): Promise<void> {
  let isOver = false;
  void m.ended.then(() => { isOver = true; });
  const started = await m.waitForStatus(["web", "ticker"], "STARTED", START_DEADLINE_MS);
  if (isOver) return;
  if (started === undefined) {
    say("\n-- web and ticker did not both start; the console says why. Ctrl-A X ends");
    return;
  }
  say(`\n-- running on ${m.name}:\n${(await m.fetchText("cgi-bin/ps"))?.trimEnd() ?? ""}\n-- page: ${m.url}\n-- Ctrl-A X ends\n`);
}

async function end(m: DemoMachine): Promise<void> {
  say("\n-- asking for poweroff");
  if (await m.fetchText("cgi-bin/poweroff", "POST") !== undefined) {
    await Promise.race([m.ended, new Promise((done) => { setTimeout(done, POWEROFF_DEADLINE_MS).unref(); })]);
  }
  await m.kill();
}

/** Calls `ends` at Ctrl-A X, at Ctrl-C and at the signals that mean the same. The second time `ends` is called again. */
function watchForEnd(ends: () => void): void {
  for (const s of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(s, ends);
  if (!process.stdin.isTTY) return;
  let afterCtrlA = false;
  process.stdin.setRawMode(true).on("data", (keys: Buffer) => {
    for (const k of keys) {
      if (k === 3 || (afterCtrlA && (k === 0x78 || k === 0x58))) ends();
      afterCtrlA = k === 1;
    }
  });
}

async function main(): Promise<number> {
  const args = parse(process.argv.slice(2), { string: ["board"], boolean: ["host", "smoke", "help"] });
  if (args.help || args._.length > 0) {
    say(USAGE);
    return args.help ? 0 : 2;
  }
  const show = (chunk: string): void => { process.stdout.write(chunk); };
  const m = args.host ? await DemoHost.start(show) : await DemoBoard.start(boardNamed(args.board === undefined ? "armv7" : String(args.board)), show);
  if (args.smoke) {
    for (const s of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(s, () => { void m.kill().then(() => process.exit(1)); });
    const ok = (await smoke(m, say)).every((c) => c.ok);
    say(`smoke ${m.name}: ${ok ? "passed" : "FAILED"}`);
    return ok ? 0 : 1;
  }
  let ending = false;
  watchForEnd(() => {
    void (ending ? m.kill() : end(m));
    ending = true;
  });
  void announce(m);
  const how = await m.ended;
  await m.kill();
  say(`\n-- ended: ${how}`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (e) {
  say(e instanceof Error ? e.message : String(e));
  process.exitCode = 1;
}
if (process.stdin.isTTY) process.stdin.setRawMode(false).unref();
