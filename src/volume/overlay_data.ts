/**
 * An overlay and its option text for mount(2). Pure. Source: kernel
 * filesystems/overlayfs.rst; mount(2) passes one page.
 */

/** lowers: topmost first. upper "" = nothing can be written. options: "volatile", "index=off", … */
export type Overlay = { lowers: string[]; upper: string; work: string; options: string[] };

/** fits: the text means what it says and the kernel takes its length. */
export type OverlayData = { data: string; fits: boolean };

/** The shim, as the kernel, takes less than a page. */
const MAX_DATA = 4000;

/** What separates or escapes somewhere in the text; how a kernel undoes escapes differs between versions. */
function isPlain(path: string): boolean {
  return !path.includes(":") && !path.includes(",") && !path.includes("\\");
}

/** The option text, and whether it can be used as it is. */
export function overlayData(o: Overlay): OverlayData {
  const parts = [`lowerdir=${o.lowers.join(":")}`];
  if (o.upper !== "") parts.push(`upperdir=${o.upper}`, `workdir=${o.work}`);
  for (const option of o.options) parts.push(option);
  const data = parts.join(",");
  let fits = data.length <= MAX_DATA && isPlain(o.upper) && isPlain(o.work);
  for (const l of o.lowers) if (!isPlain(l)) fits = false;
  return { data, fits };
}
