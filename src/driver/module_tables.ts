/**
 * Looks things up in the texts depmod writes below /lib/modules/RELEASE and
 * in modprobe's configuration. The texts are scanned as they are: an index of
 * a distribution's 30,000 aliases would cost more than the few look-ups made.
 * Sources: modules.dep(5), modprobe.d(5), depmod(8).
 */
import { kernelName, nameStandsAt, patternFits } from "./module_names.ts";

/** The last two are no files of depmod: all of modprobe.d joined, and /proc/cmdline. */
export type ModuleText = "modules.dep" | "modules.builtin" | "modules.alias" | "modules.softdep" | "modprobe.d" | "cmdline";

/** Gives the texts, each "" where there is none; read when first asked for. */
export abstract class ModuleTables {
  abstract text(which: ModuleText): string;
}

/** The line of a text with one module file a line first, "" when no line is of this module. */
function lineOfModule(text: string, name: string): string {
  let at = 0;
  while (at < text.length) {
    const suffix = text.indexOf(".ko", at);
    if (suffix < 0) break;
    const newline = text.indexOf("\n", suffix);
    const end = newline < 0 ? text.length : newline;
    const start = suffix - name.length;
    if (start >= at && nameStandsAt(text, start, name) && (start === at || text.charCodeAt(start - 1) === 47)) return text.slice(at, end);
    at = end + 1;
  }
  return "";
}

/** The files one module needs: its own, then those of its dependencies as modules.dep lists them. Empty: not in modules.dep. */
export function filesOfModule(dep: string, name: string): string[] {
  const line = lineOfModule(dep, name);
  const colon = line.indexOf(":");
  return colon < 0 ? [] : [line.slice(0, colon), ...line.slice(colon + 1).split(" ").filter((w) => w !== "")];
}

/** Is the module a part of the kernel itself? */
export function isBuiltin(builtin: string, name: string): boolean {
  return lineOfModule(builtin, name) !== "";
}

/** Modules whose alias patterns fit, in the order of the texts, without those blacklisted. */
export function modulesOfAlias(tables: ModuleTables, alias: string): string[] {
  const config = tables.text("modprobe.d");
  const found: string[] = [];
  for (const text of [config, tables.text("modules.alias")]) collectAliases(text, alias, found);
  const banned = linesOf(config, "blacklist").map((words) => kernelName(words.length > 0 ? words[0]! : ""));
  return found.filter((name) => !banned.includes(name));
}

function collectAliases(text: string, alias: string, found: string[]): void {
  let at = 0;
  while (at < text.length) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline;
    if (text.startsWith("alias ", at)) {
      const space = text.indexOf(" ", at + 6);
      if (space > 0 && space < end && patternFits(text, at + 6, space, alias)) {
        const name = kernelName(text.slice(space + 1, end).trim());
        if (!found.includes(name)) found.push(name);
      }
    }
    at = end + 1;
  }
}

/** Modules to load before `name` where they exist ("softdep NAME pre: …"). */
export function softBefore(tables: ModuleTables, name: string): string[] {
  const out: string[] = [];
  for (const text of [tables.text("modprobe.d"), tables.text("modules.softdep")]) {
    for (const words of linesOf(text, "softdep")) {
      if (words.length === 0 || kernelName(words[0]!) !== kernelName(name)) continue;
      let isPre = false;
      for (const word of words.slice(1)) {
        if (word.endsWith(":")) isPre = word === "pre:";
        else if (isPre) out.push(word);
      }
    }
  }
  return out;
}

/** Parameters set for a module by modprobe.d and the kernel command line ("loop.max_loop=8"), then `own`: the last of a name wins in the kernel. */
export function parametersOf(tables: ModuleTables, name: string, own: string): string {
  const parts: string[] = [];
  for (const words of linesOf(tables.text("modprobe.d"), "options")) {
    if (words.length > 1 && kernelName(words[0]!) === kernelName(name)) parts.push(words.slice(1).join(" "));
  }
  for (const word of tables.text("cmdline").split(" ")) {
    const dot = word.indexOf(".");
    if (dot === name.length && nameStandsAt(word, 0, name)) parts.push(word.slice(dot + 1).trim());
  }
  if (own !== "") parts.push(own);
  return parts.join(" ");
}

/** Words behind `keyword` of every line that begins with it. */
function linesOf(text: string, keyword: string): string[][] {
  if (text.indexOf(keyword) < 0) return [];
  return text.split("\n").filter((line) => line.startsWith(`${keyword} `))
    .map((line) => line.slice(keyword.length).split(" ").map((w) => w.trim()).filter((w) => w !== ""));
}
