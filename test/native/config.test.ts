/** The configuration as clients of the control socket see it, from a running `wherry daemon`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ensureBinary } from "../../build/images.ts";
import { buildRevision } from "../../build/revision.ts";
import { targetNamed } from "../../toolchain/targets.ts";
import { missing } from "../needs.ts";
import { HostedDaemon } from "./hosted.ts";

type Setting = { key: string; value: string; modified: string };

const SECRET = "not-for-clients";
const LINES = ["PV_LOG_LEVEL=4", `PH_CREDS_SECRET=${SECRET}`, "PV_SECUREBOOT_MODE=audit", "WHERRY_CGROUP=hybrid"];

const why = (["root", "namespaces"] as const).map(missing).filter((w) => w !== "");
if (why.length > 0) console.log(`skip: the configuration over the control socket: ${why.join("; ")}`);
else {
  test("/config by older name and /config2 with levels answer with what the daemon runs on; secrets are masked, other methods refused", async () => {
    const program = process.argv[2] ?? (await ensureBinary(targetNamed("x86_64")));
    const work = mkdtempSync(join(tmpdir(), "wherry-config-"));
    const daemon = new HostedDaemon(join(work, "daemon"), program, () => buildRevision({ containers: [] }), LINES);
    try {
      daemon.start(["unshare", "-n"]);
      await daemon.until("it answers", async () => ((await daemon.ask("GET", "/containers")).status === 200 ? true : null), 120_000);
      const old = await daemon.ask("GET", "/config");
      const all = await daemon.ask("GET", "/config2");
      assert.equal([old.status, all.status], [200, 200]);
      const values = JSON.parse(old.body) as Record<string, unknown>;
      assert.equal([values["log.level"], values["secureboot.mode"], values["system.init.mode"], values["storage.mntpoint"]], [4, 1, 2, join(work, "daemon/storage")]);
      assert.is(values["PV_LOG_LEVEL"], undefined);
      const settings = JSON.parse(all.body) as Setting[];
      const of = (key: string): Setting | undefined => settings.find((s) => s.key === key);
      assert.equal(of("PV_LOG_LEVEL"), { key: "PV_LOG_LEVEL", value: "4", modified: "pv conf file" });
      assert.equal(of("PV_SECUREBOOT_MODE"), { key: "PV_SECUREBOOT_MODE", value: "audit", modified: "pv conf file" });
      assert.equal(of("PV_LOOP_INDEX_BASE")?.modified, "default");
      assert.equal(settings.filter((s) => s.key.startsWith("WHERRY_")), [], "clients of Pantavisor get its keys only");
      assert.not.match(old.body + all.body, SECRET);
      assert.equal([(await daemon.ask("PUT", "/config", "{}")).status, (await daemon.ask("GET", "/config3")).status], [400, 400]);
    } finally {
      await daemon.remove();
      rmSync(work, { recursive: true, force: true });
    }
  });
}
test.run();
