/**
 * Where a device's storage keeps what: the layout existing devices have.
 * Only builds paths; a revision's name is checked here before it becomes one.
 * Rules: lifecycle spec, "On-disk layout"; control spec §7 (revision names).
 */

const MAX_NAME = 64;

/** A revision name that may become part of a path: `[A-Za-z0-9._-]+`, optionally behind `locals/`, no "." or "..". */
export function isRevisionName(revision: string): boolean {
  const name = revision.startsWith("locals/") ? revision.slice(7) : revision;
  if (name.length === 0 || name.length > MAX_NAME || name === "." || name === "..") return false;
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    const fine = (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 45 || c === 46 || c === 95;
    if (!fine) return false;
  }
  return true;
}

/** Paths below one storage mount point. */
export class StoragePlaces {
  readonly mountPoint: string;

  constructor(mountPoint: string) {
    this.mountPoint = mountPoint;
  }

  trail(revision: string): string {
    return `${this.mountPoint}/trails/${revision}`;
  }

  /** The revision's document, byte for byte. */
  stateFile(revision: string): string {
    return `${this.trail(revision)}/.pvr/json`;
  }

  object(id: string): string {
    return `${this.mountPoint}/objects/${id}`;
  }

  logs(): string {
    return `${this.mountPoint}/logs`;
  }

  permanent(): string {
    return `${this.mountPoint}/disks/perm`;
  }

  ofRevision(revision: string): string {
    return `${this.mountPoint}/disks/rev/${revision}`;
  }
}
