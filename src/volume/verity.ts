/**
 * Volumes behind dm-verity: loop devices for data and hashes, the mapping,
 * the mount. Reads the superblock itself; needs no external program.
 * Sources: runtime spec §5; kernel device-mapper/verity.rst.
 */
import { u64At } from "../sys/bytes.ts";
import { MS_RDONLY, O_RDONLY } from "../sys/constants.ts";
import { EINVAL, EIO, ENOENT } from "../sys/errno.ts";
import { SysError } from "../sys/error.ts";
import { closeFd, openFile, readAt, readBytes, statPath } from "../sys/files.ts";
import { addSignatureKey } from "../sys/keys.ts";
import { createMapping, removeMapping } from "./device_mapper.ts";
import { imageKind, IMAGE_HEAD_BYTES } from "./image_kind.ts";
import { mountDevice } from "./image.ts";
import { attachLoop, type LoopDevice } from "./loop_device.ts";
import type { VerityStep } from "./plan.ts";
import {
  parseVerityOptions, parseVeritySuperblock, VERITY_SUPERBLOCK_BYTES, veritySectors, verityTable, type VerityOptions, type VeritySuperblock,
} from "./verity_format.ts";

const SIGNATURE_BYTES = 65536;
/** Squashfs images end on such a border. */
const PADDING = 4096;

function readPart(path: string, at: number, size: number): Uint8Array {
  const fd = openFile(path, O_RDONLY);
  try {
    return readAt(fd, at, size);
  } finally {
    closeFd(fd);
  }
}

/** Where the superblock is: as told, else at the start of a hash file, else behind the squashfs in the data file. */
function hashOffset(s: VerityStep, o: VerityOptions): number {
  if (o.hashOffset >= 0) return o.hashOffset;
  if (s.hash !== "") return 0;
  const head = readPart(s.data, 0, IMAGE_HEAD_BYTES);
  if (imageKind(head) !== "squashfs") throw new SysError("read", s.data, EINVAL, "no hash_device, and where hashes begin is known of a squashfs only (--hash-offset)");
  return Math.ceil(u64At(head, 40) / PADDING) * PADDING;
}

function deviceNumber(path: string): string {
  const s = statPath(path, true);
  if (s === null) throw new SysError("stat", path, ENOENT);
  return `${s.rdevMajor}:${s.rdevMinor}`;
}

/** Optional words of the table; a signature of the root hash is handed over in a key. */
function optionalWords(s: VerityStep, o: VerityOptions): string[] {
  if (o.unknown.length > 0) throw new SysError("options", "PV_VOLMOUNT_DM_EXTRA_ARGS", EINVAL, `${o.unknown.join(" ")} is not known`);
  if (o.signature === "") return o.words;
  const folder = s.data.slice(0, s.data.lastIndexOf("/"));
  const file = o.signature.startsWith("/") ? o.signature : `${folder}/${o.signature}`;
  const key = `wherry:${s.device}`;
  addSignatureKey(key, readBytes(file, SIGNATURE_BYTES));
  return [...o.words, "root_hash_sig_key_desc", key];
}

function map(s: VerityStep, superblock: VeritySuperblock, o: VerityOptions, base: number): string {
  const data = attachLoop(s.data, true, base);
  let hash: LoopDevice = { path: data.path, fd: -1 };
  try {
    if (s.hash !== "") hash = attachLoop(s.hash, true, base);
    const table = verityTable(superblock, deviceNumber(data.path), deviceNumber(hash.path), s.rootHash, optionalWords(s, o));
    return createMapping(s.device, "verity", veritySectors(superblock), table);
  } finally {
    closeFd(hash.fd);
    closeFd(data.fd);
  }
}

/** Mounts a verified volume read-only on its target, which is there. */
export function mountVerity(s: VerityStep, base: number): void {
  const o = parseVerityOptions(s.arguments);
  const at = hashOffset(s, o);
  const file = s.hash === "" ? s.data : s.hash;
  const parsed = parseVeritySuperblock(readPart(file, at, VERITY_SUPERBLOCK_BYTES), at);
  if (parsed.why !== "") throw new SysError("read", file, EINVAL, parsed.why);
  const device = map(s, parsed.superblock, o, base);
  const r = mountDevice(device, s.target, s.fstype, MS_RDONLY, [""]);
  if (r >= 0) return;
  removeMapping(s.device);
  throw new SysError(`mount ${s.fstype}`, s.data, -r, r === -EIO || r === -EINVAL ? "the data do not match their root hash, or the image is damaged" : "");
}

/** Removes the mapping of a verified volume after its unmount; "" or a warning. */
export function closeVerity(device: string): string {
  return removeMapping(device);
}
