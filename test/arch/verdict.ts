/**
 * Judges what the table printed against what the shim declares: every
 * function must have worked and been refused, or be listed as lacking with
 * the reason and the place that shows it instead.
 */

/** Where a table ran: passed on by qemu-user, on this machine's kernel, or on a booted device. */
export type Place = "emulator" | "machine" | "device";

type Lack = { names: string[]; places: Place[]; why: string };

/** What may be missing where. Each of the emulator's rows is shown on booted devices (test/boot). */
export const LACKS: Lack[] = [
  { names: ["sys_openat2"], places: ["emulator"], why: "qemu-user passes openat2 on from 9.2" },
  {
    names: ["sys_fsopen", "sys_fspick", "sys_fsconfig", "sys_fsmount", "sys_move_mount", "sys_open_tree", "sys_mount_setattr"],
    places: ["emulator"], why: "qemu-user doesn't know the new mount interface",
  },
  { names: ["sys_clone3", "sys_clone3_borrowing"], places: ["emulator"], why: "qemu-user answers ENOSYS, so that libc falls back to clone" },
  { names: ["sys_preadv2"], places: ["emulator"], why: "qemu-user knows preadv, not preadv2" },
  { names: ["sys_seccomp"], places: ["emulator"], why: "a filter would be of the emulator's own calls" },
  { names: ["sys_keyctl", "sys_add_key"], places: ["emulator", "machine"], why: "qemu-user knows no keys; a kernel may lack CONFIG_KEYS" },
  { names: ["sys_bpf_load_device_filter", "sys_bpf_attach", "sys_bpf_detach"], places: ["emulator"], why: "qemu-user doesn't know bpf" },
  { names: ["sys_finit_module", "sys_delete_module"], places: ["emulator", "machine"], why: "only a device may load modules" },
  { names: ["sys_swapon", "sys_swapoff"], places: ["machine"], why: "needs a file system on a disk, and a kernel with swap" },
];

function mayLack(name: string, place: Place): boolean {
  return LACKS.some((l) => l.names.includes(name) && l.places.includes(place));
}

/** What is wrong with a table's output; empty when nothing is. declared: names of all functions of the shim. */
export function judge(output: string, declared: string[], place: Place): string[] {
  const wrong: string[] = [];
  const worked = new Set<string>();
  const refused = new Set<string>();
  const lacking = new Map<string, string>();
  const lines = output.split("\n").map((l) => l.trim()).filter((l) => l !== "");
  for (const line of lines) {
    const [verdict, name, ...rest] = line.split(" ");
    if (line.startsWith("not ok ")) wrong.push(line);
    else if (verdict === "lacks") lacking.set(name!, rest.join(" "));
    else if (verdict === "ok") (rest.length === 0 ? worked : refused).add(name!);
  }
  for (const name of declared) {
    const isWhole = worked.has(name) && refused.has(name);
    if (lacking.has(name) && !mayLack(name, place)) wrong.push(`${name} is lacking (${lacking.get(name)}), which is not listed`);
    else if (!isWhole && !lacking.has(name)) wrong.push(`${name} ${worked.has(name) ? "was never refused" : refused.has(name) ? "never worked" : "is not in the table"}`);
    else if (isWhole && !lacking.has(name) && place === "emulator" && mayLack(name, place)) wrong.push(`${name} is listed as lacking and isn't`);
  }
  for (const name of [...worked, ...refused]) if (!declared.includes(name)) wrong.push(`${name} is not declared`);
  if (lines.at(-1) !== "end of table") wrong.push(`the table ended early, after "${lines.at(-1) ?? ""}"`);
  return wrong;
}
