/**
 * Reads an LXC configuration file with what it includes; paths are taken
 * from the folder of the file, as LXC does.
 */
import { emptyDescription, type ContainerDescription } from "../lxc/description.ts";
import { parseLxcConfig } from "../lxc/parser.ts";
import { ConfigReader, type ReadText } from "../lxc/reader.ts";
import type { Problem } from "../lxc/report.ts";
import { errnoName } from "../sys/errno.ts";
import { errnoOf } from "../sys/error.ts";
import { isDirectory, listDirectory, readText } from "../sys/files.ts";

export class FileReader extends ConfigReader {
  private readonly folder: string;

  /** folder: where relative names start, "" = the working directory. */
  constructor(folder: string) {
    super();
    this.folder = folder;
  }

  private resolve(path: string): string {
    return path.startsWith("/") || this.folder === "" ? path : `${this.folder}/${path}`;
  }

  read(path: string): ReadText {
    try {
      return { ok: true, text: readText(this.resolve(path)), why: "" };
    } catch (e) {
      return { ok: false, text: "", why: errnoName(errnoOf(e)) };
    }
  }

  list(path: string): string[] | null {
    return isDirectory(this.resolve(path)) ? listDirectory(this.resolve(path)) : null;
  }
}

/** The description a file gives; what is wrong with it goes to `problems`. */
export function readConfiguration(path: string, problems: Problem[]): ContainerDescription {
  const slash = path.lastIndexOf("/");
  const reader = new FileReader(slash < 0 ? "" : path.slice(0, slash));
  const own = new FileReader("").read(path);
  if (!own.ok) {
    problems.push({ at: path, why: `can't be read: ${own.why}` });
    return emptyDescription();
  }
  const parsed = parseLxcConfig(own.text, path, reader);
  for (const p of parsed.problems) problems.push(p);
  return parsed.description;
}
