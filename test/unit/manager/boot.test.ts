import { fakeSys } from "../../fakes/sys.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ConfigFiles, loadConfig, type ConfigText } from "../../../src/config/load.ts";
import { loadEarlyDrivers } from "../../../src/manager/boot.ts";
import { settingsOf, type Settings } from "../../../src/manager/settings.ts";

class OneFile extends ConfigFiles {
  private readonly text: string;
  constructor(text: string) {
    super();
    this.text = text;
  }
  read(_path: string): ConfigText {
    return { found: true, text: this.text, why: "" };
  }
}

function settings(text: string, environment: string[] = []): Settings {
  return settingsOf(loadConfig({ confPath: "/x", commandLine: "pv_remount_policy=tight", environment, words: [] }, new OneFile(text), false));
}

/** What of the machine's modules is looked at. */
function looked(text: string): string[] {
  fakeSys.reset();
  loadEarlyDrivers(settings(text));
  return fakeSys.spoken().filter((c) => c.includes("modules.dep") || c.includes("/sys/bus"));
}

test("hardware is asked for its drivers only where the configuration says so", () => {
  assert.equal(looked(""), []);
  assert.ok(looked("PV_SYSTEM_DRIVERS_LOAD_EARLY_AUTO=1\nPV_STORAGE_FSTYPE=ext4").length >= 2);
});

test("settings hold what boot parameters say", () => {
  assert.equal([settings("").remountPolicy, settings("").verityHandlers, settings("", ["pv_verityoff=1"]).verityHandlers], ["tight", true, false]);
  assert.equal([settings("WHERRY_STOP_TIMEOUT=7").stopMs, settings("").managerSeconds, settings("").healthLadder], [7000, 30, "container,group,rollback,reboot"]);
});

test.run();
