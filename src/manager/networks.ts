/**
 * The device's bridges, pools and address leases. Leases outlive the manager
 * in the run dir; a container keeps its address until the revision drops it.
 * Rules: runtime spec §11.
 */
import type { Config } from "../config/config.ts";
import { ensureModules } from "../driver/apply.ts";
import type { Log } from "../log/line.ts";
import { netAction, type NetAction, type PoolGrant } from "../net/actions.ts";
import { applyHost } from "../net/apply.ts";
import { askLinks, setUpHost } from "../net/host.ts";
import { modulesOfHost } from "../net/modules.ts";
import { emptyLeases, formatLeases, grantAddress, parseLeases, releaseLeases, reservedBy, type LeaseTable, type Reserved } from "../net/leases.ts";
import { checkPools, planDefaultBridge, planHost, type PoolRange } from "../net/pools.ts";
import type { Container, State } from "../state/model.ts";
import { reason } from "../sys/error.ts";
import { exists, readTextOr, renameFile, tryUnlink, writeFile } from "../sys/files.ts";
import { toUtf8 } from "../sys/text.ts";
import { readLxcConfig } from "./lxc_files.ts";
import type { Settings } from "./settings.ts";

/** How often a bridge or the NAT of ours is tried to be removed. */
const REMOVALS = 3;

/** The next manager finds the old text or the new one, whenever this one is killed. */
function replaceFile(path: string, text: string): void {
  writeFile(`${path}.new`, toUtf8(text));
  renameFile(`${path}.new`, path);
}

export class Networks {
  private readonly pools: PoolRange[];
  private readonly path: string;
  private table: LeaseTable;
  private reserved: Reserved[] = [];
  /** Bridges that are ours to take away; the file tells the next manager. */
  private made: string[] = [];
  private readonly madePath: string;
  private readonly embedded: boolean;
  private readonly log: Log;

  constructor(config: Config, s: Settings, state: State, trail: string, log: Log) {
    this.path = `${s.runDir}/wherry/leases`;
    this.madePath = `${s.runDir}/wherry/bridges`;
    this.embedded = s.mode === "embedded";
    this.log = log;
    const checked = checkPools(state.pools);
    for (const p of checked.problems) log.warn("net", p.why, ["at", p.at]);
    this.pools = checked.pools;
    const before = parseLeases(readTextOr(this.path, ""));
    for (const p of before.problems) log.warn("net", p.why, ["at", p.at]);
    this.table = before.table;
    for (const l of before.table.leases) if (!state.containers.some((c) => c.name === l.container)) this.table = releaseLeases(this.table, l.container);
    if (this.pools.length > 0) {
      const host = planHost(this.pools);
      this.remember(host.actions);
      ensureModules(modulesOfHost(host));
      for (const p of setUpHost(host)) log.warn("net", p.why, ["at", p.at]);
      this.reserved = this.addressesNamed(state, trail);
    }
    if (s.mode === "embedded") this.defaultBridge(config, log);
  }

  /** What configurations name themselves is given to nobody else. One that can't be read says so when its container starts. */
  private addressesNamed(state: State, trail: string): Reserved[] {
    const out: Reserved[] = [];
    for (const c of state.containers) {
      const path = `${trail}/${c.name}/${c.config}`;
      if (c.config === "" || !exists(path)) continue;
      try {
        for (const r of reservedBy(c.name, readLxcConfig(path, c.config).description.net)) out.push(r);
      } catch (e) {
        this.log.warn("net", "addresses not known", ["name", c.name, "why", reason(e)]);
      }
    }
    return out;
  }

  private defaultBridge(config: Config, log: Log): void {
    const planned = planDefaultBridge(config.text("PV_NET_BRDEV"), config.text("PV_NET_BRADDRESS4"), config.text("PV_NET_BRMASK4"));
    for (const p of planned.problems) log.warn("net", p.why, ["at", p.at]);
    try {
      ensureModules(modulesOfHost({ actions: planned.actions, nat: [] }));
      applyHost(planned.actions);
    } catch (e) {
      log.warn("net", "default bridge not made", ["why", reason(e)]);
    }
  }

  /** The container's address in its pool, null when it is in none. Throws when there is none to give. */
  grant(c: Container): PoolGrant | null {
    if (c.network.mode !== "pool") return null;
    const wish = { container: c.name, pool: c.network.pool, ip: c.network.ip, mac: c.network.mac, hostname: c.network.hostname };
    const granted = grantAddress(this.table, this.pools, wish, this.reserved);
    if (granted.grant === null) throw new Error(granted.problems.map((p) => `${p.at}: ${p.why}`).join("; "));
    this.table = granted.table;
    replaceFile(this.path, formatLeases(this.table));
    return granted.grant;
  }

  /** Which bridges are ours to take away: those that were not there before. Written before they are made. */
  private remember(bridges: NetAction[]): void {
    const before = readTextOr(this.madePath, "").split("\n");
    this.made = askLinks(bridges.map((b) => b.link)).filter((f) => f.mtu === 0 || before.includes(f.link)).map((f) => f.link);
    replaceFile(this.madePath, this.made.join("\n"));
  }

  private removeBridge(name: string): void {
    for (let i = 0; i < REMOVALS; i++) {
      try {
        applyHost([netAction("delete", name)]);
        return;
      } catch (e) {
        this.log.warn("net", "bridge stays", ["name", name, "attempt", String(i + 1), "why", reason(e)]);
      }
    }
  }

  private removeNat(): void {
    for (let i = 0; i < REMOVALS; i++) {
      const problems = setUpHost({ actions: [], nat: [] });
      if (problems.length === 0) return;
      this.log.warn("net", "NAT stays", ["attempt", String(i + 1), "why", problems[0]!.why]);
    }
  }

  /** Takes bridges and NAT of the pools away. For a daemon that ends; a device goes down as a whole. */
  close(): void {
    this.table = emptyLeases();
    if (this.pools.length === 0 || this.embedded) return;
    for (const name of this.made) this.removeBridge(name);
    tryUnlink(this.madePath);
    if (this.pools.some((p) => p.nat)) this.removeNat();
  }
}
