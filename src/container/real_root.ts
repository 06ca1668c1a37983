/**
 * What the device's root does for a container that is set up by somebody else
 * (lxc.idmap) or shows folders under other ids: a short-lived process opens
 * sources of mounts, puts the root together and attaches it in the container's
 * mount namespace, with which it ends.
 * docs/user-namespaces.md says who then owns what.
 */
import { AT_EMPTY_PATH, AT_RECURSIVE, CLONE_NEWNS, MS_REC, MS_SLAVE, O_RDONLY, SIGKILL } from "../sys/constants.ts";
import { SysError } from "../sys/error.ts";
import { closeFd, openFile, tryWrite } from "../sys/files.ts";
import { resetSignals } from "../sys/loop.ts";
import { attachMount, mountAt, OPEN_TREE_CLONE, tryOpenTree } from "../sys/mounts.ts";
import { enterNamespace, exitNow, PR_SET_PDEATHSIG, PR_SET_SECUREBITS, setGroup, setUser, tryClone, tryPrctl, trySetProcessName, trySignalPidfd, unshare, type Cloned } from "../sys/processes.ts";
import { trySymlinkAt } from "../sys/relative.ts";
import { trySend } from "../sys/sockets.ts";
import { toUtf8 } from "../sys/text.ts";
import { makeDevLinks } from "./nodes.ts";
import type { ContainerPlan } from "./plan.ts";
import { failureOf, formatReport, PROCEED } from "./report.ts";
import { makeInRoot, openInRoot } from "./resolve.ts";
import { openRoot } from "./root.ts";
import { Shift } from "./shift.ts";
import type { Create, Step } from "./step.ts";

const SECBIT_NO_SETUID_FIXUP = 4;

function hand(report: number, what: string, fd: number): void {
  const name = toUtf8(what);
  const r = trySend(report, name, 0, name.length, [fd]);
  closeFd(fd);
  if (r < 0) throw new SysError("sendmsg", "report socket", -r);
}

function createOf(s: Step): Create {
  if (s.kind === "mount") return s.create;
  return s.kind === "dev-pts" ? "dir" : s.kind === "console" || s.kind === "dev-tty" ? "file" : "";
}

/** Places of mounts and nodes in a root filesystem where the container's root has no right to make them. What is refused here is refused to it too, by name. */
function makePlaces(root: number, steps: Step[]): void {
  const covered: string[] = [];
  for (const s of steps) {
    const target = s.kind === "dev-pts" ? "dev/pts" : s.kind === "console" ? "dev/console" : s.kind === "dev-links" ? "dev/fd" : s.target;
    if (covered.some((c) => target.startsWith(`${c}/`))) continue;
    if (s.kind === "dev-links") makeDevLinks(root);
    const create = createOf(s);
    if (create !== "") closeFd(makeInRoot(root, target, create));
    if (s.kind === "mount") covered.push(target);
    if (s.kind !== "dev-pts") continue;
    const dev = openInRoot(root, "dev");
    trySymlinkAt("pts/ptmx", dev, "ptmx");
    closeFd(dev);
  }
}

/** What is mounted from now on does not show on the device. */
function keepToOurselves(): void {
  mountAt("", "/", "", MS_REC + MS_SLAVE);
}

/** What is made from now on belongs to the container's root. An overlay acts as whoever mounts it: on shown layers its maker has to be somebody there. */
function becomeOwner(plan: ContainerPlan): void {
  const kept = tryPrctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP); // capabilities are
  if (kept < 0) throw new SysError("prctl", "PR_SET_SECUREBITS", -kept);
  setGroup(plan.hostGid);
  setUser(plan.hostUid);
  tryPrctl(PR_SET_PDEATHSIG, SIGKILL); // undone by that
}

/** In a mount namespace of our own: in the container's, what is mounted below a folder keeps the folder from being copied alone. */
function serve(plan: ContainerPlan, pid: number, report: number): void {
  const own = `/proc/${pid}/ns`;
  unshare(CLONE_NEWNS);
  keepToOurselves();
  becomeOwner(plan);
  const shift = new Shift(plan, `${own}/user`);
  for (let i = 0; i < plan.steps.length; i++) {
    const tree = plan.steps[i]!.idmap === "" ? -1 : shift.source(plan.steps[i]!);
    if (tree >= 0) hand(report, String(i), tree);
  }
  if (plan.root.idmap !== "") {
    const root = openRoot(plan.root, shift);
    if (!shift.complete) makePlaces(root, plan.steps);
    const tree = tryOpenTree(root, "", OPEN_TREE_CLONE + AT_RECURSIVE + AT_EMPTY_PATH);
    if (tree < 0) throw new SysError("open_tree", "the container's root", -tree);
    enterNamespace(openFile(`${own}/mnt`, O_RDONLY), CLONE_NEWNS, `${own}/mnt`);
    keepToOurselves();
    attachMount(tree, plan.root.mountpoint);
    hand(report, "root", tree);
  }
  const r = tryWrite(report, PROCEED, 0, PROCEED.length);
  if (r < 0) throw new SysError("write", "report socket", -r);
}

/**
 * Begins it; the process is the caller's to reap (pid -errno: none could be
 * made). child: the container's first process, which goes on afterwards, or is
 * ended when something is refused: childEnd of the report socket then tells
 * what, as if the child had said it.
 */
export function serveApart(plan: ContainerPlan, child: Cloned, report: number, childEnd: number): Cloned {
  const c = tryClone(0, -1);
  if (c.pid !== 0) return c;
  try {
    resetSignals();
    trySetProcessName("wherry-worker");
    serve(plan, child.pid, report);
  } catch (e) {
    const message = formatReport(failureOf(e));
    tryWrite(childEnd, message, 0, message.length);
    trySignalPidfd(child.pidfd, SIGKILL);
  }
  exitNow(0);
  return c;
}
