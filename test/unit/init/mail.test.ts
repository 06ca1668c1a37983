import { test } from "uvu";
import * as assert from "uvu/assert";
import { packMail, unpackMail, type Mail } from "../../../src/init/mail.ts";

const MAIL: Mail[] = [
  { kind: "watchdog", mode: "always", seconds: 15, silence: 30 }, { kind: "alive" }, { kind: "unfed" }, { kind: "ping" }, { kind: "finish", how: "reboot" },
  { kind: "asked", how: "poweroff" }, { kind: "reaped", pid: 7, exited: false, code: 9 },
];

test("every message is understood as it was meant", () => {
  for (const m of MAIL) assert.equal(unpackMail(packMail(m)), m);
});

test("what is no message is none", () => {
  for (const text of ["", "alive x", "watchdog always 15", "finish now", "reaped 1"]) assert.is(unpackMail(new TextEncoder().encode(text)), null, text);
});

test.run();
