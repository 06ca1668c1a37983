/**
 * What `wherry config` prints, from sources it is given: the table, JSON, or
 * one key explained. Pure; config.ts reads the files.
 */
import { applyHubFile, applyOem, loadConfig, type BootSources, type ConfigFiles } from "../config/load.ts";
import { configKeys } from "../config/keys.ts";
import { explainKey, formatConfig, formatConfig2Json } from "../config/view.ts";
import { nearMiss } from "../lxc/near_miss.ts";

/** hub, oem: files of those levels; "" = none. explain: a key in either spelling; "" = all. */
export type ConfigWish = { boot: BootSources; hub: string; oem: string; explain: string; json: boolean; changed: boolean };

/** out: data. err: words. status: 0 done, 1 something a boot would stop at, or no such key. */
export type ConfigReport = { status: number; out: string; err: string };

/** "no configuration key X" with the nearest that there is. */
function noSuchKey(name: string): ConfigReport {
  const names: string[] = [];
  const keys = configKeys();
  for (let i = 0; i < keys.length; i++) {
    names.push(keys[i]!.key);
    for (let k = 0; k < keys[i]!.aliases.length; k++) names.push(keys[i]!.aliases[k]!);
  }
  const near = nearMiss(name, names);
  return { status: 1, out: "", err: `no configuration key "${name}"${near === "" ? "" : `; did you mean ${near}?`}\n` };
}

/** Loads what `wish` names through `files` and formats it. */
export function reportConfig(wish: ConfigWish, files: ConfigFiles): ConfigReport {
  const explain = wish.explain !== "";
  const loaded = loadConfig(wish.boot, files, explain);
  const c = loaded.config;
  const err: string[] = [];
  if (wish.hub !== "") {
    const file = files.read(wish.hub);
    if (file.found) applyHubFile(c, file.text, wish.hub, wish.boot.commandLine);
    else loaded.problems.push({ at: wish.hub, why: file.why === "" ? "no such file" : file.why });
  }
  if (wish.oem !== "") {
    const file = files.read(wish.oem);
    if (file.found) applyOem(c, file.text, wish.oem);
    else loaded.problems.push({ at: wish.oem, why: file.why === "" ? "no such file" : file.why });
  }
  if (explain) {
    const out = explainKey(c, wish.explain);
    return out === "" ? noSuchKey(wish.explain) : { status: 0, out, err: "" };
  }
  const notes = c.takeNotes();
  for (let i = 0; i < notes.length; i++) err.push(`${notes[i]!.severity} ${notes[i]!.at}: ${notes[i]!.why}\n`);
  for (let i = 0; i < loaded.problems.length; i++) err.push(`error ${loaded.problems[i]!.at}: ${loaded.problems[i]!.why}\n`);
  const out = wish.json ? `${formatConfig2Json(c, true)}\n` : formatConfig(c, wish.changed);
  return { status: loaded.problems.length === 0 ? 0 : 1, out, err: err.join("") };
}
