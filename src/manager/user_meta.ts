/**
 * Values of user metadata as files of the run dir, for what substitutes them.
 */
import { MetaValues } from "../driver/managed.ts";
import { readTextOr } from "../sys/files.ts";

export class UserMeta extends MetaValues {
  private readonly folder: string;
  constructor(folder: string) {
    super();
    this.folder = folder;
  }
  value(key: string): string {
    return key.includes("/") ? "" : readTextOr(`${this.folder}/${key}`, "", 4096);
  }
}
