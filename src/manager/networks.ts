/**
 * The device's bridges, pools and address leases. Leases outlive the manager
 * in the run dir; a container keeps its address until the revision drops it.
 * Rules: runtime spec §11.
 */
import type { Config } from "../config/config.ts";
import { loadModules, moduleFolder } from "../driver/apply.ts";
import type { ModuleWish } from "../driver/module_plan.ts";
import type { Log } from "../log/line.ts";
import type { PoolGrant } from "../net/actions.ts";
import { applyHost } from "../net/apply.ts";
import { setUpHost } from "../net/host.ts";
import { NAT_MODULES } from "../net/nat.ts";
import { emptyLeases, formatLeases, grantAddress, parseLeases, type LeaseTable } from "../net/leases.ts";
import { checkPools, planDefaultBridge, planHost, type PoolRange } from "../net/pools.ts";
import type { Container, State } from "../state/model.ts";
import { reason } from "../sys/error.ts";
import { readTextOr, renameFile, writeFile } from "../sys/files.ts";
import { toUtf8 } from "../sys/text.ts";
import type { Settings } from "./settings.ts";

/** Asked for by name: a device has no modprobe that the kernel could call. Built-in or missing ones show when the links are made. */
const BRIDGE_MODULES: ModuleWish[] = [{ name: "bridge", parameters: "" }, { name: "veth", parameters: "" }];
const POOL_MODULES: ModuleWish[] = [...BRIDGE_MODULES, ...NAT_MODULES.map((name) => ({ name, parameters: "" }))];

export class Networks {
  private readonly pools: PoolRange[];
  private readonly path: string;
  private table: LeaseTable;

  constructor(config: Config, s: Settings, state: State, log: Log) {
    this.path = `${s.runDir}/wherry/leases`;
    const checked = checkPools(state.pools);
    for (const p of checked.problems) log.warn("net", p.why, ["at", p.at]);
    this.pools = checked.pools;
    const before = parseLeases(readTextOr(this.path, ""));
    for (const p of before.problems) log.warn("net", p.why, ["at", p.at]);
    this.table = before.table;
    if (this.pools.length > 0 || s.mode === "embedded") loadModules(moduleFolder(), this.pools.length > 0 ? POOL_MODULES : BRIDGE_MODULES);
    if (this.pools.length > 0) for (const p of setUpHost(planHost(this.pools))) log.warn("net", p.why, ["at", p.at]);
    if (s.mode === "embedded") this.defaultBridge(config, log);
  }

  private defaultBridge(config: Config, log: Log): void {
    const planned = planDefaultBridge(config.text("PV_NET_BRDEV"), config.text("PV_NET_BRADDRESS4"), config.text("PV_NET_BRMASK4"));
    for (const p of planned.problems) log.warn("net", p.why, ["at", p.at]);
    try {
      applyHost(planned.actions);
    } catch (e) {
      log.warn("net", "default bridge not made", ["why", reason(e)]);
    }
  }

  /** The container's address in its pool, null when it is in none. Throws when there is none to give. */
  grant(c: Container): PoolGrant | null {
    if (c.network.mode !== "pool") return null;
    const wish = { container: c.name, pool: c.network.pool, ip: c.network.ip, mac: c.network.mac, hostname: c.network.hostname };
    const granted = grantAddress(this.table, this.pools, wish, []);
    if (granted.grant === null) throw new Error(granted.problems.map((p) => `${p.at}: ${p.why}`).join("; "));
    this.table = granted.table;
    writeFile(`${this.path}.new`, toUtf8(formatLeases(this.table)));
    renameFile(`${this.path}.new`, this.path);
    return granted.grant;
  }

  close(): void {
    this.table = emptyLeases();
  }
}
