/**
 * The link `current` of trails and logs: names the revision that runs.
 * Rules: lifecycle spec §3.
 */
import { makeDirectories, readLink, syncDirectory, trySymlink, tryUnlink, tryRename } from "../sys/files.ts";

/** Makes the folder's link name this revision; what can't be linked is left as it is. */
export function pointCurrent(folder: string, revision: string): void {
  const link = `${folder}/current`;
  if (readLink(link) === revision) return;
  makeDirectories(folder);
  tryUnlink(`${link}.tmp`);
  if (trySymlink(revision, `${link}.tmp`) === 0 && tryRename(`${link}.tmp`, link) === 0) syncDirectory(folder);
}
