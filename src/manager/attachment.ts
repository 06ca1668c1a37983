/**
 * What belongs to one supervised container while it is not down: its plans,
 * descriptors and where taking it down stands. Only the runtime and its parts
 * change it.
 */
import type { Layout } from "../cgroup/layout.ts";
import { planCgroupPlaces, type CgroupPlace } from "../cgroup/plan.ts";
import { outsideHooks, OutsideHooks } from "../container/outside_hooks.ts";
import type { NetPlan } from "../net/actions.ts";
import type { Unit } from "../supervisor/unit.ts";
import type { Timer } from "../sys/loop.ts";
import type { Prepared } from "./prepare.ts";

const NO_FILTER: Uint8Array = new Uint8Array(0);

/** What belongs to one unit while it is not down. */
export class Attachment {
  readonly unit: Unit;
  /** Only until its program runs: what is large is not kept for as long as it does. */
  prepared: Prepared | null = null;
  /** Of `prepared`, what is needed afterwards: its halt signal (-1: the usual one), filter, links, hooks. */
  halt = -1;
  filter: Uint8Array = NO_FILTER;
  network: NetPlan | null = null;
  hooks: OutsideHooks | null = null;
  places: CgroupPlace[] = [];
  /** Report socket of a set-up that is under way, and its network namespace where host links lie in it. */
  report = -1;
  netFd = -1;
  /** Pidfd of a process that makes mounts for the set-up. */
  server = -1;
  console = -1;
  ttys: number[] = [];
  /** Its process is not our child: a new manager took it over. */
  adopted = false;
  networked = false;
  cleaning = false;
  /** A start waits for the end of the cleaning. */
  mountWaits = false;
  statusTimer: Timer | null = null;
  /** Its volumes are mounted already: the run before has ended a moment ago. */
  kept = false;
  /** Its volumes were taken down in no time, and can be mounted so. */
  quick = false;
  /** The logger may have files on its volumes open. */
  followed = false;
  /** How many ends of it the logger has been told and has not answered. */
  untoldEnds = 0;
  /** Runs while the logger reads what is left of its log files. */
  captureTimer: Timer | null = null;

  constructor(unit: Unit) {
    this.unit = unit;
  }

  /** Before another start, or a take-over: only what follows from its name. */
  begin(layout: Layout): void {
    this.prepared = null;
    this.halt = -1;
    this.filter = NO_FILTER;
    this.network = null;
    this.hooks = null;
    this.places = planCgroupPlaces(layout, this.unit.name(), false);
  }

  take(p: Prepared): void {
    this.prepared = p;
    this.halt = p.description.signals.halt;
    this.filter = p.plan === null ? NO_FILTER : p.plan.filter;
    this.network = p.network;
    this.hooks = p.plan === null ? null : outsideHooks(p.plan);
    this.places = p.cgroup.places;
  }
}
