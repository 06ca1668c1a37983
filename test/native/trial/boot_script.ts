/** What a boot loader's script does at each boot, with the variables of uboot.txt or grubenv. Source: lifecycle spec §7, "Boot script rule". */

export type Chosen = { revision: string; tried: string };

/** Value of a variable in the text of an environment, "" when it is not there. */
export function variable(environment: string, name: string): string {
  return environment.split(/[\0\n]/).map((v) => v.split("=")).filter((v) => v[0] === name).at(-1)?.[1] ?? "";
}

/** One device's boot loader: it remembers what it has tried (pv_trying) in a place of its own. */
export class BootScript {
  private trying = "";

  /** The revision to boot now; tried: pv_try as it goes to the kernel command line. */
  choose(environment: string): Chosen {
    const committed = variable(environment, "pv_rev");
    const tried = variable(environment, "pv_try");
    if (tried === "") return { revision: committed, tried };
    if (this.trying === tried) {
      this.trying = "";
      return { revision: committed, tried };
    }
    this.trying = tried;
    return { revision: tried, tried };
  }
}
