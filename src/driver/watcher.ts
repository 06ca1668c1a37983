/**
 * Keeps the /dev of running containers up to date. Listens to the kernel only
 * while some container has rules, so a device without them is never woken.
 * What rules want run, and what failed, goes to the listener.
 */
import { EPOLLIN } from "../sys/constants.ts";
import { closeFd } from "../sys/files.ts";
import { type Loop, Watch } from "../sys/loop.ts";
import { existingDevices, hotplugContainer, openUevents, readUevents } from "./hotplug.ts";
import type { MdevRule } from "./mdev_rules.ts";
import type { Uevent } from "./uevent.ts";

export abstract class HotplugListener {
  /** Something in a container's /dev could not be done. */
  abstract failed(container: string, why: string): void;
  /** A rule wants a command run, about a node of that container. */
  abstract wanted(container: string, node: string, command: string): void;
}

/** Events handled in one turn of the loop; the rest wakes it again. */
const EVENTS_A_TURN = 64;

type Place = { container: string; pid: number; rules: MdevRule[] };

export class HotplugWatcher extends Watch {
  private readonly loop: Loop;
  private readonly listener: HotplugListener;
  private readonly places: Place[] = [];
  private fd = -1;

  constructor(loop: Loop, listener: HotplugListener) {
    super();
    this.loop = loop;
    this.listener = listener;
  }

  /** From now on, and for the devices that are there, the rules hold in the /dev of the container whose init is `pid`. Without rules nothing happens. */
  add(container: string, pid: number, rules: MdevRule[]): void {
    this.remove(container);
    if (rules.length === 0) return;
    if (this.fd < 0) {
      this.fd = openUevents();
      this.loop.add(this.fd, EPOLLIN, this);
    }
    const place: Place = { container, pid, rules };
    this.places.push(place);
    this.update(place, existingDevices());
  }

  /** The container has ended. Unknown ones are fine. */
  remove(container: string): void {
    const at = this.places.findIndex((p) => p.container === container);
    if (at >= 0) this.places.splice(at, 1);
    if (this.places.length > 0 || this.fd < 0) return;
    this.loop.remove(this.fd);
    closeFd(this.fd);
    this.fd = -1;
  }

  ready(_events: number): void {
    const news = readUevents(this.fd, EVENTS_A_TURN);
    const events = news.lost ? existingDevices() : news.events;
    if (events.length > 0) for (const p of this.places) this.update(p, events);
  }

  private update(place: Place, events: Uevent[]): void {
    const done = hotplugContainer(place.pid, place.rules, events);
    for (const why of done.problems) this.listener.failed(place.container, why);
    for (const c of done.commands) if (c.kind === "command") this.listener.wanted(place.container, c.name, c.command);
  }
}
