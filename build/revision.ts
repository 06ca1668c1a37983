/**
 * A revision from a description: containers, device document, further files →
 * state JSON (canonical, as pvr writes it), objects by their sha256, and which
 * file is which object. Nothing here checks that the revision makes sense:
 * tests build broken ones too. Source: state.md 1 and 12.
 */
import { createHash } from "node:crypto";
import { lxcConfig, type LxcSpec } from "./lxcconfig.ts";
import { squashfs } from "./rootfs.ts";
import type { Tree } from "./tree.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type ContainerSpec = Omit<LxcSpec, "name"> & {
  name: string;
  /** Packed as <name>/root.squashfs; or the image's bytes as they are. */
  root: Tree | Buffer;
  /** Members of run.json over the usual ones. */
  run?: { [key: string]: Json };
  /** The whole lxc.container.conf instead of the generated one. */
  config?: string;
};

export type RevisionSpec = {
  containers: ContainerSpec[];
  /** device.json; the default groups apply when it is absent. */
  device?: Json;
  /** Further files by key ("_config/web/etc/motd"). */
  files?: { [key: string]: string | Buffer };
  /** Further inline documents by key ("bsp/run.json"). */
  documents?: { [key: string]: Json };
};

export type Revision = {
  /** Exact bytes of .pvr/json. */
  state: string;
  /** sha256 → contents. */
  objects: Map<string, Buffer>;
  /** Key → sha256, for every file of the trail. */
  files: Map<string, string>;
  /** Key → text, for every inline document of the trail. */
  documents: Map<string, string>;
};

export function buildRevision(spec: RevisionSpec): Revision {
  const objects = new Map<string, Buffer>();
  const files = new Map<string, string>();
  const documents = new Map<string, string>();
  const state: { [key: string]: Json } = { "#spec": "pantavisor-service-system@1" };
  const addFile = (key: string, data: Buffer): void => {
    const sha = createHash("sha256").update(data).digest("hex");
    objects.set(sha, data);
    files.set(key, sha);
    state[key] = sha;
  };
  const addDocument = (key: string, value: Json): void => {
    documents.set(key, canonicalJson(value));
    state[key] = value;
  };
  for (const c of spec.containers) {
    addFile(`${c.name}/root.squashfs`, Buffer.isBuffer(c.root) ? c.root : squashfs(c.root));
    addFile(`${c.name}/lxc.container.conf`, Buffer.from(c.config ?? lxcConfig(c)));
    addDocument(`${c.name}/run.json`, { ...runDocument(c), ...c.run });
  }
  if (spec.device !== undefined) addDocument("device.json", spec.device);
  for (const [key, data] of Object.entries(spec.files ?? {})) addFile(key, Buffer.from(data));
  for (const [key, value] of Object.entries(spec.documents ?? {})) addDocument(key, value);
  return { state: canonicalJson(state), objects, files, documents };
}

function runDocument(c: ContainerSpec): { [key: string]: Json } {
  const storage: { [key: string]: Json } = { "lxc-overlay": { persistence: "boot" } };
  for (const name of Object.keys(c.binds ?? {})) storage[name] = { persistence: "permanent" };
  return {
    "#spec": "service-manifest-run@1", name: c.name, type: "lxc", config: "lxc.container.conf",
    "root-volume": "root.squashfs", volumes: [], storage, roles: ["nobody"],
  };
}

/** Keys sorted by code unit at every level, no white space. Fractions are not written by anything here. */
export function canonicalJson(v: Json): string {
  if (Array.isArray(v)) return `[${v.map(canonicalJson).join(",")}]`;
  if (v === null || typeof v !== "object") return JSON.stringify(v);
  const keys = Object.keys(v).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${keys.map((k) => `${JSON.stringify(k)}:${canonicalJson(v[k]!)}`).join(",")}}`;
}
