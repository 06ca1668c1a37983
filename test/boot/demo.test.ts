import { test } from "uvu";
import * as assert from "uvu/assert";
import { DemoBoard } from "../../build/board.ts";
import { smoke } from "../../build/smoke.ts";
import { BOARDS } from "../../qemu/boards.ts";

for (const board of BOARDS) {
  test(`${board.name}: the demo boots, supervises, serves its page and powers off with a clean disk`, async () => {
    const m = await DemoBoard.start(board, () => undefined);
    try {
      const checks = await smoke(m, (line) => console.log(`${board.name}: ${line}`));
      const bad = checks.filter((c) => !c.ok).map((c) => `${c.says}: ${c.detail}`);
      assert.equal(bad, [], m.console.text.split("\n").slice(-60).join("\n"));
      assert.ok(checks.length >= 8);
    } finally {
      await m.kill();
    }
  });
}

test.run();
