/**
 * Container configurations from disk: the file of run.json, and what it
 * includes relative to its own folder, as LXC resolves it.
 */
import { ConfigReader, type ReadText } from "../lxc/reader.ts";
import { parseLxcConfig, type LxcConfig } from "../lxc/parser.ts";
import { reason } from "../sys/error.ts";
import { isDirectory, listDirectory, readText } from "../sys/files.ts";
import { Moment } from "../sys/loop.ts";
import { folderOf } from "../storage/install.ts";

const MAX_BYTES = 1048576;

class FolderReader extends ConfigReader {
  private readonly folder: string;
  /** Whether the configuration includes others. */
  used: boolean = false;

  constructor(folder: string) {
    super();
    this.folder = folder;
  }

  private full(path: string): string {
    return path.startsWith("/") ? path : `${this.folder}/${path}`;
  }

  read(path: string): ReadText {
    this.used = true;
    try {
      return { ok: true, text: readText(this.full(path), MAX_BYTES), why: "" };
    } catch (e) {
      return { ok: false, text: "", why: reason(e) };
    }
  }

  list(path: string): string[] | null {
    this.used = true;
    return isDirectory(this.full(path)) ? listDirectory(this.full(path)) : null;
  }
}

/** The description of one file; `name` is how messages call it. A file that can't be read throws SysError. */
export function readLxcConfig(path: string, name: string): LxcConfig {
  return parseLxcConfig(readText(path, MAX_BYTES), name, new FolderReader(folderOf(path)));
}

const MOST_KEPT = 8;

type KeptConfig = { path: string; text: string; config: LxcConfig };

/**
 * Configurations of containers that were started a moment ago, for those that
 * are started again: the file is read each time, and parsed when it says
 * something else than before. Forgotten when it is quiet.
 */
export class RecentConfigs extends Moment {
  private kept: KeptConfig[] = [];

  /** As readLxcConfig(); the result is not the caller's to change. */
  read(path: string, name: string): LxcConfig {
    const text = readText(path, MAX_BYTES);
    const before = this.kept.find((k) => k.path === path && k.text === text);
    if (before !== undefined) return before.config;
    const reader = new FolderReader(folderOf(path));
    const config = parseLxcConfig(text, name, reader);
    if (!reader.used) {
      this.kept = this.kept.filter((k) => k.path !== path).slice(-MOST_KEPT + 1);
      this.kept.push({ path, text, config });
    }
    return config;
  }

  come(): void {
    this.kept = [];
  }
}
