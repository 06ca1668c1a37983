/** Which environment a device's boot loader has. Rules: lifecycle spec §7; configuration spec, PV_BOOTLOADER_*. */
import { BootEnvironment } from "./environment.ts";
import { FileEnvironment } from "./file_environment.ts";
import { GRUB, UBOOT } from "./format.ts";
import { MtdEnvironment } from "./mtd_environment.ts";
import { RaspberryEnvironment } from "./raspberry.ts";

/**
 * type: PV_BOOTLOADER_TYPE. mtdOnly: the environment is in the MTD partition `mtdName`, else that holds U-Boot's pv_trying, where it is there.
 * ab…: of uboot-ab: names of one or two partitions, where in them, 0 bytes for all of it. mountPoint: of the storage.
 */
export type BootOptions = { type: string; mountPoint: string; runDir: string; mtdOnly: boolean; mtdName: string; abNames: string[]; abOffset: number; abBytes: number };

export function openBootEnvironment(o: BootOptions): BootEnvironment {
  if (o.type === "rpiab") return new RaspberryEnvironment(o.mountPoint, o.runDir);
  if (o.type === "uboot-ab") return new MtdEnvironment(o.mountPoint, { names: o.abNames, offset: o.abOffset, bytes: o.abBytes, raw: false });
  if (o.type === "grub") return new FileEnvironment(o.mountPoint, GRUB, "");
  if (o.mtdOnly) return new MtdEnvironment(o.mountPoint, { names: [o.mtdName], offset: 0, bytes: 0, raw: true });
  return new FileEnvironment(o.mountPoint, UBOOT, o.mtdName);
}
