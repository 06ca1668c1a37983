/** What each scenario of program.ts must print, on whatever kernel it runs. */
import * as assert from "uvu/assert";
import type { Expectation } from "../printed.ts";

export const EXPECTATIONS: Expectation[] = [
  {
    scenario: "coldplug", says: "devices that are there get the nodes their rules say, others none",
    check: (r) => {
      assert.equal(r.get("null"), ["20666 1:3 0:0"]);
      assert.equal(r.get("mem/zero"), ["20640 1:5 5:6"]);
      assert.equal(r.get("sub/deep/full"), ["20600 1:7 0:0"]);
      assert.equal(r.get("link"), ["sub/deep/full"]);
      assert.equal(r.get("random"), ["none"], "a rule with ! makes nothing");
      assert.equal(r.get("tty"), ["none"], "no rule, no node");
      assert.is(r.get("failed"), undefined);
    },
  },
  {
    scenario: "coldplug", says: "a device that goes takes its node and link along, and only its own",
    check: (r) => {
      assert.equal(r.get("gone"), ["none false"]);
      assert.equal(r.get("other"), ["20666 1:3 0:0"], "another device of that name leaves the node");
    },
  },
  {
    scenario: "coldplug", says: "commands of rules are told with the node they are about",
    check: (r) => assert.equal(r.get("command"), ["/bin/made for mem/zero", "x for null"]),
  },
  {
    scenario: "traps", says: "links a container put in its /dev lead nowhere",
    check: (r) => {
      assert.equal(r.get("failed"), ["node /dev/null: EEXIST", "node /dev/mem/null: ELOOP", "node /dev/abs/null: ELOOP", "node /dev/file: EEXIST"]);
      assert.equal(r.get("outside"), ["false false"]);
    },
  },
  { scenario: "traps", says: "a node left by another device is replaced", check: (r) => assert.equal(r.get("stale"), ["20666 1:3 0:0"]) },
  {
    scenario: "traps", says: "the host's own /dev and that of a dead process are never touched",
    check: (r) => {
      assert.equal(r.get("hostdev"), ["-1"]);
      assert.equal(r.get("dead"), ["-1"]);
    },
  },
  {
    scenario: "events", says: "the kernel's events arrive, and one that sysfs contradicts doesn't",
    check: (r) => {
      assert.equal(r.get("event"), ["add /devices/virtual/mem/null 1:3"]);
      assert.equal(r.get("modaliases"), ["true"]);
    },
  },
  {
    scenario: "watching", says: "a watched container's /dev follows the kernel, and nobody listens without rules",
    check: (r) => {
      assert.equal(r.get("cold"), ["20666 1:3 0:0"]);
      assert.equal(r.get("hot"), ["20666 1:3 0:0"]);
      assert.ok(r.get("wanted")!.every((w) => w === "c: /bin/made for null"));
      assert.equal(r.get("deaf"), ["none 1"], "a turn of the loop that nothing woke");
      assert.is(r.get("failed"), undefined);
    },
  },
];
