/** Files of the kernel that go while they are read. */
import { fakeSys } from "../../fakes/sys.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readTextOr } from "../../../src/sys/files.ts";

const ESRCH = 3;
const EIO = 5;
const ENODEV = 19;

for (const errno of [ESRCH, ENODEV]) {
  test(`a file whose process or object has gone after it was opened is like one that is not there (errno ${errno})`, () => {
    fakeSys.reset();
    fakeSys.answer("sys_read", () => -errno);
    assert.is(readTextOr("/proc/77/stat", "gone"), "gone");
  });
}

test("any other refusal is told", () => {
  fakeSys.reset();
  fakeSys.answer("sys_read", () => -EIO);
  assert.throws(() => readTextOr("/proc/77/stat", "gone"), /read \/proc\/77\/stat: EIO/);
});

test.run();
