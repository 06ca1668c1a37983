/**
 * The smoke test of a running demo: what a first look would check, each with
 * its verdict, and the boot split by step. Ends the demo by an orderly
 * poweroff asked for from inside a container.
 */
import type { Check, DemoMachine } from "./machine.ts";

const START_DEADLINE_MS = 300_000;
const RESTART_DEADLINE_MS = 300_000;
const POWEROFF_DEADLINE_MS = 180_000;

export type BootStep = { step: string; atMs: number };

/** The lines "boot: <step> … at_ms=<n>" of a console, in order. See qemu/README.md. */
export function bootSteps(console: string): BootStep[] {
  return [...console.matchAll(/\bboot: (.+?) at_ms=(\d+)/g)].map((m) => ({ step: m[1]!, atMs: Number(m[2]) }));
}

/** A table of steps: when each was reached since the kernel started (a daemon: since its first step), and what it took. */
export function stepTable(steps: BootStep[], booted: boolean = true): string {
  const width = Math.max(12, ...steps.map((s) => s.step.length));
  const zero = booted || steps.length === 0 ? 0 : steps[0]!.atMs;
  return steps.map((s, i) => {
    const took = i > 0 ? `+${s.atMs - steps[i - 1]!.atMs} ms` : booted ? "the kernel's part" : "begins";
    return `  ${s.step.padEnd(width)} ${String(s.atMs - zero).padStart(7)} ms  ${took}`;
  }).join("\n");
}

/** Looks at everything; prints each verdict by `say` as it is known. The demo has ended afterwards. Result: all that was checked. */
export async function smoke(m: DemoMachine, say: (line: string) => void): Promise<Check[]> {
  const checks: Check[] = [];
  const check = (says: string, ok: boolean, detail: string = ""): boolean => {
    checks.push({ says, ok, detail });
    say(`${ok ? "ok  " : "FAIL"} ${says}${detail === "" ? "" : `: ${detail}`}`);
    return ok;
  };
  let ended = "";
  void m.ended.then((how) => { ended = how; });
  const both = ["web", "ticker"];
  const started = await m.waitForStatus(both, "STARTED", START_DEADLINE_MS);
  if (check("web and ticker are STARTED", started !== undefined, started === undefined && ended !== "" ? `it ended: ${ended}` : "")) {
    say((await m.fetchText("cgi-bin/ps"))?.trimEnd() ?? "(no table)");
    const page = await m.fetchText("");
    check("the page is served and lists both", page !== undefined && both.every((n) => page.includes(n)), page === undefined ? "no answer" : `${page.length} bytes`);
    const steps = bootSteps(m.console.text);
    if (check("the boot is split by step", steps.length > 0)) say(stepTable(steps, m.isBooted));
    // It shows how a container ended also when it runs again.
    const end = await m.waitForText("cgi-bin/ps", /^ticker .*killed by \S+/m, RESTART_DEADLINE_MS);
    check("ticker, killed inside, is noticed", end !== undefined, end?.trim().split(/ {2,}/).pop() ?? "");
    const again = await m.waitForText("cgi-bin/ps", /^ticker .* STARTED .* [2-9] .*killed by/m, RESTART_DEADLINE_MS);
    check("ticker is started again", again !== undefined);
    await orderlyEnd(m, check);
  }
  await m.kill();
  return checks;
}

async function orderlyEnd(m: DemoMachine, check: (says: string, ok: boolean, detail?: string) => boolean): Promise<void> {
  const asked = Date.now();
  // The answer may be cut off by the poweroff itself: how it ends is what counts.
  await m.fetchText("cgi-bin/poweroff", "POST");
  const how = await Promise.race([m.ended, new Promise<string>((done) => { setTimeout(() => done("still running"), POWEROFF_DEADLINE_MS).unref(); })]);
  if (!check("poweroff asked for from web ends it", how === "poweroff", `${how} after ${Date.now() - asked} ms`)) return;
  for (const c of m.checksAfterEnd()) check(c.says, c.ok, c.detail);
}
