/// <reference path="../../../src/sys/sys.d.ts" />
/**
 * Drives the net room on the real kernel, one scenario a run, in network
 * namespaces it makes itself (this process's own becomes "the host"), and
 * prints what happened as "key=value" lines for net.test.ts to check. Needs
 * nothing of the machine but its kernel: it also runs on booted devices.
 */
import type { NetDevice } from "../../../src/lxc/description.ts";
import { emptyNetDevice } from "../../../src/lxc/description.ts";
import { addressAction, netAction, type NetPlan, type PoolGrant } from "../../../src/net/actions.ts";
import { applyHost, configureInside, connectContainer, disconnectContainer, prepareNetwork } from "../../../src/net/apply.ts";
import { NETLINK_NETFILTER, NetChannel } from "../../../src/net/channel.ts";
import { askLinks, setNat, setUpHost } from "../../../src/net/host.ts";
import { ipv4Bytes, parseIpv4 } from "../../../src/net/ipv4.ts";
import { emptyLeases, grantAddress } from "../../../src/net/leases.ts";
import { hostName } from "../../../src/net/link_names.ts";
import { NetlinkBatch } from "../../../src/net/netlink.ts";
import { linksToAsk, planNetwork } from "../../../src/net/plan.ts";
import { checkPools, planDefaultBridge, planHost } from "../../../src/net/pools.ts";
import { u16At, u32At } from "../../../src/sys/bytes.ts";
import { CLONE_NEWNET } from "../../../src/sys/constants.ts";
import { checked, reason } from "../../../src/sys/error.ts";
import { closeFd, readText, tryRead, writeAll } from "../../../src/sys/files.ts";
import { sleepMs } from "../../../src/sys/loop.ts";
import { cloneProcess, exitNow, trySignalPidfd, unshare, waitPid } from "../../../src/sys/processes.ts";
import { receive, socketPair, trySend } from "../../../src/sys/sockets.ts";
import { fromUtf8, hexOfBytes, toUtf8, words } from "../../../src/sys/text.ts";

function say(line: string): void {
  writeAll(1, toUtf8(`${line}\n`), "stdout");
}

/** struct sockaddr_in */
function socketAddress(address: string, port: number): Uint8Array {
  const a = new Uint8Array(16);
  const head = [2, 0, Math.floor(port / 256), port % 256, ...ipv4Bytes(parseIpv4(address))];
  for (let i = 0; i < head.length; i++) a[i] = head[i]!;
  return a;
}

function receiveText(fd: number): string {
  const b = new Uint8Array(8192);
  const n = tryRead(fd, b, 0, b.length);
  return n <= 0 ? "" : fromUtf8(b.subarray(0, n));
}

/** Runs in the container: does one command. The last word of an answer to "accept" is the caller's address as the kernel's hex. */
function obey(command: string[], plan: NetPlan): string {
  const what = command[0]!;
  if (what === "configure") {
    configureInside(plan.inside);
    return "configured";
  }
  if (what === "listen") {
    const fd = checked(sys_socket(2, 1, 0), "socket", "");
    checked(sys_bind(fd, socketAddress("0.0.0.0", Number(command[1]!))), "bind", command[1]!);
    checked(sys_listen(fd, 4), "listen", "");
    return String(fd);
  }
  if (what === "accept") {
    const fd = checked(sys_accept4(Number(command[1]!), 0), "accept", "");
    const rows = readText("/proc/net/tcp").split("\n").map((l) => words(l)).filter((w) => w.length > 3 && w[3] === "01");
    writeAll(fd, toUtf8("hello"), "socket");
    return `accepted ${rows.length > 0 ? rows[0]![2]!.slice(0, 8) : "none"}`;
  }
  if (what === "connect") {
    const fd = checked(sys_socket(2, 1, 0), "socket", "");
    checked(sys_connect(fd, socketAddress(command[1]!, Number(command[2]!))), "connect", command[1]!);
    const text = receiveText(fd);
    closeFd(fd);
    return text;
  }
  if (what === "hardware") {
    const request = new Uint8Array(40);
    request.set(toUtf8(command[1]!), 0);
    const fd = checked(sys_socket(2, 2, 0), "socket", "");
    checked(sys_ioctl_buffer(fd, 0x8927, request), "SIOCGIFHWADDR", command[1]!);
    closeFd(fd);
    return hexOfBytes(request.subarray(18, 24));
  }
  if (what === "mtu") return String(askLinks([command[1]!])[0]!.mtu);
  if (what === "links") {
    return readText("/proc/net/dev").split("\n").filter((l) => l.includes(":")).map((l) => l.slice(0, l.indexOf(":")).trim()).sort((a, b) => (a < b ? -1 : 1)).join(",");
  }
  if (what === "routes") {
    return readText("/proc/net/route").split("\n").slice(1).map((l) => words(l)).filter((w) => w.length > 7).map((w) => `${w[0]!}:${w[1]!}:${w[2]!}:${w[7]!}`).join(",");
  }
  if (what === "v6") {
    return readText("/proc/net/if_inet6").split("\n").map((l) => words(l)).filter((w) => w.length === 6 && w[3] === "00").map((w) => `${w[0]!}/${w[2]!}`).join(",");
  }
  return "unknown";
}

function serve(pair: number, plan: NetPlan): void {
  for (;;) {
    const line = receiveText(pair);
    if (line === "") exitNow(0);
    let answer = "";
    try {
      answer = obey(line.split(" "), plan);
    } catch (e) {
      answer = `error ${reason(e)}`;
    }
    writeAll(pair, toUtf8(answer), "pair");
  }
}

/** A process in a network namespace of its own, connected as its plan says. */
class Container {
  readonly plan: NetPlan;
  readonly pid: number;
  private readonly pidfd: number;
  private readonly pair: number;
  private namespaceFd = -1;
  isConnected = false;

  constructor(plan: NetPlan) {
    this.plan = plan;
    const pair = socketPair(1);
    prepareNetwork(plan);
    const child = cloneProcess(CLONE_NEWNET);
    if (child.pid === 0) {
      closeFd(pair[0]!);
      serve(pair[1]!, plan);
    }
    closeFd(pair[1]!);
    this.pid = child.pid;
    this.pidfd = child.pidfd;
    this.pair = pair[0]!;
  }

  connect(): void {
    this.namespaceFd = connectContainer(this.plan, this.pid);
    this.isConnected = true;
  }

  tell(command: string): void {
    writeAll(this.pair, toUtf8(command), "pair");
  }

  answer(): string {
    return receiveText(this.pair);
  }

  ask(command: string): string {
    this.tell(command);
    return this.answer();
  }

  end(): void {
    trySignalPidfd(this.pidfd, 9);
    waitPid(this.pid);
    closeFd(this.pidfd);
    closeFd(this.pair);
    if (!this.isConnected) return;
    for (const f of disconnectContainer(this.plan, this.namespaceFd)) say(`undo=${f}`);
    closeFd(this.namespaceFd);
  }
}

function planOf(container: string, devices: NetDevice[], pool: PoolGrant | null): NetPlan {
  const p = planNetwork({ container, devices, pool, loopback: false, facts: askLinks(linksToAsk(devices)), random: new Uint8Array([1, 2, 3, 4, 5, 6]) });
  for (const problem of p.problems) say(`problem=${problem.at}: ${problem.why}`);
  return p.plan;
}

/** A container that is connected and has configured itself. */
function started(container: string, devices: NetDevice[], pool: PoolGrant | null): Container {
  const c = new Container(planOf(container, devices, pool));
  try {
    c.connect();
    say(`${container}=${c.ask("configure")}`);
  } catch (e) {
    say(`error=${reason(e)}`);
  }
  return c;
}

function device(type: NetDevice["type"], link: string, address: string): NetDevice {
  const d = emptyNetDevice(0, type);
  d.link = link;
  d.up = true;
  d.at = "test:1";
  if (address !== "") d.ipv4 = [{ address, prefix: 24, broadcast: "" }];
  return d;
}

/** How many rules the kernel has in all nftables tables of IPv4. */
function countRules(): number {
  const channel = new NetChannel(NETLINK_NETFILTER);
  const b = new NetlinkBatch();
  b.begin(10 * 256 + 7, 0x300);
  b.u8s([2, 0, 0, 0]);
  b.end();
  trySend(channel.fd, b.bytes(), 0, b.bytes().length);
  const buffer = new Uint8Array(32768);
  let count = 0;
  for (;;) {
    const n = receive(channel.fd, buffer).size;
    if (n <= 0) break;
    for (let at = 0; at + 16 <= n; at += Math.max(16, u32At(buffer, at))) if (u16At(buffer, at + 4) === 10 * 256 + 6) count += 1;
  }
  channel.close();
  return count;
}

function links(): string {
  return obey(["links"], planOf("none", [], null));
}

function sayLinks(key: string): void {
  say(`${key}=${links()}`);
}

/** What is left on the host when all containers are gone. The kernel takes their pairs away in its own time: it gets ten seconds. */
function sayLeft(): void {
  for (let i = 0; i < 1000 && links().includes("veth"); i++) sleepMs(10);
  sayLinks("left");
}

function pool(): void {
  const checkedPools = checkPools([{ name: "inner", type: "bridge", bridge: "br-in", parent: "", subnet: "10.9.0.0/24", gateway: "10.9.0.1", nat: true }]);
  const network = planHost(checkedPools.pools);
  for (const p of [...setUpHost(network), ...setUpHost(network), ...checkedPools.problems]) say(`fault=${p.at}: ${p.why}`);
  say(`rules=${countRules()}`);
  const first = grantAddress(emptyLeases(), checkedPools.pools, { container: "a", pool: "inner", ip: "", mac: "", hostname: "" }, []);
  const second = grantAddress(first.table, checkedPools.pools, { container: "b", pool: "inner", ip: "", mac: "", hostname: "" }, []);
  const a = started("a", [], first.grant);
  const b = started("b", [], second.grant);
  const outside = started("outside", [device("veth", "", "192.0.2.2")], null);
  configureInside([addressAction("address", hostName("outside", 0), "192.0.2.1", 24, "")]);
  say(`mac=${a.ask("hardware eth0")}`);
  const fd = a.ask("listen 8080");
  a.tell(`accept ${fd}`);
  say(`neighbour=${b.ask("connect 10.9.0.2 8080")}`);
  say(`from=${a.answer()}`);
  const out = outside.ask("listen 9000");
  outside.tell(`accept ${out}`);
  say(`beyond=${b.ask("connect 192.0.2.2 9000")}`);
  say(`masked=${outside.answer()}`);
  for (const c of [a, b, outside]) c.end();
  setNat([]);
  say(`rules=${countRules()}`);
  sayLeft();
}

function names(): void {
  const one = device("veth", "", "10.1.0.2");
  one.mtu = 1400;
  one.hwaddr = "02:00:00:xx:xx:xx";
  const two = device("veth", "", "10.2.0.2");
  two.index = 1;
  two.name = "wan";
  two.ipv6 = [{ address: "fd00::2", prefix: 64 }];
  two.ipv4Gateway = "10.77.0.1";
  const c = started("c", [one, two], null);
  say(`links=${c.ask("links")}`);
  say(`mtu=${c.ask("mtu eth0")}`);
  say(`mac=${c.ask("hardware eth0")}`);
  say(`v6=${c.ask("v6")}`);
  say(`routes=${c.ask("routes")}`);
  c.end();
  sayLeft();
}

function stacked(type: "macvlan" | "ipvlan" | "vlan"): void {
  // a veth pair whose other end is in a namespace of its own stands for the board's network card
  const far = started("far", [device("veth", "", "10.3.0.1")], null);
  const card = hostName("far", 0);
  const d = device(type, card, "10.3.0.2");
  d.name = "up0";
  d.vlanId = type === "vlan" ? 7 : -1;
  d.macvlanMode = "bridge";
  d.ipvlanMode = "l2";
  const c = started("c", [d], null);
  say(`links=${c.ask("links")}`);
  if (type === "vlan" || !c.isConnected) {
    c.end();
    far.end();
    return;
  }
  const fd = far.ask("listen 8080");
  far.tell(`accept ${fd}`);
  say(`reached=${c.ask("connect 10.3.0.1 8080")}`);
  far.answer();
  c.end();
  far.end();
  sayLeft();
}

function phys(): void {
  const far = started("far", [device("veth", "", "10.4.0.1")], null);
  const card = hostName("far", 0);
  const d = device("phys", card, "10.4.0.2");
  d.name = "lan0";
  const c = started("c", [d], null);
  say(`inside=${c.ask("links")}`);
  sayLinks("meanwhile");
  const fd = far.ask("listen 8080");
  far.tell(`accept ${fd}`);
  say(`reached=${c.ask("connect 10.4.0.1 8080")}`);
  far.answer();
  c.end();
  sayLinks("returned");
  say(`other=${far.ask("links")}`);
  far.end();
  sayLeft();
}

function refused(): void {
  started("nobridge", [device("veth", "br-none", "10.5.0.2")], null).end();
  started("noparent", [device("macvlan", "eth-none", "10.5.0.2")], null).end();
  const twice = device("veth", "", "10.5.0.2");
  twice.ipv4 = [{ address: "10.5.0.2", prefix: 24, broadcast: "" }, { address: "10.5.0.2", prefix: 24, broadcast: "" }];
  started("twice", [twice], null).end();
  const fixed = device("veth", "", "10.5.0.2");
  fixed.vethPair = "taken0";
  const holder = started("holder", [fixed], null);
  started("loser", [fixed], null).end();
  say(`kept=${holder.ask("links")}`);
  holder.end();
  const first = device("veth", "", "10.6.0.2");
  const second = device("veth", "br-none", "10.6.1.2");
  second.index = 1;
  started("half", [first, second], null).end();
  const moved = device("phys", hostName("card", 0), "10.8.0.2");
  const card = started("card", [device("veth", "", "10.8.0.1")], null);
  started("bare", [moved, second], null).end();
  sayLinks("back");
  card.end();
  sayLeft();
}

function stale(): void {
  const before = started("c", [device("veth", "", "10.7.0.2")], null);
  const after = started("c", [device("veth", "", "10.7.0.2")], null);
  say(`before=${before.ask("links")}`);
  say(`after=${after.ask("links")}`);
  before.end();
  after.end();
  sayLeft();
}

function bridges(): void {
  const planned = planDefaultBridge("lxcbr0", "10.0.3.1", "255.255.255.0");
  applyHost(planned.actions);
  applyHost(planned.actions);
  say(`bridge=${askLinks(["lxcbr0"])[0]!.address4}`);
  const d = device("veth", "lxcbr0", "10.0.3.9");
  d.ipv4Gateway = "auto";
  const c = started("c", [d], null);
  say(`routes=${c.ask("routes")}`);
  c.end();
}

function loopback(): void {
  const p = planNetwork({ container: "c", devices: [], pool: null, loopback: true, facts: [], random: new Uint8Array(0) });
  const c = new Container(p.plan);
  c.connect();
  say(`before=${c.ask("connect 127.0.0.1 1")}`);
  say(`configured=${c.ask("configure")}`);
  say(`after=${c.ask("connect 127.0.0.1 1")}`);
  c.end();
}

unshare(CLONE_NEWNET);
configureInside([netAction("up", "lo")]);
const scenario = process.argv[2]!;
if (scenario === "pool") pool();
else if (scenario === "names") names();
else if (scenario === "phys") phys();
else if (scenario === "refused") refused();
else if (scenario === "stale") stale();
else if (scenario === "bridges") bridges();
else if (scenario === "loopback") loopback();
else if (scenario === "macvlan" || scenario === "ipvlan" || scenario === "vlan") stacked(scenario);
else say(`fault=no scenario ${scenario}`);
