// escapes in literals
console.log("tab\there", "quote\"s", 'it\'s', "nul\0end".length, "\u00e9\x41\u{1F600}", "back\\slash");
