/**
 * Names that become files: what a key of the state, a volume or a container
 * may be called so that nothing lands outside its folder or on what belongs
 * to the manager.
 */

const LONGEST_NAME = 255;
const LONGEST_PATH = 3072;

/** Folders of a trail that are the manager's own. */
const OWN_FOLDERS = [".pv", ".pvr", ".wherry"];

function checkPart(part: string): string {
  if (part === "") return "has an empty part";
  if (part === "." || part === "..") return `has a part "${part}"`;
  return part.length > LONGEST_NAME ? `has a part longer than ${LONGEST_NAME} characters` : "";
}

/** Most paths are; the long way tells what is wrong with the others. */
function isClearlyFine(path: string): boolean {
  if (path.length > LONGEST_NAME || path.startsWith("/") || path.startsWith(".") || path.endsWith("/")) return false;
  return !path.includes("/.") && !path.includes("//") && !path.includes("\0");
}

/** "" when the path is relative and stays below its folder, else why not. */
export function checkComponents(path: string): string {
  if (path === "") return "must not be empty";
  if (isClearlyFine(path)) return "";
  if (path.startsWith("/")) return `"${path}" is absolute`;
  if (path.includes("\0")) return "must not hold a NUL character";
  if (path.length > LONGEST_PATH) return `is longer than ${LONGEST_PATH} characters`;
  let from = 0;
  for (;;) {
    const slash = path.indexOf("/", from);
    const why = checkPart(slash < 0 ? path.slice(from) : path.slice(from, slash));
    if (why !== "") return `"${path}" ${why}`;
    if (slash < 0) return "";
    from = slash + 1;
  }
}

/** As checkComponents, of a file of the revision. */
export function checkKey(key: string): string {
  if (key.startsWith(".") && OWN_FOLDERS.includes(firstPart(key))) return `"${firstPart(key)}" is the manager's own folder`;
  return checkComponents(key);
}

export function firstPart(key: string): string {
  const slash = key.indexOf("/");
  return slash < 0 ? key : key.slice(0, slash);
}

/** Names that mean something else where container names are used. */
const RESERVED = ["bsp", "_pv_", "_sigs", "_config", "_hostconfig"];

/** "" when a container may be called so. Its name is a folder, a cgroup and a word in messages. */
export function checkContainerName(name: string): string {
  if (RESERVED.includes(name)) return `"${name}" can't be a container's name`;
  const why = checkComponents(name);
  if (why !== "") return why;
  if (name.includes("/") || name.startsWith(".")) return `"${name}" can't be a container's name: it must be one folder and not hidden`;
  for (let i = 0; i < name.length; i++) {
    if (name.charCodeAt(i) <= 32) return "a container's name must not have blanks or control characters";
  }
  return "";
}
