import "../../fakes/sys.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatInfo, lxcState } from "../../../src/cli/lxc_info.ts";

const asked = (words: string): { state: boolean; pid: boolean; bare: boolean } => ({ state: words.includes("s"), pid: words.includes("p"), bare: words.includes("H") });

// Texts of lxc-info 5.0.2.
test("rows and bare values are those of lxc-info", () => {
  const rows: [string, number, string][] = [
    ["", 123, "Name:           web\nState:          RUNNING\nPID:            123\n"], ["p", 123, "PID:            123\n"], ["pH", 123, "123\n"], ["s", 123, "State:          RUNNING\n"],
    ["sH", 123, "RUNNING\n"], ["spH", 123, "State:          RUNNING\nPID:            123\n"], ["H", 0, "Name:           web\nState:          RUNNING\n"], ["p", 0, ""],
  ];
  for (const [words, pid, text] of rows) assert.is(formatInfo("web", "RUNNING", pid, asked(words)), text, words);
});

test("statuses are LXC's states", () => {
  assert.equal(["INSTALLED", "STARTING", "STARTED", "READY", "STOPPING", "STOPPED", "RECOVERING"].map((s) => lxcState(s, false)), ["STOPPED", "STARTING", "RUNNING", "RUNNING", "STOPPING", "STOPPED", "STOPPED"]);
  assert.is(lxcState("STARTED", true), "FROZEN");
});

test.run();
