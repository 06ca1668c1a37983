// && and || evaluate no more than they need
const log: string[] = [];
const t = (s: string): boolean => { log.push(s); return true; };
const f = (s: string): boolean => { log.push(s); return false; };
const r = [f("a") && t("b"), t("c") || f("d"), f("e") || f("f") || t("g"), t("h") && (f("i") || t("j"))];
console.log(r.join(), log.join(""));
