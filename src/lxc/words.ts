/**
 * Splitting values into words: plain lists by blanks, and the command of
 * lxc.init.cmd with the fork's quoting. No shell: nothing is expanded.
 * Rules: runtime spec "lxc.init.cmd"; a closing quote ends its word.
 */

const BLANK = 32;
const TAB = 9;
const BACKSLASH = 92;
const DOUBLE = 34;
const SINGLE = 39;

function isBlank(code: number): boolean {
  return code === BLANK || code === TAB;
}

/** Words between blanks and tabs; none of them empty. */
export function splitBlanks(text: string): string[] {
  const words = (text.includes("\t") ? text.split("\t").join(" ") : text).split(" ");
  return words.includes("") ? words.filter((w) => w !== "") : words;
}

/** closed: no quote was left open. */
export type CommandWords = { words: string[]; closed: boolean };

/**
 * A command line as the fork reads it: '…' and "…" group, a backslash makes
 * the next blank, quote or backslash plain, a closing quote ends the word,
 * empty quoted words stay. An open quote takes the rest of the line.
 */
export function splitCommand(text: string): CommandWords {
  const words: string[] = [];
  let word: string[] = [];
  let inWord = false;
  let quote = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const next = i + 1 < text.length ? text.charCodeAt(i + 1) : 0;
    if (c === BACKSLASH && (isBlank(next) || next === DOUBLE || next === SINGLE || next === BACKSLASH)) {
      word.push(text.slice(i + 1, i + 2));
      inWord = true;
      i += 1;
    } else if (quote === 0 && (c === DOUBLE || c === SINGLE)) {
      quote = c;
      inWord = true;
    } else if (quote !== 0 ? c === quote : isBlank(c)) {
      if (inWord) words.push(word.join(""));
      word = [];
      inWord = false;
      quote = 0;
    } else {
      word.push(text.slice(i, i + 1));
      inWord = true;
    }
  }
  if (inWord) words.push(word.join(""));
  return { words, closed: quote === 0 };
}

/** Does one quote pair wrap the whole text? */
export function isWrapped(text: string): boolean {
  if (text.length < 2) return false;
  const first = text.charCodeAt(0);
  return (first === DOUBLE || first === SINGLE) && text.charCodeAt(text.length - 1) === first;
}

/**
 * Is `"a" "b"` a list of separately quoted words, not one wrapped value? Then
 * every quote opens at a word's start and closes at its end, and the first
 * does not close at the last character.
 */
export function isQuotedWords(text: string): boolean {
  let quote = 0;
  let pairs = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === BACKSLASH) {
      i += 1;
    } else if (quote !== 0) {
      if (c !== quote) continue;
      quote = 0;
      pairs += 1;
      if (i + 1 < text.length && !isBlank(text.charCodeAt(i + 1))) return false;
    } else if (c === DOUBLE || c === SINGLE) {
      if (i > 0 && !isBlank(text.charCodeAt(i - 1))) return false;
      quote = c;
    }
  }
  return quote === 0 && pairs > 1;
}
