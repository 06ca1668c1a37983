import { test } from "uvu";
import * as assert from "uvu/assert";
import { chooseDrivers, MetaValues, substituteMeta, wishesOf } from "../../../src/driver/managed.ts";

class Meta extends MetaValues {
  value(key: string): string {
    return key === "wifi.country" ? "PT" : key === "empty" ? "" : key === "both" ? "${user-meta:wifi.country}" : "";
  }
}
const meta = new Meta();

test("section all holds, other boards' sections don't", () => {
  const d = chooseDrivers([
    { section: "all", aliases: [{ alias: "wifi", modules: ["a"] }] },
    { section: "fitconfig:other", aliases: [{ alias: "can", modules: ["b"] }] },
    { section: "dtb:x", aliases: [{ alias: "spi", modules: ["c"] }] },
  ], "board");
  assert.equal(d.map((x) => x.alias), ["wifi"]);
});

test("the last definition of an alias wins, also when it is the one of all", () => {
  const all = { section: "all", aliases: [{ alias: "wifi", modules: ["a"] }] };
  const own = { section: "fitconfig:board", aliases: [{ alias: "wifi", modules: ["b"] }] };
  assert.equal(chooseDrivers([all, own], "board")[0]!.modules, ["b"]);
  assert.equal(chooseDrivers([own, all], "board")[0]!.modules, ["a"]);
});

test("without a fitconfig no fitconfig section holds", () => {
  assert.equal(chooseDrivers([{ section: "fitconfig:", aliases: [{ alias: "x", modules: [] }] }], ""), []);
});

const SUBSTITUTIONS: { says: string; text: string; want: string }[] = [
  { says: "a known key is replaced and what follows is kept", text: "wl country=${user-meta:wifi.country} debug=1", want: "wl country=PT debug=1" },
  { says: "an unknown key becomes nothing", text: "wl x=${user-meta:nobody}", want: "wl x=" },
  { says: "any prefix reads user metadata", text: "${device-meta:wifi.country}", want: "PT" },
  { says: "a key needs no prefix", text: "${wifi.country}", want: "PT" },
  { says: "an open brace stays as it is", text: "wl ${user-meta:wifi", want: "wl ${user-meta:wifi" },
  { says: "values are not substituted again", text: "${user-meta:both}", want: "${user-meta:wifi.country}" },
];
for (const v of SUBSTITUTIONS) test(`substitution: ${v.says}`, () => assert.is(substituteMeta(v.text, meta), v.want));

test("module lines become names and parameters", () => {
  assert.equal(wishesOf({ alias: "wifi", modules: ["cfg80211", "wl reg=${user-meta:wifi.country}", "${user-meta:empty}"] }, meta),
    [{ name: "cfg80211", parameters: "" }, { name: "wl", parameters: "reg=PT" }]);
});

test.run();
