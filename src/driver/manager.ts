/**
 * Loads and unloads managed drivers and remembers what came of it, for one
 * revision. Blocks while the kernel initialises a module: call it from a
 * worker where that may take long. Which container asks is the caller's
 * business. Rules: runtime specification "Drivers".
 */
import type { DriverAlias, DriverSection } from "../state/model.ts";
import { applyModules, FolderTables, unloadModules } from "./apply.ts";
import { chooseDrivers, wishesOf, type DriverStatus, type MetaValues } from "./managed.ts";
import { kernelName } from "./module_names.ts";
import { planModules, planUnload, type ModuleProblem } from "./module_plan.ts";

export class DriverManager {
  private readonly drivers: DriverAlias[];
  private readonly folder: string;
  private readonly loaded: string[] = [];

  /** folder: where the kernel's modules are (moduleFolder()). */
  constructor(sections: DriverSection[], fitconfig: string, folder: string) {
    this.drivers = chooseDrivers(sections, fitconfig);
    this.folder = folder;
  }

  status(alias: string): DriverStatus {
    if (!this.drivers.some((d) => d.alias === alias)) return "UNKNOWN";
    return this.loaded.includes(alias) ? "LOADED" : "UNLOADED";
  }

  /** Loads all modules of an alias; no problems means it is LOADED, or that nobody defines it (which is no error). */
  load(alias: string, meta: MetaValues): ModuleProblem[] {
    const driver = this.drivers.find((d) => d.alias === alias);
    if (driver === undefined) return [];
    const wishes = wishesOf(driver, meta);
    const problems = applyModules(this.folder, planModules(new FolderTables(this.folder), wishes)).problems;
    if (problems.length === 0) this.remember(alias);
    return problems.map((p) => ({ at: `driver ${alias}, ${p.at}`, why: p.why }));
  }

  /** A loader in another process reports success. */
  remember(alias: string): void {
    if (!this.loaded.includes(alias)) this.loaded.push(alias);
  }

  /** Takes its modules out in reverse order, except those another loaded driver names. It is UNLOADED afterwards whatever fails. */
  unload(alias: string, meta: MetaValues): ModuleProblem[] {
    const driver = this.drivers.find((d) => d.alias === alias);
    const place = this.loaded.indexOf(alias);
    if (place >= 0) this.loaded.splice(place, 1);
    if (driver === undefined) return [];
    const keep = this.namesInUse(meta);
    const tables = new FolderTables(this.folder);
    const problems: ModuleProblem[] = [];
    for (const w of wishesOf(driver, meta).reverse()) {
      if (keep.includes(kernelName(w.name))) continue;
      for (const p of unloadModules(planUnload(tables, w.name, keep))) problems.push({ at: `driver ${alias}, ${p.at}`, why: p.why });
    }
    return problems;
  }

  private namesInUse(meta: MetaValues): string[] {
    const names: string[] = [];
    for (const d of this.drivers) {
      if (!this.loaded.includes(d.alias)) continue;
      for (const w of wishesOf(d, meta)) names.push(kernelName(w.name));
    }
    return names;
  }
}
