// numbers in other bases
console.log((255).toString(16), (8).toString(2));
