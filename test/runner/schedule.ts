/**
 * Which job runs when: two at a time, of those that must not meet (QEMU
 * boots, whole compilations, root's namespaces) never two, and a part only
 * after the parts it names. Knows nothing of what jobs do.
 */

/** `part`: the name `after` refers to. */
export type Task<T> = { part: string; alone: boolean; after: string[]; job: T };

/**
 * Runs every task; `run` answers whether it went well. A task whose `after`
 * part had a failure isn't run: `refuse` gets it with the part's name. Names
 * in `after` without a task are taken as done.
 */
export async function runTasks<T>(tasks: Task<T>[], slots: number, run: (job: T) => Promise<boolean>, refuse: (job: T, because: string) => void): Promise<void> {
  const waiting = [...tasks];
  const open = new Map<string, number>();
  for (const t of tasks) open.set(t.part, (open.get(t.part) ?? 0) + 1);
  const bad = new Set<string>();
  const running = new Set<Promise<void>>();
  let aloneRuns = false;

  const close = (t: Task<T>, well: boolean): void => {
    if (!well) bad.add(t.part);
    open.set(t.part, open.get(t.part)! - 1);
  };
  const ready = (t: Task<T>): boolean => t.after.every((a) => (open.get(a) ?? 0) === 0) && !(t.alone && aloneRuns);
  const start = (t: Task<T>): void => {
    waiting.splice(waiting.indexOf(t), 1);
    const because = t.after.find((a) => bad.has(a));
    if (because !== undefined) {
      refuse(t.job, because);
      close(t, false);
      return;
    }
    if (t.alone) aloneRuns = true;
    const p: Promise<void> = run(t.job).then((well) => {
      if (t.alone) aloneRuns = false;
      close(t, well);
      running.delete(p);
    });
    running.add(p);
  };

  while (waiting.length > 0 || running.size > 0) {
    const next = running.size >= slots ? undefined : waiting.find((t) => t.alone && ready(t)) ?? waiting.find(ready);
    if (next !== undefined) start(next);
    else if (running.size > 0) await Promise.race(running);
    else throw new Error(`parts wait for each other: ${[...new Set(waiting.map((t) => t.part))].join(", ")}`);
  }
}
