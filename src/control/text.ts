/**
 * JSON text for answers, built from parts in the order clients expect.
 * Reading JSON is the json room's; this only writes.
 */
import { hex } from "../sys/text.ts";

/** A JSON string: quotes, backslash and control characters escaped. */
export function quoteJson(s: string): string {
  const parts: string[] = ["\""];
  let from = 0;
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i);
    if (c >= 32 && c !== 34 && c !== 92) continue;
    if (i > from) parts.push(s.slice(from, i));
    parts.push(c === 34 ? "\\\"" : c === 92 ? "\\\\" : c === 10 ? "\\n" : c === 9 ? "\\t" : c === 13 ? "\\r" : `\\u${hex(c, 4)}`);
    from = i + 1;
  }
  if (from < s.length) parts.push(s.slice(from));
  parts.push("\"");
  return parts.join("");
}

/** `"key":value` where value is JSON text already. */
export function member(key: string, value: string): string {
  return `${quoteJson(key)}:${value}`;
}

export function textMember(key: string, value: string): string {
  return `${quoteJson(key)}:${quoteJson(value)}`;
}

export function objectOf(members: string[]): string {
  return `{${members.join(",")}}`;
}

export function arrayOf(items: string[]): string {
  return `[${items.join(",")}]`;
}
