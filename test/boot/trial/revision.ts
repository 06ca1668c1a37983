/** The revisions of trials on a board. */
import { buildRevision, type Json, type Revision } from "../../../build/revision.ts";
import { busyboxRoot } from "../../../build/rootfs.ts";
import { boardDebs, type Board } from "../../../qemu/boards.ts";
import { TEST_GROUPS } from "../device.ts";

/** One container that sleeps; a failure of its health check, this command, rolls the revision back. */
export function checkedRevision(board: Board, name: string, command: string): Revision {
  const root = busyboxRoot(boardDebs(board), ["sleep", "true", "false"]);
  const health: Json = [{ kind: "exec", command: [command], interval: "500ms", timeout: "60s", retries: 1, on_failure: ["rollback"] }];
  return buildRevision({ device: TEST_GROUPS, containers: [{ name, root, init: ["/bin/sleep", "1000000"], run: { group: "root", wherry: { health } } }] });
}
