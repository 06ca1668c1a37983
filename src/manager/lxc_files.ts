/**
 * Container configurations from disk: the file of run.json, and what it
 * includes relative to its own folder, as LXC resolves it.
 */
import { ConfigReader, type ReadText } from "../lxc/reader.ts";
import { parseLxcConfig, type LxcConfig } from "../lxc/parser.ts";
import { reason } from "../sys/error.ts";
import { isDirectory, listDirectory, readText } from "../sys/files.ts";
import { folderOf } from "../storage/install.ts";

const MAX_BYTES = 1048576;

class FolderReader extends ConfigReader {
  private readonly folder: string;

  constructor(folder: string) {
    super();
    this.folder = folder;
  }

  private full(path: string): string {
    return path.startsWith("/") ? path : `${this.folder}/${path}`;
  }

  read(path: string): ReadText {
    try {
      return { ok: true, text: readText(this.full(path), MAX_BYTES), why: "" };
    } catch (e) {
      return { ok: false, text: "", why: reason(e) };
    }
  }

  list(path: string): string[] | null {
    return isDirectory(this.full(path)) ? listDirectory(this.full(path)) : null;
  }
}

/** The description of one file; `name` is how messages call it. A file that can't be read throws SysError. */
export function readLxcConfig(path: string, name: string): LxcConfig {
  return parseLxcConfig(readText(path, MAX_BYTES), name, new FolderReader(folderOf(path)));
}
