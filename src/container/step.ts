/**
 * What a container's first process does between clone and exec, as data: a
 * list of steps in order. Holds the record and its constructors; plan.ts
 * makes the list, child.ts carries it out.
 */

/**
 * Where fields are named, the others say nothing.
 * On the host's paths, before the root is switched:
 * - wait: until the parent has done its part
 * - put: text `data` into the existing file `target`
 * - join: namespace file `source`, kind `flags`
 * - unshare: namespaces `flags`
 * - propagation: of all mounts there are, `flags`
 * - root: mounts the container's root (plan.root) and opens it
 * - root-ids: root of the user namespace
 * - hostname, keyring, network (plan.net's part inside)
 * - hook: command `data` of hook `source`
 * - restrict-devices: the v1 device rules
 * Inside the root (paths without a leading slash):
 * - mount: `source` (host path; `inside`: below the root) on `target`, with
 *   filesystem, flags and data; binds with more flags than their source are
 *   remounted; `propagation` is a call of its own; `idmap`: the parent opens
 *   the source and hands it over as `tree`
 * - remount: `target` again with `flags` beside those it has
 * - mask: `target` is made unreadable when it is there
 * - export: `target` is opened for other containers and handed to the parent
 * - policies: plan.remount on all mounts there are
 * - dev-nodes, dev-links, dev-pts (`data` options), dev-tty (`source` on
 *   `target`), console (`source` on dev/console), boot-id
 * - switch: the root becomes "/"
 * Then, as the container sees itself:
 * - personality (`flags`), directory (`target`), session, terminal, streams, limit (`flags`
 *   resource, `soft`, `hard`), capabilities, no-new-privs, label (`data`),
 *   filter, ids, die-with-parent
 */
export type StepKind =
  | "wait" | "put" | "join" | "unshare" | "propagation" | "root" | "root-ids" | "hostname" | "keyring" | "network" | "hook"
  | "restrict-devices" | "mount" | "remount" | "mask" | "dev-nodes" | "dev-links" | "dev-pts" | "dev-tty" | "console" | "boot-id"
  | "export" | "policies" | "switch" | "personality" | "directory" | "session" | "terminal" | "streams" | "limit" | "capabilities" | "no-new-privs" | "label" | "filter" | "ids"
  | "die-with-parent";

export type Create = "" | "dir" | "file";

export type Step = {
  kind: StepKind;
  source: string;
  target: string;
  fstype: string;
  data: string;
  flags: number;
  /** MS_* bits that are named as off. */
  clear: number;
  propagation: number;
  soft: number;
  hard: number;
  create: Create;
  /** A failure is no error. */
  optional: boolean;
  /** `source` lies below the root. */
  inside: boolean;
  /** `source` is made a folder first. */
  makeSource: boolean;
  /** Under whose ids the source is shown: "" its own, "container", path of a user namespace, or WHERE_POSSIBLE. */
  idmap: string;
  /** The source as a detached mount, -1 none. */
  tree: number;
};

/** As the container's ids where kernel and filesystem can, else its own. No word of a configuration. */
export const WHERE_POSSIBLE = "?";

export function step(kind: StepKind): Step {
  return {
    kind, source: "", target: "", fstype: "", data: "", flags: 0, clear: 0, propagation: 0, soft: -1, hard: -1,
    create: "", optional: false, inside: false, makeSource: false, idmap: "", tree: -1,
  };
}

/** A step that needs a text only. */
export function textStep(kind: StepKind, data: string): Step {
  const s = step(kind);
  s.data = data;
  return s;
}

/** A step that needs a number only. */
export function flagStep(kind: StepKind, flags: number): Step {
  const s = step(kind);
  s.flags = flags;
  return s;
}

/** Writes a kernel file that is there. */
export function putStep(target: string, data: string): Step {
  const s = step("put");
  s.target = target;
  s.data = data;
  return s;
}

/** A fresh filesystem inside the root. */
export function filesystemStep(fstype: string, target: string, flags: number, data: string, create: Create): Step {
  const s = step("mount");
  s.source = fstype;
  s.fstype = fstype;
  s.target = target;
  s.flags = flags;
  s.data = data;
  s.create = create;
  return s;
}

/** A file or folder of the root bound on itself or elsewhere below the root; left out when it is not there. */
export function bindInsideStep(source: string, target: string, flags: number): Step {
  const s = step("mount");
  s.source = source;
  s.target = target;
  s.flags = flags;
  s.inside = true;
  s.optional = true;
  return s;
}
