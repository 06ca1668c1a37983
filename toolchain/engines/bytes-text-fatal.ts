// TextDecoder that refuses what is no UTF-8
try { new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([0xc3, 0x28])); console.log("accepted"); } catch (x) { console.log("refused", x instanceof TypeError); }
