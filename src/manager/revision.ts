/**
 * A revision from the storage, ready to run: state read, parsed, signatures
 * judged, trail complete, files what the state says. Says everything that is
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
import type { DowngradePolicy } from "../sign/downgrade.ts";
import { completeTrail } from "../storage/install.ts";
import { committedIndex, raiseCommittedIndex } from "../storage/rollback_index.ts";
import type { StoragePlaces } from "../storage/places.ts";
import type { State } from "../state/model.ts";
import { parseState } from "../state/parse.ts";
import { reason } from "../sys/error.ts";
import { readBytes, readTextOr } from "../sys/files.ts";
import { wallSeconds } from "../sys/loop.ts";
import { INTERNAL, isDone, OBJECT_WRONG, STATE_MISSING } from "../update/progress.ts";
import type { Settings } from "./settings.ts";

/** rollbackIndex: what the committed index becomes when the revision is committed and it is higher. */
export type LoadedRevision = { name: string; trail: string; state: State; rollbackIndex: number };

const MAX_STATE_BYTES = 8 * 1048576;

/** found: null when it can't run: everything that is wrong has been logged, and why is what its progress says. */
export type Loading = { found: LoadedRevision | null; why: string };

function refused(why: string): Loading {
  return { found: null, why };
}

/** The revision, ready to run, or why it is not. quick: object contents are not hashed (pv_quickboot). */
export function loadRevision(config: Config, s: Settings, places: StoragePlaces, name: string, quick: boolean, log: Log): Loading {
  const path = places.stateFile(name);
  let bytes: Uint8Array;
  try {
    bytes = readBytes(path, MAX_STATE_BYTES);
  } catch (e) {
    log.error("state", reason(e), ["revision", name]);
    return refused(STATE_MISSING);
  }
  const oem = oemConfigPath(config, name);
  if (oem !== "") applyOem(config, readTextOr(`${s.storage}/${oem}`, ""), oem);
  const parsed = parseState(bytes, {
    appengine: s.mode === "appengine", bootloader: config.text("PV_BOOTLOADER_TYPE"), hostsBus: config.flag("PV_XCONNECT_DBUS_SYSTEMBUS_ENABLED"),
  });
  for (const w of parsed.warnings) log.debug("state", `${path}:${w.line} ${w.at}`, ["why", w.why]);
  for (const p of parsed.problems) log.error("state", `${path}:${p.line}:${p.column} ${p.at}`, ["why", p.why]);
  if (!parsed.ok) return refused(INTERNAL);
  const signed = signedIndex(config, s, places, bytes, log);
  if (signed.why !== "") return refused(signed.why);
  const state = parsed.state;
  const missing = completeTrail(places, name, state);
  for (const m of missing) log.error("storage", m.name, ["why", m.why]);
  if (missing.length > 0 || (s.checksum && !quick && !filesHold(s, places, name, state, log))) return refused(OBJECT_WRONG);
  if (isDone(places, name)) raiseCommittedIndex(places, signed.index);
  return { found: { name, trail: places.trail(name), state, rollbackIndex: signed.index }, why: "" };
}

/** The rollback index the revision counts with; why its signatures don't hold. */
function signedIndex(config: Config, s: Settings, places: StoragePlaces, bytes: Uint8Array, log: Log): { index: number; why: string } {
  const word = config.text("PV_SECUREBOOT_MODE");
  const mode: Mode = word === "disabled" || word === "audit" || word === "strict" ? word : "lenient";
  if (mode === "disabled") return { index: 0, why: "" };
  const trust = loadTrust(
    `${s.etc}/pantavisor/pvs/trust`, config.text("PV_SECUREBOOT_TRUSTSTORE"), config.text("PV_SECUREBOOT_OEM_TRUSTSTORE"), config.text("PV_OEM_NAME"),
  );
  const dates = config.text("WHERRY_SECUREBOOT_DATES");
  const when = timeForDates(dates === "always" || dates === "plausible" ? dates : "off", wallSeconds());
  const guard = config.text("WHERRY_SECUREBOOT_DOWNGRADE");
  const downgrade: DowngradePolicy = guard === "warn" || guard === "refuse" ? guard : "off";
  const found = verifyState(bytes, trust, { mode, when, downgrade, committed: downgrade === "off" ? 0 : committedIndex(places) });
  for (const n of found.notes) log.info("sign", n);
  for (const r of found.verdict.reasons) log.error("sign", found.verdict.message, ["why", r]);
  for (const w of found.verdict.warnings) log.warn("sign", w);
  return { index: found.rollbackIndex, why: found.verdict.ok ? "" : found.verdict.message };
}

function filesHold(s: Settings, places: StoragePlaces, name: string, state: State, log: Log): boolean {
  const result = checkFiles(planChecksums(state, s.verityHandlers), state.bytes, places.trail(name), `${places.mountPoint}/objects`);
  for (const p of result.problems) log.error("storage", p.at, ["why", p.why]);
  return result.problems.length === 0;
}
