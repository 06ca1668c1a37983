import { test } from "uvu";
import * as assert from "uvu/assert";
import { broadcastOf, classPrefix, formatIpv4, macOfIpv4, networkOf, parseCidr, parseIpv4, prefixOfMask } from "../../../src/net/ipv4.ts";
import { addressBytes, macBytes, samePrefix } from "../../../src/net/link_bytes.ts";
import { hostMac, hostName, hwaddrOf, insideNames } from "../../../src/net/link_names.ts";
import { emptyNetDevice } from "../../../src/lxc/description.ts";

test("addresses are numbers, the highest too", () => {
  assert.is(parseIpv4("255.255.255.255"), 4294967295);
  assert.is(formatIpv4(parseIpv4("10.9.0.200")), "10.9.0.200");
});

for (const bad of ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.x", "1.2.3.-4", " 1.2.3.4", "1..2.3"]) {
  test(`"${bad}" is no IPv4 address`, () => assert.is(parseIpv4(bad), -1));
}

test("a subnet begins and ends where its prefix says, above 128.0.0.0 too", () => {
  assert.is(formatIpv4(networkOf(parseIpv4("192.168.77.130"), 25)), "192.168.77.128");
  assert.is(formatIpv4(broadcastOf(parseIpv4("192.168.77.130"), 25)), "192.168.77.255");
  assert.is(networkOf(parseIpv4("200.1.2.3"), 0), 0);
  assert.is(broadcastOf(parseIpv4("200.1.2.3"), 0), 4294967295);
});

test("prefixes follow from the old classes", () => {
  assert.equal(["10.0.0.1", "127.0.0.1", "128.0.0.1", "191.1.1.1", "192.0.0.1"].map((a) => classPrefix(parseIpv4(a))), [8, 8, 16, 16, 24]);
});

test("a mask is a prefix only when its ones are in front", () => {
  assert.equal(["255.255.255.0", "0.0.0.0", "255.255.255.255", "255.0.255.0", "x"].map(prefixOfMask), [24, 0, 32, -1, -1]);
});

test("a subnet needs its prefix, of 0 to 32", () => {
  assert.equal(parseCidr("10.9.0.0/24"), { address: parseIpv4("10.9.0.0"), prefix: 24 });
  assert.equal(["10.9.0.0", "10.9.0.0/33", "10.9.0.0/", "10.9.0/24", "10.9.0.0/2x"].map(parseCidr), [null, null, null, null, null]);
});

test("the hardware address of a lease holds the address", () => {
  assert.is(macOfIpv4(parseIpv4("10.9.0.254")), "02:00:0a:09:00:fe");
});

test("IPv6 texts become sixteen bytes", () => {
  assert.equal(addressBytes("::"), new Array(16).fill(0));
  assert.equal(addressBytes("fe80::1:a"), [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 10]);
  assert.equal(addressBytes("1:2:3:4:5:6:7:8"), [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]);
  assert.equal(addressBytes("::ffff:10.0.0.1").slice(10), [255, 255, 10, 0, 0, 1]);
});

for (const bad of ["1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4::5:6:7:8", ":::", "12345::", "g::", "1.2.3"]) {
  test(`"${bad}" has no bytes`, () => assert.equal(addressBytes(bad), []));
}

test("prefixes are compared to the bit", () => {
  assert.ok(samePrefix([10, 9, 0, 1], [10, 9, 0, 126], 25));
  assert.not.ok(samePrefix([10, 9, 0, 1], [10, 9, 0, 129], 25));
  assert.not.ok(samePrefix([10, 9, 0, 1], new Array(16).fill(0), 0), "families never agree");
});

test("hardware addresses are six pairs", () => {
  assert.equal(macBytes("02:00:0A:09:00:fe"), [2, 0, 10, 9, 0, 254]);
  assert.equal(macBytes("02:00:0a:09:00"), []);
  assert.equal(macBytes("2:00:0a:09:00:fe"), []);
});

test("a host end's name and address follow from container and device alone, and fit the kernel", () => {
  assert.is(hostName("web", 0), hostName("web", 0));
  const names = new Set<string>();
  for (let c = 0; c < 500; c++) for (let i = 0; i < 3; i++) names.add(hostName(`container-${c}`, i));
  assert.is(names.size, 1500);
  for (const n of names) assert.match(n, /^veth[a-z0-9]{6}$/);
  assert.match(hostMac("web", 0), /^fe(:[0-9a-f]{2}){5}$/);
  assert.is.not(hostMac("web", 0), hostMac("web", 1));
});

test("x in a hardware address becomes random digits and never makes a group address", () => {
  const random = new Uint8Array([0xff, 0x12, 0x34, 0x56, 0x78, 0x9a]);
  assert.is(hwaddrOf("02:00:xx:xx:xx:xx", random, 0), "02:00:34:56:78:9a");
  assert.is(hwaddrOf("xx:xx:00:00:00:00", random, 0), "fe:12:00:00:00:00");
  assert.is(hwaddrOf("00:16:3e:00:00:01", new Uint8Array(0), 0), "00:16:3e:00:00:01");
});

test("links without a name get the free ethN, a physical one keeps its own", () => {
  const names = (list: [Parameters<typeof emptyNetDevice>[1], string, string][]): string[] => insideNames(list.map(([type, name, link], i) => ({ ...emptyNetDevice(i, type), name, link })));
  assert.equal(names([["veth", "", "br"], ["veth", "eth0", "br"], ["phys", "", "can0"], ["empty", "", ""], ["macvlan", "", "x"]]), ["eth1", "eth0", "can0", "", "eth2"]);
});

test.run();
