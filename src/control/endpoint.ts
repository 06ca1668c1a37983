/**
 * A row of the routing table and what its handler gets. Order of the checks
 * as upstream has it: unknown path, caller, method, privilege, handler.
 * Rules: control spec §3 "Routing", §4 "Errors".
 */
import { Unit } from "../supervisor/unit.ts";
import { Backend } from "./backend.ts";
import type { Request } from "./request.ts";
import type { Response } from "./response.ts";

/** parts: the segments that stood for {} in the pattern. unit: the calling container, null for the host. fd: the connection, for those that take it over. */
export type Call = { request: Request; parts: string[]; caller: string; unit: Unit | null; privileged: boolean; fd: number };

export abstract class Endpoint {
  /** The answer, or null when the connection was taken over. */
  abstract answer(backend: Backend, call: Call): Response | null;
}

export type Route = { method: string; pattern: string; open: boolean; endpoint: Endpoint };

/** The segments a pattern's {} stand for, or null when the path is not of that form. */
export function matchPattern(pattern: string, path: string): string[] | null {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return null;
  const parts: string[] = [];
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === "{}" && given[i] !== "" && given[i]!.length <= 254) parts.push(given[i]!);
    else if (wanted[i] !== given[i]) return null;
  }
  return parts;
}

/** Value of a parameter in a query, "" when it is not there. */
export function queryValue(query: string, name: string): string {
  for (const pair of query.split("&")) {
    if (pair === name) return "1";
    if (pair.startsWith(`${name}=`)) return pair.slice(name.length + 1);
  }
  return "";
}
