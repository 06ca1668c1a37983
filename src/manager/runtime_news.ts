/**
 * What the loop, workers and cgroups tell the runtime, each passed on to the
 * method that deals with it. Holds no state and decides nothing.
 */
import { CgroupListener } from "../cgroup/monitor.ts";
import { Answer } from "../supervisor/worker.ts";
import { Timer, Watch } from "../sys/loop.ts";
import type { Attachment } from "./attachment.ts";
import type { ContainerRuntime } from "./runtime.ts";

export class ReportWatch extends Watch {
  private readonly runtime: ContainerRuntime;
  private readonly a: Attachment;
  constructor(runtime: ContainerRuntime, a: Attachment) {
    super();
    this.runtime = runtime;
    this.a = a;
  }
  ready(_events: number): void {
    this.runtime.reported(this.a);
  }
}

export class PidWatch extends Watch {
  private readonly runtime: ContainerRuntime;
  private readonly a: Attachment;
  constructor(runtime: ContainerRuntime, a: Attachment) {
    super();
    this.runtime = runtime;
    this.a = a;
  }
  ready(_events: number): void {
    this.runtime.processEnded(this.a);
  }
}

/** An adopted process has ended and nobody has said how in time. */
export class StatusTimer extends Timer {
  private readonly runtime: ContainerRuntime;
  private readonly a: Attachment;
  constructor(runtime: ContainerRuntime, a: Attachment) {
    super();
    this.runtime = runtime;
    this.a = a;
  }
  expired(): void {
    this.runtime.ended(this.a, null);
  }
}

export class Mounted extends Answer {
  private readonly runtime: ContainerRuntime;
  private readonly a: Attachment;
  constructor(runtime: ContainerRuntime, a: Attachment) {
    super();
    this.runtime = runtime;
    this.a = a;
  }
  answered(ok: boolean, text: string): void {
    this.runtime.mounted(this.a, ok, text);
  }
}

export class Cleaned extends Answer {
  private readonly runtime: ContainerRuntime;
  private readonly a: Attachment;
  constructor(runtime: ContainerRuntime, a: Attachment) {
    super();
    this.runtime = runtime;
    this.a = a;
  }
  answered(ok: boolean, text: string): void {
    this.runtime.cleaned(this.a, ok, text);
  }
}

/** An answer nobody waits for. */
export class Unheard extends Answer {
  answered(_ok: boolean, _text: string): void {
    return;
  }
}

export class GroupNews extends CgroupListener {
  private readonly runtime: ContainerRuntime;
  constructor(runtime: ContainerRuntime) {
    super();
    this.runtime = runtime;
  }
  emptied(container: string): void {
    this.runtime.groupEmptied(container);
  }
  outOfMemory(container: string, kills: number): void {
    this.runtime.outOfMemory(container, kills);
  }
  freezeChanged(_container: string): void {
    return;
  }
}
