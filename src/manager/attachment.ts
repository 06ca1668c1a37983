/**
 * What belongs to one supervised container while it is not down: its plans,
 * descriptors and where taking it down stands. Only the runtime changes it.
 */
import type { CgroupPlace } from "../cgroup/plan.ts";
import type { Unit } from "../supervisor/unit.ts";
import type { Timer } from "../sys/loop.ts";
import type { VolumePlan } from "../volume/plan.ts";
import type { Prepared } from "./prepare.ts";

/** What belongs to one unit while it is not down. */
export class Attachment {
  readonly unit: Unit;
  prepared: Prepared | null = null;
  volumes: VolumePlan | null = null;
  places: CgroupPlace[] = [];
  /** Report socket of a set-up that is under way, and its network namespace where host links lie in it. */
  report = -1;
  netFd = -1;
  console = -1;
  ttys: number[] = [];
  /** Its process is not our child: a new manager took it over. */
  adopted = false;
  networked = false;
  cleaning = false;
  /** A start waits for the end of the cleaning. */
  mountWaits = false;
  statusTimer: Timer | null = null;

  constructor(unit: Unit) {
    this.unit = unit;
  }
}
