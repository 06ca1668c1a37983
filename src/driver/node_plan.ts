/**
 * What an event means for one container's /dev under its rules, as data.
 * Names are below /dev and checked. Commands are told, not run.
 * Source: busybox docs/mdev.txt.
 */
import { fittingRules, type FittingRule, type MdevRule } from "./mdev_rules.ts";
import { isNodeName, nodeOf, type EventNode, type Uevent } from "./uevent.ts";

/** link: `name` leads to `target`, both below /dev. command: of the rule, with its event's node name. */
export type NodeAction =
  | { kind: "node"; name: string; type: "b" | "c"; major: number; minor: number; mode: number; uid: number; gid: number }
  | { kind: "link"; name: string; target: string }
  | { kind: "remove"; name: string; type: "b" | "c"; major: number; minor: number }
  | { kind: "unlink"; name: string; target: string }
  | { kind: "command"; name: string; command: string };

/** Actions of one event in order; none when it is no coming or going of a device, or no rule fits. */
export function planEvent(rules: MdevRule[], e: Uevent): NodeAction[] {
  const isAdd = e.action === "add";
  if (!isAdd && e.action !== "remove") return [];
  const node = nodeOf(e);
  const actions: NodeAction[] = [];
  for (const f of fittingRules(rules, e, node)) {
    const name = node === null ? "" : placeOf(f, node);
    if (isAdd && node !== null) addActions(actions, f, node, name);
    if (f.rule.when === "*" || (f.rule.when === "@" && isAdd) || (f.rule.when === "$" && !isAdd)) {
      actions.push({ kind: "command", name: name !== "" ? name : e.path, command: f.rule.command });
    }
    if (!isAdd && node !== null) removeActions(actions, f, node, name);
  }
  return actions;
}

function addActions(actions: NodeAction[], f: FittingRule, node: EventNode, name: string): void {
  if (f.rule.placing === "!" || name === "") return;
  actions.push({ kind: "node", name, type: node.type, major: node.major, minor: node.minor, mode: f.rule.mode, uid: f.rule.uid, gid: f.rule.gid });
  if (f.rule.placing === ">" && name !== node.name) actions.push({ kind: "link", name: node.name, target: name });
}

function removeActions(actions: NodeAction[], f: FittingRule, node: EventNode, name: string): void {
  if (f.rule.placing === "!" || name === "") return;
  if (f.rule.placing === ">" && name !== node.name) actions.push({ kind: "unlink", name: node.name, target: name });
  actions.push({ kind: "remove", name, type: node.type, major: node.major, minor: node.minor });
}

/** Name below /dev by the rule's placing: %0 … %9 are groups, a final slash keeps the device's own last part. "" when that is no name. */
function placeOf(f: FittingRule, node: EventNode): string {
  if (f.rule.placing !== "=" && f.rule.placing !== ">") return node.name;
  const parts = f.rule.place.split("%");
  const out: string[] = [parts[0]!];
  for (const part of parts.slice(1)) {
    const digit = part.length > 0 ? part.charCodeAt(0) - 48 : -1;
    const isGroup = digit >= 0 && digit <= 9;
    if (isGroup) out.push(digit < f.groups.length ? f.groups[digit]! : "", part.slice(1));
    else out.push("%", part);
  }
  const place = out.join("");
  const name = place.endsWith("/") ? place + node.name.slice(node.name.lastIndexOf("/") + 1) : place;
  return isNodeName(name) ? name : "";
}
