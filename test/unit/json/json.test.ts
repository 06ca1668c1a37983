/**
 * What vectors can't say about the json room: writing, places of a long
 * document, growth.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { scan, scanText, SMALL } from "../../../src/json/scanner.ts";
import { quoted } from "../../../src/json/text.ts";
import { rootOf } from "../../../src/json/value.ts";
import { formatCompact, JsonWriter } from "../../../src/json/writer.ts";

test("the writer puts commas where they belong", () => {
  const w = new JsonWriter();
  w.beginObject();
  w.stringMember("a", "x\"\\\n\u0001é");
  w.key("b");
  w.beginArray();
  w.number(1.5);
  w.boolean(true);
  w.null();
  w.raw("{\"c\":[]}");
  w.endArray();
  w.numberMember("d", Number.NaN);
  w.endObject();
  assert.is(w.text(), "{\"a\":\"x\\\"\\\\\\n\\u0001é\",\"b\":[1.5,true,null,{\"c\":[]}],\"d\":null}");
  assert.equal(JSON.parse(w.text()), { a: "x\"\\\n\u0001é", b: [1.5, true, null, { c: [] }], d: null });
});

test("quoted text is what JSON.stringify gives", () => {
  for (let c = 0; c < 0x300; c++) assert.is(quoted(`a${String.fromCharCode(c)}b`), JSON.stringify(`a${String.fromCharCode(c)}b`));
  assert.is(quoted("😀\u2028"), JSON.stringify("😀\u2028"));
});

test("compact text comes back byte for byte", () => {
  const text = "{\"#spec\":\"x\",\"n\":[-0,1.50,1E5,true,false,null],\"s\":\"\\u00e9é\\/\",\"o\":{\"\":{}}}";
  assert.is(formatCompact(scanText(text, SMALL).document, 0), text);
});

test("accepts exactly what JSON.parse accepts, but for duplicates and lone surrogates", () => {
  const pieces = ["{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "1", "-0.5e2", "true", "null", " "];
  let seed = 1;
  const next = (n: number): number => { seed = (seed * 48271) % 2147483647; return seed % n; };
  let accepted = 0;
  for (let i = 0; i < 20000; i++) {
    let text = "";
    for (let n = next(9); n >= 0; n--) text += pieces[next(pieces.length)];
    let parses = true;
    try {
      JSON.parse(text);
    } catch {
      parses = false;
    }
    const s = scanText(text, SMALL);
    assert.is(s.complete, parses, text);
    if (parses) accepted += 1;
  }
  assert.ok(accepted > 100, `only ${accepted} texts were JSON`);
});

test("places are right whatever order they are asked in", () => {
  const text = "[1,\n\"é\", 22,\n\n3, \"😀\", 4]";
  const d = scanText(text, SMALL).document;
  const want = ["1:2", "2:1", "2:6", "4:1", "4:4", "4:9"];
  const places = (): string[] => rootOf(d).items().map((n) => n.place());
  assert.equal(places(), want);
  assert.equal(rootOf(d).items().reverse().map((n) => n.place()), [...want].reverse());
  assert.equal([2, 5, 0, 4, 3, 1].map((i) => rootOf(d).items()[i]!.place()), [2, 5, 0, 4, 3, 1].map((i) => want[i]));
});

test("a large document keeps its members", () => {
  const members = Array.from({ length: 5000 }, (_x, i) => `"key ${i}":[${i},{"x":"${i}"}]`);
  const s = scan(new TextEncoder().encode(`{${members.join(",")}}`), { bytes: 1000000, depth: 8, values: 100000 });
  assert.ok(s.ok);
  const root = rootOf(s.document);
  assert.is(root.members().length, 5000);
  assert.is(root.get("key 4321")!.items()[1]!.getString("x", ""), "4321");
});

test("asking for another kind answers the fallback", () => {
  const root = rootOf(scanText("{\"s\":\"x\",\"n\":1,\"f\":1.5,\"b\":true,\"a\":[1]}", SMALL).document);
  assert.is(root.getString("n", "no"), "no");
  assert.is(root.getInteger("s", -1), -1);
  assert.is(root.getInteger("f", -1), -1);
  assert.is(root.getBoolean("n", true), true);
  assert.is(root.getInteger("none", 7), 7);
  assert.is(root.get("none"), null);
  assert.equal(root.get("s")!.items(), []);
});

test.run();
