// Buffer: encodings
const b = Buffer.from("héllo", "utf8");
console.log(b.length, b.toString("hex"), b.toString("base64"), Buffer.from("aGk=", "base64").toString(), Buffer.from("6869", "hex").toString("utf8"), Buffer.concat([Buffer.from("a"), Buffer.from("b")]).toString());
