/**
 * Copies and empties small folders on volatile places: the config overlay of
 * a container, boot volumes on a disk. Never used where a power cut may not
 * leave half a copy.
 */
import { O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY, S_IFDIR, S_IFMT, S_IFREG } from "../sys/constants.ts";
import { SysError } from "../sys/error.ts";
import { changeMode, changeOwner, closeFd, copyFd, listDirectory, makeDirectories, openFile, removeTree, statPath } from "../sys/files.ts";

/** How deep a folder may be nested; symlinks are followed and could lead back. */
const MAX_DEPTH = 64;

function copyFile(from: string, to: string, size: number): void {
  const source = openFile(from, O_RDONLY);
  try {
    const target = openFile(to, O_WRONLY + O_CREAT + O_TRUNC, 0o600);
    try {
      copyFd(source, target, size, to);
    } finally {
      closeFd(target);
    }
  } finally {
    closeFd(source);
  }
}

function copyEntry(from: string, to: string, depth: number): void {
  const s = statPath(from, true);
  if (s === null) throw new SysError("open", from, 2, "a symlink that leads nowhere");
  const type = s.mode & S_IFMT;
  if (type === S_IFDIR) {
    if (depth >= MAX_DEPTH) throw new SysError("copy", from, 40, `more than ${MAX_DEPTH} folders deep`);
    makeDirectories(to);
    for (const name of listDirectory(from)) copyEntry(`${from}/${name}`, `${to}/${name}`, depth + 1);
  } else if (type === S_IFREG) {
    copyFile(from, to, s.size);
  } else {
    return;
  }
  changeOwner(to, s.uid, s.gid);
  changeMode(to, s.mode & 0o7777);
}

/** Copies what is in `from` (hidden files too, symlinks followed, modes and owners kept) into `to`, which is there. */
export function copyTree(from: string, to: string): void {
  for (const name of listDirectory(from)) copyEntry(`${from}/${name}`, `${to}/${name}`, 1);
}

/** How many of `entries` a tree leaves, -1 when it has more of them or one of more than `bytes`. */
export function entriesLeft(path: string, entries: number, bytes: number): number {
  const s = statPath(path);
  if (s === null) return entries;
  if (entries === 0 || s.size > bytes) return -1;
  let left = entries - 1;
  if ((s.mode & S_IFMT) === S_IFDIR) for (const name of listDirectory(path)) if (left >= 0) left = entriesLeft(`${path}/${name}`, left, bytes);
  return left;
}

/** Removes everything in a folder, not the folder. */
export function emptyFolder(path: string): void {
  for (const name of listDirectory(path)) removeTree(`${path}/${name}`);
}
