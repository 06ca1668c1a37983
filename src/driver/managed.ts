/**
 * Drivers a revision manages (bsp/drivers.json): which definition of an alias
 * holds, what its module lines say after substitution, which containers ask
 * for it. Decides only. Rules: state format "bsp/drivers.json"; of upstream's
 * quirks, text behind the last } is kept.
 */
import type { DriverAlias, DriverSection } from "../state/model.ts";
import { wishOf, type ModuleWish } from "./module_plan.ts";

/** UNKNOWN: the revision doesn't define the alias. */
export type DriverStatus = "LOADED" | "UNLOADED" | "UNKNOWN";

/** How a container asks for a driver. */
export type DriverKind = "REQUIRED" | "OPTIONAL" | "MANUAL";

/** Values of user metadata. */
export abstract class MetaValues {
  /** "" when there is no such key. */
  abstract value(key: string): string;
}

/** The definition of each alias that holds: sections `all` and `fitconfig:<fitconfig>`, the last one of the document wins. */
export function chooseDrivers(sections: DriverSection[], fitconfig: string): DriverAlias[] {
  const chosen: DriverAlias[] = [];
  for (const s of sections) {
    if (s.section !== "all" && (fitconfig === "" || s.section !== `fitconfig:${fitconfig}`)) continue;
    for (const a of s.aliases) {
      const place = chosen.findIndex((c) => c.alias === a.alias);
      if (place < 0) chosen.push(a);
      else chosen[place] = a;
    }
  }
  return chosen;
}

/** `${…:KEY}` replaced by the value of user metadata KEY, "" where there is none; every prefix reads user metadata, as upstream. An open "${" stays. */
export function substituteMeta(text: string, meta: MetaValues): string {
  const parts: string[] = [];
  let at = 0;
  for (;;) {
    const open = text.indexOf("${", at);
    const close = open < 0 ? -1 : text.indexOf("}", open);
    if (close < 0) break;
    const inside = text.slice(open + 2, close);
    parts.push(text.slice(at, open), meta.value(inside.slice(inside.indexOf(":") + 1)));
    at = close + 1;
  }
  parts.push(text.slice(at));
  return parts.join("");
}

/** What to load for a driver, in order. */
export function wishesOf(driver: DriverAlias, meta: MetaValues): ModuleWish[] {
  return driver.modules.map((line) => wishOf(substituteMeta(line, meta))).filter((w) => w.name !== "");
}
