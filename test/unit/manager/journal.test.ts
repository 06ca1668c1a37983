import "../../fakes/sys.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatEntry, parseEntry, type Entry } from "../../../src/manager/journal.ts";

const ENTRY: Entry = {
  name: "web", revision: "locals/a", phase: "STOPPED", pid: 0, startTicks: 0, retries: 2, userStopped: false, wish: "none", settled: true, startedMs: 1234, starts: 7, stable: true, retryMs: 99, healthFailures: 3,
  endKind: "exited", endCode: 4, outOfMemory: true, endReason: "exited with status 4 (a process of it was killed for lack of memory)",
};

test("an entry is read back as it was written, reasons with blanks and all", () => {
  assert.equal(parseEntry(formatEntry(ENTRY)), ENTRY);
  assert.equal(parseEntry(formatEntry({ ...ENTRY, endReason: "two\nlines" })), { ...ENTRY, endReason: "two lines" });
  assert.equal(parseEntry(formatEntry({ ...ENTRY, endKind: "none", endCode: -1, endReason: "" })), { ...ENTRY, endKind: "none", endCode: -1, endReason: "" });
});

test("an entry that was cut anywhere before its last line is none", () => {
  const text = formatEntry({ ...ENTRY, endReason: "" });
  for (let n = 0; n < text.lastIndexOf("reason"); n++) assert.is(parseEntry(text.slice(0, n)), null, text.slice(0, n));
});

test.run();
