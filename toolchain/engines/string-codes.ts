// charCodeAt, codePointAt, fromCharCode, fromCodePoint
console.log("A".charCodeAt(0), "é".charCodeAt(0), "x".charCodeAt(5), String.fromCharCode(72, 105), String.fromCodePoint(0x1f600) === "😀", "😀".codePointAt(0), "😀".length, "😀".charCodeAt(1));
