/**
 * A revision from the storage, ready to run: state read, signatures judged,
 * parsed, trail complete, files what the state says. Says everything that is
 * wrong; a revision with anything wrong does not run.
 * Rules: state format spec §6, §9; lifecycle spec §2 "RUN".
 */
import type { Config } from "../config/config.ts";
import { applyOem, oemConfigPath } from "../config/load.ts";
import type { Log } from "../log/line.ts";
import { loadTrust } from "../sign/apply.ts";
import { verifyState } from "../sign/check.ts";
import { planChecksums } from "../sign/checksum.ts";
import { checkFiles } from "../sign/checksum_apply.ts";
import { timeForDates } from "../sign/dates.ts";
import type { Mode } from "../sign/verdict.ts";
import { completeTrail } from "../storage/install.ts";
import type { StoragePlaces } from "../storage/places.ts";
import type { State } from "../state/model.ts";
import { parseState } from "../state/parse.ts";
import { reason } from "../sys/error.ts";
import { readBytes, readTextOr } from "../sys/files.ts";
import { wallSeconds } from "../sys/loop.ts";
import type { Settings } from "./settings.ts";

export type LoadedRevision = { name: string; trail: string; state: State };

const MAX_STATE_BYTES = 8 * 1048576;

/** The revision, or null when it can't run: everything that is wrong has been logged. quick: object contents are not hashed (pv_quickboot). */
export function loadRevision(config: Config, s: Settings, places: StoragePlaces, name: string, quick: boolean, log: Log): LoadedRevision | null {
  const path = places.stateFile(name);
  let bytes: Uint8Array;
  try {
    bytes = readBytes(path, MAX_STATE_BYTES);
  } catch (e) {
    log.error("state", reason(e), ["revision", name]);
    return null;
  }
  const oem = oemConfigPath(config, name);
  if (oem !== "") applyOem(config, readTextOr(`${s.storage}/${oem}`, ""), oem);
  if (!signaturesHold(config, s, bytes, log)) return null;
  const parsed = parseState(bytes, {
    appengine: s.mode === "appengine", bootloader: config.text("PV_BOOTLOADER_TYPE"), hostsBus: config.flag("PV_XCONNECT_DBUS_SYSTEMBUS_ENABLED"),
  });
  for (const w of parsed.warnings) log.debug("state", `${path}:${w.line} ${w.at}`, ["why", w.why]);
  for (const p of parsed.problems) log.error("state", `${path}:${p.line}:${p.column} ${p.at}`, ["why", p.why]);
  if (!parsed.ok) return null;
  const state = parsed.state;
  const missing = completeTrail(places, name, state);
  for (const m of missing) log.error("storage", m.name, ["why", m.why]);
  if (missing.length > 0) return null;
  if (s.checksum && !quick && !filesHold(s, places, name, state, log)) return null;
  return { name, trail: places.trail(name), state };
}

function signaturesHold(config: Config, s: Settings, bytes: Uint8Array, log: Log): boolean {
  const word = config.text("PV_SECUREBOOT_MODE");
  const mode: Mode = word === "disabled" || word === "audit" || word === "strict" ? word : "lenient";
  if (mode === "disabled") return true;
  const trust = loadTrust(
    `${s.etc}/pantavisor/pvs/trust`, config.text("PV_SECUREBOOT_TRUSTSTORE"), config.text("PV_SECUREBOOT_OEM_TRUSTSTORE"), config.text("PV_OEM_NAME"),
  );
  const dates = config.text("WHERRY_SECUREBOOT_DATES");
  const when = timeForDates(dates === "always" || dates === "plausible" ? dates : "off", wallSeconds());
  const found = verifyState(bytes, trust, { mode, when, downgrade: "off", committed: 0 });
  for (const r of found.results) if (r.why !== "") log.error("sign", r.at, ["why", r.why]);
  if (!found.verdict.ok) log.error("sign", found.verdict.message, ["uncovered", found.uncovered.slice(0, 5).join(",")]);
  else for (const w of found.verdict.warnings) log.warn("sign", w);
  return found.verdict.ok;
}

function filesHold(s: Settings, places: StoragePlaces, name: string, state: State, log: Log): boolean {
  const result = checkFiles(planChecksums(state, s.verityHandlers), state.bytes, places.trail(name), `${places.mountPoint}/objects`);
  for (const p of result.problems) log.error("storage", p.at, ["why", p.why]);
  return result.problems.length === 0;
}
