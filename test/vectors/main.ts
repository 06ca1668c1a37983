/**
 * The vector suites as one program, so that they also run compiled: lines
 * `room<TAB>input` of a file, for each one line of JSON on stdout. A room
 * adds its import and its row in `answer`. test/vectors/run.ts drives it.
 */
import { readFileSync } from "node:fs";
import { runConfigVector } from "./config.ts";
import { runDifferenceVector } from "./difference.ts";
import { runJsonVector } from "./json.ts";
import { runLxcVector } from "./lxc.ts";
import { runSignVector } from "./sign.ts";
import { runStateVector } from "./state.ts";

function answer(room: string, input: string): string {
  if (room === "json") return runJsonVector(input);
  if (room === "state") return runStateVector(input);
  if (room === "lxc") return runLxcVector(input);
  if (room === "config") return runConfigVector(input);
  if (room === "sign") return runSignVector(input);
  if (room === "difference") return runDifferenceVector(input);
  return "\"no such room\"";
}

const answers: string[] = [];
for (const line of readFileSync(process.argv[2]!, "utf8").split("\n")) {
  const tab = line.indexOf("\t");
  if (tab > 0) answers.push(answer(line.slice(0, tab), line.slice(tab + 1)));
}
console.log(answers.join("\n"));
