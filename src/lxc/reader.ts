/**
 * How the parser sees included files without touching the disk itself: the
 * caller hands in an object. Relative paths are as written; LXC resolves them
 * against the folder of the container's configuration, and so must the reader.
 */

/** ok: text is the file's; else why says what failed ("ENOENT"). */
export type ReadText = { ok: boolean; text: string; why: string };

/** Gives the texts an `lxc.include` names. */
export abstract class ConfigReader {
  /** The text of one file. */
  abstract read(path: string): ReadText;
  /** Names in a folder; null when `path` is not one. */
  abstract list(path: string): string[] | null;
}

/** Refuses every include; for texts that stand alone. */
export class NoIncludes extends ConfigReader {
  read(_path: string): ReadText {
    return { ok: false, text: "", why: "no other files here" };
  }
  list(_path: string): string[] | null {
    return null;
  }
}
