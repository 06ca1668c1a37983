/**
 * The board's part: what it boots, its kernel modules and firmware, and the
 * drivers that containers can ask for.
 * Rules: state format spec, "BSP".
 */
import { noBsp } from "./empty.ts";
import type { Reader } from "./fields.ts";
import { checkComponents } from "./names.ts";
import type { Bsp, DriverSection, Modules } from "./model.ts";
import { readOneVolume, readVolume } from "./volumes.ts";

const MODULES = "modules_";

/** bsp/run.json. bootloader: the device's, since one of them needs its own kind of image. */
export function readBsp(reader: Reader, at: number, bootloader: string): Bsp {
  if (!reader.isObject(at)) {
    reader.check.refuse(at, `must be an object, is ${reader.kindWords(at)}`);
    return noBsp();
  }
  const f = reader.fields("bsp", at);
  const bsp: Bsp = {
    present: true, linux: f.text("linux"), initrd: f.text("initrd"), fdt: f.text("fdt"), fit: f.text("fit"), rpiab: f.text("rpiab"),
    addons: f.texts("addons"), firmware: readOneVolume(f, "firmware"), modules: readModules(reader, at),
  };
  const boots = (bsp.linux !== "" && bsp.initrd !== "") || bsp.fit !== "" || bsp.rpiab !== "";
  if (!boots) reader.check.refuse(at, "needs linux and initrd, or fit, or rpiab");
  if (bootloader === "rpiab" && bsp.rpiab === "") reader.check.refuse(at, "\"rpiab\" is missing, the boot loader rpiab needs it");
  for (const key of ["linux", "initrd", "fdt", "fit", "rpiab"]) {
    const why = f.text(key) === "" ? "" : checkComponents(f.text(key));
    if (why !== "") reader.check.refuse(f.placeOf(key), why);
  }
  for (const addon of bsp.addons) {
    const why = checkComponents(addon);
    if (why !== "") reader.check.refuse(f.placeOf("addons"), why);
  }
  return bsp;
}

function readModules(reader: Reader, at: number): Modules[] {
  const found: Modules[] = [];
  for (const k of reader.keys(at)) {
    const key = reader.text(k);
    if (key !== "modules" && !key.startsWith(MODULES)) continue;
    if (!reader.isText(k + 1) || reader.text(k + 1) === "") continue;
    const volume = readVolume(reader, reader.text(k + 1), k + 1);
    if (volume.name !== "") found.push({ release: key === "modules" ? "" : key.slice(MODULES.length), volume });
  }
  return found;
}

/** bsp/drivers.json: sections of aliases of modules. What is no array is left out. */
export function readDrivers(reader: Reader, at: number): DriverSection[] {
  const sections: DriverSection[] = [];
  for (const s of reader.keys(at)) {
    const section: DriverSection = { section: reader.text(s), aliases: [] };
    if (!reader.isObject(s + 1)) {
      if (section.section !== "#spec") reader.check.warn(s + 1, "is no object, left out");
      continue;
    }
    for (const a of reader.keys(s + 1)) {
      const alias = reader.text(a);
      if (reader.isArray(a + 1)) section.aliases.push({ alias, modules: reader.texts(a + 1) });
      else reader.check.warn(a + 1, "is no array, left out");
    }
    sections.push(section);
  }
  return sections;
}
