// a discriminated union, switch without default
type Action = { kind: "mkdir"; path: string } | { kind: "mount"; source: string; flags: number } | { kind: "none" };
function show(a: Action): string {
  switch (a.kind) {
    case "mkdir": return `mkdir ${a.path}`;
    case "mount": return `mount ${a.source} ${a.flags}`;
    case "none": return "-";
  }
}
const plan: Action[] = [{ kind: "mkdir", path: "/a" }, { kind: "mount", source: "tmpfs", flags: 6 }, { kind: "none" }];
console.log(plan.map(show).join("; "));
