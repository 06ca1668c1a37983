/**
 * Which module files to load in which order, so that each finds what it
 * needs. Decides only; apply.ts loads. Sources: modules.dep(5) (dependencies
 * are listed so that loading from the last to the first works), modprobe(8).
 */
import { isCompressed, nameOfFile } from "./module_names.ts";
import { filesOfModule, isBuiltin, modulesOfAlias, parametersOf, softBefore, type ModuleTables } from "./module_tables.ts";

/** A module by name or alias, with parameters as modprobe takes them ("debug=1 mode=fast"). */
export type ModuleWish = { name: string; parameters: string };

/** One file to hand to the kernel. path: below /lib/modules/RELEASE. A failure of one not needed is no error. */
export type ModuleStep = { name: string; path: string; parameters: string; compressed: boolean; needed: boolean };

export type ModuleProblem = { at: string; why: string };
export type ModulePlan = { steps: ModuleStep[]; problems: ModuleProblem[] };

/** More than any board needs: what goes past it is a broken modules.dep. */
const MAX_STEPS = 512;

/** A wish out of a line of modprobe arguments: name, then parameters as they are. */
export function wishOf(line: string): ModuleWish {
  const text = line.trim();
  let end = 0;
  while (end < text.length && text.charCodeAt(end) > 32) end += 1;
  return { name: text.slice(0, end), parameters: text.slice(end).trim() };
}

/** Steps for all wishes in their order; what is built in needs none, what nobody knows is a problem. */
export function planModules(tables: ModuleTables, wishes: ModuleWish[]): ModulePlan {
  const planner = new Planner(tables);
  for (const w of wishes) planner.addWish(w, true);
  return { steps: planner.steps, problems: planner.problems };
}

function isModuleWord(name: string): boolean {
  return name !== "" && name.length <= 256 && !name.startsWith("-") && !name.includes("/");
}

class Planner {
  readonly steps: ModuleStep[] = [];
  readonly problems: ModuleProblem[] = [];
  private readonly tables: ModuleTables;
  /** Modules whose soft dependencies were looked at: circles end here. */
  private readonly opened: string[] = [];

  constructor(tables: ModuleTables) {
    this.tables = tables;
  }

  addWish(w: ModuleWish, needed: boolean): void {
    if (!isModuleWord(w.name)) {
      this.problems.push({ at: `module ${w.name}`, why: "a module is named by one word without / and not beginning with -" });
      return;
    }
    if (this.addModule(w, needed)) return;
    const targets = modulesOfAlias(this.tables, w.name);
    let known = targets.length > 0;
    for (const name of targets) {
      if (!this.addModule({ name, parameters: w.parameters }, needed)) known = false;
    }
    if (!known && needed) this.problems.push({ at: `module ${w.name}`, why: "not in modules.dep, not built in, no alias of a module" });
  }

  /** false: no module of that name. */
  private addModule(w: ModuleWish, needed: boolean): boolean {
    const files = filesOfModule(this.tables.text("modules.dep"), w.name);
    if (files.length === 0) return isBuiltin(this.tables.text("modules.builtin"), w.name);
    for (let i = files.length - 1; i >= 0; i--) {
      this.addFile(files[i]!, i === 0 ? w.parameters : "", needed);
    }
    return true;
  }

  private addFile(path: string, parameters: string, needed: boolean): void {
    const name = nameOfFile(path);
    const place = this.steps.findIndex((s) => s.name === name);
    if (place >= 0) {
      if (needed) this.steps[place]!.needed = true;
      return;
    }
    if (this.opened.includes(name)) return;
    this.opened.push(name);
    for (const before of softBefore(this.tables, name)) this.addWish({ name: before, parameters: "" }, false);
    if (this.steps.length >= MAX_STEPS) this.problems.push({ at: `module ${name}`, why: `more than ${MAX_STEPS} modules to load` });
    else this.steps.push({ name, path, parameters: parametersOf(this.tables, name, parameters), compressed: isCompressed(path), needed });
  }
}

/** Names to unload for one module: itself, then its dependencies, each to be tried only while nothing uses it. `keep`: names that others want. */
export function planUnload(tables: ModuleTables, name: string, keep: string[]): string[] {
  const names: string[] = [];
  for (const file of filesOfModule(tables.text("modules.dep"), name)) {
    const n = nameOfFile(file);
    if (!keep.includes(n)) names.push(n);
  }
  return names;
}
