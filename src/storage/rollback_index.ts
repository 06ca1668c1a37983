/**
 * The highest rollback index this device has committed, on its storage: a
 * number that only grows, durable before anyone relies on it.
 * Rules: docs/signatures.md "Downgrade guard".
 */
import { makeDirectories, readTextOr } from "../sys/files.ts";
import { parseDecimal, toUtf8 } from "../sys/text.ts";
import { writeDurably } from "./install.ts";
import type { StoragePlaces } from "./places.ts";

function fileOf(places: StoragePlaces): string {
  return `${places.mountPoint}/wherry/rollback-index`;
}

/** 0 when nothing with an index was committed yet. */
export function committedIndex(places: StoragePlaces): number {
  return Math.max(0, parseDecimal(readTextOr(fileOf(places), "", 64).trim()));
}

/** A revision with this index is committed: nothing below it may run from now on. */
export function raiseCommittedIndex(places: StoragePlaces, index: number): void {
  if (index <= committedIndex(places)) return;
  makeDirectories(`${places.mountPoint}/wherry`);
  writeDurably(fileOf(places), toUtf8(`${index}\n`));
}
