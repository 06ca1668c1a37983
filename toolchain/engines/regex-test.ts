// regular expressions: test, exec, groups
console.log(/^a+b$/.test("aab"), /(\d+)-(\w+)/.exec("see 12-ab")?.[2], "x1y22".match(/\d+/)?.[0], /é/i.test("É"));
