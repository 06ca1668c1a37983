// localeCompare
console.log("a".localeCompare("b"), "b".localeCompare("a"), "a".localeCompare("a"));
