import { test } from "uvu";
import * as assert from "uvu/assert";
import { addressAction, netAction } from "../../../src/net/actions.ts";
import { natBatch } from "../../../src/net/nat.ts";
import { NetlinkBatch, parseAnswers } from "../../../src/net/netlink.ts";
import { addAddress, addRoute, addVeth, setUp } from "../../../src/net/route_messages.ts";

/** Messages of a run as [type, flags, sequence, body in hex]. */
function messages(b: NetlinkBatch): [number, number, number, string][] {
  const data = Buffer.from(b.bytes());
  const out: [number, number, number, string][] = [];
  for (let at = 0; at < data.length; at += data.readUInt32LE(at)) {
    out.push([data.readUInt16LE(at + 4), data.readUInt16LE(at + 6), data.readUInt32LE(at + 8), data.toString("hex", at + 16, at + data.readUInt32LE(at))]);
  }
  return out;
}

test("an address is one message of RTM_NEWADDR", () => {
  const b = new NetlinkBatch();
  addAddress(b, addressAction("address", "eth0", "10.9.0.2", 24, "10.9.0.255"), 5);
  assert.equal(messages(b), [[20, 0x601, 1, "02180000" + "05000000" + "080002000a090002" + "080001000a090002" + "080004000a0900ff"]]);
});

test("a default route has no destination, a route to the link has its scope", () => {
  const b = new NetlinkBatch();
  addRoute(b, addressAction("route", "eth0", "0.0.0.0", 0, "10.9.0.1"), 5, false);
  addRoute(b, addressAction("route", "eth0", "10.9.0.1", 32, ""), 5, true);
  assert.equal(messages(b), [
    [24, 0x601, 1, "02000000fe030001" + "00000000" + "0800040005000000" + "080005000a090001"],
    [24, 0x501, 2, "02200000fe03fd01" + "00000000" + "080001000a090001" + "0800040005000000"],
  ]);
});

test("only the last message asks for an answer", () => {
  const b = new NetlinkBatch();
  setUp(b, 0, "eth0");
  setUp(b, 0, "eth1");
  b.acknowledge();
  assert.equal(messages(b).map((m) => m[1]), [0x1, 0x5]);
});

test("a pair's nested attributes end where their contents end", () => {
  const b = new NetlinkBatch();
  const a = netAction("veth", "vethab");
  a.hostMac = "fe:00:00:00:00:01";
  a.name = "eth0";
  a.mtu = 1400;
  addVeth(b, a, 3, 77);
  const body = messages(b)[0]![3];
  assert.is(body.slice(0, 32), "00000000" + "00000000" + "01000000" + "01000000");
  assert.is(body.slice(32), "0b000300" + "766574686162" + "0000"
    + "0a000100" + "fe0000000001" + "0000" + "0800040078050000" + "08000a0003000000"
    + "44001280" + "09000100" + "7665746800000000" + "34000280" + "30000180"
    + "00000000000000000000000000000000" + "09000300" + "6574683000000000" + "0800040078050000" + "080013004d000000");
});

test("messages beyond the first buffer keep what came before", () => {
  const b = new NetlinkBatch();
  for (let i = 0; i < 100; i++) addAddress(b, addressAction("address", "eth0", "fd00::1", 64, ""), i);
  const all = messages(b);
  assert.is(all.length, 100);
  assert.equal(all.map((m) => m[2]), Array.from({ length: 100 }, (_, i) => i + 1));
});

test("the NAT batch removes the old table before it makes the new one, in one transaction", () => {
  const all = messages(natBatch([{ bridge: "br-in", address: 10 * 16777216 + 9 * 65536, prefix: 24 }]));
  assert.equal(all.map((m) => m[0]), [0x10, 0xa00, 0xa02, 0xa00, 0xa03, 0xa06, 0x11]);
  assert.equal(all.map((m) => (m[1] & 4) !== 0), [false, true, true, true, true, true, false]);
  const rule = all[5]![3];
  for (const part of ["ffffff00", "0a090000", Buffer.from("br-in\0\0\0\0\0\0\0\0\0\0\0").toString("hex"), Buffer.from("masq\0").toString("hex")]) assert.ok(rule.includes(part), part);
});

test("without rules the table is only removed", () => {
  assert.equal(messages(natBatch([])).map((m) => m[0]), [0x10, 0xa00, 0xa02, 0x11]);
});

/** An error message as the kernel sends it. */
function answer(sequence: number, errno: number, why: string): Buffer {
  const request = Buffer.alloc(20);
  request.writeUInt32LE(20, 0);
  const text = Buffer.from(`${why}\0`);
  const attribute = why === "" ? Buffer.alloc(0) : Buffer.concat([Buffer.from([text.length + 4, 0, 1, 0]), text, Buffer.alloc((4 - text.length % 4) % 4)]);
  const head = Buffer.alloc(20);
  head.writeUInt32LE(20 + 20 + attribute.length, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(why === "" ? 0 : 0x200, 6);
  head.writeUInt32LE(sequence, 8);
  head.writeInt32LE(-errno, 16);
  return Buffer.concat([head, request, attribute]);
}

test("answers tell sequence, errno and the kernel's sentence", () => {
  assert.equal(parseAnswers(Buffer.concat([answer(1, 17, "Address already assigned"), answer(2, 0, "")])), [
    { sequence: 1, errno: 17, why: "Address already assigned" }, { sequence: 2, errno: 0, why: "" },
  ]);
});

for (const cut of [3, 16, 19, 39, 50]) {
  test(`an answer cut after ${cut} bytes ends the list`, () => assert.equal(parseAnswers(answer(1, 17, "Address already assigned").subarray(0, cut)), []));
}

test("an answer whose inner sizes lie is read without its sentence", () => {
  const a = answer(1, 17, "Address already assigned");
  a.writeUInt32LE(4000000000, 20);
  assert.is(parseAnswers(a)[0]!.why, "");
  const b = answer(1, 17, "Address already assigned");
  b.writeUInt16LE(2, 40);
  assert.is(parseAnswers(b)[0]!.why, "");
});

test.run();
