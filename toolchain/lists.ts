/**
 * What the array methods that take a function do, for arrays without holes.
 * Compiled into programs in place of these methods, see loops.ts. Like them,
 * none looks at elements that the function has appended; what the function
 * has removed meanwhile is not looked at either.
 */

export function listMapped<T, U>(list: readonly T[], f: (x: T) => U): U[] {
  const out: U[] = [];
  const end = list.length;
  for (let i = 0; i < end && i < list.length; i++) out.push(f(list[i]!));
  return out;
}

export function listFiltered<T>(list: readonly T[], f: (x: T) => boolean): T[] {
  const out: T[] = [];
  const end = list.length;
  for (let i = 0; i < end && i < list.length; i++) {
    const x = list[i]!;
    if (f(x)) out.push(x);
  }
  return out;
}

export function listIndex<T>(list: readonly T[], f: (x: T) => boolean): number {
  const end = list.length;
  for (let i = 0; i < end && i < list.length; i++) if (f(list[i]!)) return i;
  return -1;
}

export function listFound<T>(list: readonly T[], f: (x: T) => boolean): T | undefined {
  const end = list.length;
  for (let i = 0; i < end && i < list.length; i++) {
    const x = list[i]!;
    if (f(x)) return x;
  }
  return undefined;
}

export function listHasSome<T>(list: readonly T[], f: (x: T) => boolean): boolean {
  return listIndex(list, f) >= 0;
}

export function listHasOnly<T>(list: readonly T[], f: (x: T) => boolean): boolean {
  return listIndex(list, (x) => !f(x)) < 0;
}
