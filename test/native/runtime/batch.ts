/**
 * Containers tried on a machine, wherever it is: this one or a booted board.
 * All scenarios of a list become one shell script for busybox or any other
 * POSIX shell, run there in one go, and what it prints is taken apart here.
 * After each container it looks, from outside, at what is left of it.
 */
import * as assert from "uvu/assert";

/**
 * One container of `wherry sandbox`. Shell texts and configuration lines may
 * use $T (an empty folder of this scenario), $R (the root filesystem) and $IMAGE (the same as squashfs).
 */
export type Scenario = {
  /** Rows of the runtime spec this shows: "§13 lxc.init.cwd". */
  rows: string[];
  says: string;
  /** Only where all kernel modules are. */
  boardsOnly?: boolean;
  /** Lines of its LXC configuration; none: started without one. */
  config?: string[];
  flags?: string[];
  /** Run outside before it starts. */
  before?: string;
  /** Run by /bin/sh inside. */
  inside: string;
  /** Root filesystem instead of $R. */
  root?: string;
  /** Run outside when it has ended. */
  after?: string;
  check: (s: Seen) => void;
};

/** What came of it. out, after: lines. said: standard error. left: what should not be there any more. */
export type Seen = { status: number; out: string[]; said: string; after: string[]; left: string[] };

/** Paths on the machine: program, root filesystem as a folder and as an image, an empty folder for everything else. */
export type Places = { program: string; root: string; image: string; work: string };

const MARK = "@@@";
const END_OF_TEXT = "END_OF_TEXT_OF_SCENARIO";

/** Mounts, groups, loop devices and mappings that carry the name of a scenario's container or lie below its folder, links that were not there before it. */
const LOOK = `links() { grep -o '^ *[^ :]*:' /proc/net/dev | tr -d ' :'; }
# SIGKILL takes its links with the namespace, which the kernel ends later
settled() { i=0; while links | grep -q -v -x -f $T.links && [ $i -lt 400 ]; do i=$((i + 1)); sleep 0.3; done; }
left() {
  grep -e " $T/" -e " /run/wherry/root" /proc/self/mountinfo
  for m in $(grep -e ' - cgroup2\\? ' /proc/self/mountinfo | cut -d' ' -f5); do [ -e "$m/lxc/$N" ] && echo "$m/lxc/$N"; done
  for b in /sys/block/loop*/loop/backing_file; do [ -e "$b" ] && grep -s -e "$T/" -e "$IMAGE" "$b"; done
  for d in /sys/block/dm-*/dm/name; do [ -e "$d" ] && grep "$N" "$d"; done
  links | grep -v -x -f $T.links
  true
}
`;

function written(path: string, text: string, expand: boolean): string {
  return `cat > "${path}" <<${expand ? "" : "\\"}${END_OF_TEXT}\n${text}\n${END_OF_TEXT}\n`;
}

function words(flags: string[]): string {
  return flags.map((f) => `"${f}"`).join(" ");
}

/** The script; prints one section a part of a scenario. */
export function batchScript(list: Scenario[], p: Places): string {
  const parts = list.map((s, i) => [
    `N=rt${i}; T=${p.work}/$N; rm -rf $T; mkdir -p $T; links > $T.links`,
    ...(s.before === undefined ? [] : [`( ${s.before}\n) > $T.before 2>&1 || cat $T.before`]),
    ...(s.config === undefined ? [] : [written("$T/config", s.config.join("\n"), true).trimEnd()]),
    written("$T/inside", s.inside, false).trimEnd(),
    `"$W" sandbox --name $N ${s.config === undefined ? "" : "--config $T/config "}${words(s.flags ?? [])} "${s.root ?? "$R"}" /bin/sh -c "$(cat $T/inside)" > $T.out 2> $T.said < /dev/null`,
    `echo "${MARK} ${i} status $?"; echo "${MARK} ${i} out"; cat $T.out; echo; echo "${MARK} ${i} said"; cat $T.said; echo`,
    `echo "${MARK} ${i} after"`, ...(s.after === undefined ? [] : [`( ${s.after}\n) 2>&1`]),
    `echo; echo "${MARK} ${i} left"; left; rm -rf $T $T.*`,
  ].join("\n"));
  return `W=${p.program}; R=${p.root}; IMAGE=${p.image}; mkdir -p ${p.work}\n${LOOK}\n${parts.join("\n")}\necho "${MARK} end"\n`;
}

/** What each scenario of the list came to; undefined for one the script never reached. */
export function readBatch(text: string, count: number): (Seen | undefined)[] {
  const seen: (Seen | undefined)[] = [];
  const lines = text.split("\n");
  const sections = new Map<string, string[]>();
  let current: string[] = [];
  for (const l of lines) {
    const m = /^@@@ (\d+) (\w+)(?: (\d+))?$/.exec(l);
    if (m !== null || l.startsWith(`${MARK} end`)) {
      current = m?.[3] === undefined ? [] : [m[3]];
      if (m !== null) sections.set(`${m[1]} ${m[2]}`, current);
    } else current.push(l.replaceAll("\r", ""));
  }
  for (let i = 0; i < count; i += 1) {
    const of = (what: string): string[] => (sections.get(`${i} ${what}`) ?? []).filter((l) => l !== "");
    seen.push(sections.has(`${i} left`) ? { status: Number(of("status")[0]), out: of("out"), said: of("said").join("\n"), after: of("after"), left: of("left") } : undefined);
  }
  return seen;
}

/** Throws unless the scenario came out as it should and nothing is left. */
export function judgeScenario(s: Scenario, seen: Seen | undefined): void {
  assert.ok(seen !== undefined, "the machine never came to it");
  try {
    s.check(seen!);
  } catch (e) {
    if (e instanceof Error) e.message = `${e.message}\n${JSON.stringify(seen, undefined, 1)}`;
    throw e;
  }
  assert.equal(seen!.left, [], "something is left");
}
