/**
 * Words that parsers know, for the fuzzer to try: from the tables of keys.
 */
import { configKeys } from "../../src/config/keys.ts";
import { lxcKeys } from "../../src/lxc/keys.ts";
import { stateKeys } from "../../src/state/keys.ts";

const STATE_VALUES = ["STARTED", "READY", "MOUNTED", "system", "container", "root.squashfs", "dm:root.squashfs", "permanent", "10min", "64MiB", "10.0.5.0/24"];

/** Keys of all documents of a state, and values that mean something. */
export function stateWords(): string[] {
  const words = new Set<string>(STATE_VALUES);
  for (const t of stateKeys()) for (const r of t.rows) for (const w of [r.key, ...r.words]) if (!w.includes("<")) words.add(w);
  return [...words];
}

/** Keys of the LXC configuration, old and new. */
export function lxcWords(): string[] {
  return lxcKeys().map((k) => k.key);
}

/** Keys of the configuration. */
export function configWords(): string[] {
  return configKeys().flatMap((k) => [k.key, ...k.aliases]);
}
