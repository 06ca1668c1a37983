/**
 * Where a path of a container leads, seen from outside, and whether what is
 * there may be read by a process that may read anything: a regular file that
 * the container itself could read, on a filesystem that can't keep us waiting.
 * Never opens anything else, not even to look at it: opening a device or a
 * pipe does something. Sources: openat(2) O_PATH, proc(5), user_namespaces(7).
 */
import { Gate, walkInRoot } from "../container/resolve.ts";
import { concatBytes } from "../sys/bytes.ts";
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, S_IFMT, S_IFREG } from "../sys/constants.ts";
import { ENOENT, errnoName, EXDEV } from "../sys/errno.ts";
import { closeFd, readTextOr, statAt, tryReadAt, type FileStat } from "../sys/files.ts";
import { fromUtf8, parseDecimal, words } from "../sys/text.ts";

/** Their files are files: no program answers for them, as with FUSE, no other machine, and the kernel shows nothing in them. */
const FILESYSTEMS = "ext2 ext3 ext4 f2fs btrfs xfs ubifs jffs2 vfat exfat squashfs erofs tmpfs ramfs".split(" ");

const MOUNTS_BYTES = 262144;

/** folder: where component `name` of the path is, or is missing; -1 without. stat: null, and fd < 0, unless it may be read; why: what is against it, "" when it is only not there. */
export type Found = { fd: number; stat: FileStat | null; folder: number; name: string; why: string };

/** Of a text of uid_map: is this id of the host one of the namespace's? */
export function isMapped(uidMap: string, id: number): boolean {
  for (const line of uidMap.split("\n")) {
    const f = words(line);
    if (f.length === 3 && id >= parseDecimal(f[1]!) && id < parseDecimal(f[1]!) + parseDecimal(f[2]!)) return true;
  }
  return false;
}

/** What a text of mountinfo says of the mount with this number; type "" without one. */
export function mountOf(mountinfo: string, id: string): { type: string; readOnly: boolean } {
  for (const line of mountinfo.split("\n")) {
    if (!line.startsWith(`${id} `)) continue;
    const f = words(line);
    return { type: f[f.indexOf("-") + 1] ?? "", readOnly: `${f[5] ?? ""},`.startsWith("ro,") };
  }
  return { type: "", readOnly: false };
}

/** The text of an open mountinfo, which outlives the process; what is beyond all measure is cut. */
function mountsOf(fd: number): string {
  const parts: Uint8Array[] = [];
  let size = 0;
  while (size < MOUNTS_BYTES) {
    const b = new Uint8Array(8192);
    const n = tryReadAt(fd, b, b.length, size);
    if (n <= 0) break;
    parts.push(b.subarray(0, n));
    size += n;
  }
  return fromUtf8(concatBytes(parts));
}

function mountIdOf(fd: number): string {
  const line = readTextOr(`/proc/self/fdinfo/${fd}`, "").split("\n").find((l) => l.startsWith("mnt_id:"));
  return line === undefined ? "" : line.slice(7).trim();
}

export class Inside extends Gate {
  readonly root: number;
  private readonly mounts: number;
  private readonly uidMap: string;
  private readonly rootMount: string;
  private mount = "";
  private readOnly = false;

  /** root: the container's root, mounts: its mountinfo, or -1; both ours from now on. uidMap: of its user namespace. */
  constructor(root: number, mounts: number, uidMap: string) {
    super();
    this.root = root;
    this.mounts = mounts;
    this.uidMap = uidMap;
    this.rootMount = mountIdOf(root);
  }

  close(): void {
    closeFd(this.root);
    closeFd(this.mounts);
  }

  /** The root was put together by us; of what else is mounted the kind matters. */
  admits(fd: number): number {
    const id = mountIdOf(fd);
    if (id === "") return -EXDEV;
    if (id === this.mount) return 0;
    const m = id === this.rootMount ? { type: FILESYSTEMS[0]!, readOnly: false } : mountOf(mountsOf(this.mounts), id);
    if (!FILESYSTEMS.includes(m.type)) return -EXDEV;
    this.mount = id;
    this.readOnly = m.readOnly;
    return 0;
  }

  find(path: string): Found {
    this.mount = "";
    const w = walkInRoot(this.root, path, this);
    const stat = w.fd < 0 ? null : statAt(w.fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
    const why = stat === null ? refusal(w.fd) : this.objection(stat);
    if (why === "" && stat !== null) return { fd: w.fd, stat, folder: w.folder, name: w.name, why };
    closeFd(w.fd);
    return { fd: -1, stat: null, folder: w.folder, name: w.name, why };
  }

  private objection(s: FileStat): string {
    if ((s.mode & S_IFMT) !== S_IFREG) return "not a regular file";
    if (!isMapped(this.uidMap, s.uid)) return `belongs to user ${s.uid}, who is none of the container's`;
    return this.readOnly ? "on a read-only mount" : ""; // such as our own logs, which would grow by being read
  }
}

function refusal(errno: number): string {
  if (errno === -ENOENT || errno >= 0) return "";
  return errno === -EXDEV ? "on a filesystem that is not followed" : errnoName(-errno);
}
