/**
 * Rewrites what scriptc lowers at great cost into what it lowers well, in a
 * copy of the sources: `for (const x of array)` becomes a loop over indices,
 * `array.map((x) => y)` and its like call functions of lists.ts. scriptc takes
 * an array's holes into account, so every element of these is a union that is
 * allocated, and checked at each use; ours have no holes. Lines stay where
 * they are; the sources themselves are never touched.
 */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import ts from "typescript";
import { root } from "./places.ts";

/** An insertion (end === start) or replacement of text. */
type Edit = { start: number; end: number; text: string };

/** Methods of arrays and what stands for them: functions of this file. */
const LISTS = "toolchain/lists.ts";
const METHODS = new Map([
  ["map", "listMapped"], ["filter", "listFiltered"], ["find", "listFound"], ["findIndex", "listIndex"], ["some", "listHasSome"], ["every", "listHasOnly"],
]);

/** Copies the program of `entry` below `folder`, rewritten; returns the entry's copy. */
export function rewriteProgram(entry: string, folder: string): string {
  const program = ts.createProgram([entry], {
    target: ts.ScriptTarget.ES2022, lib: ["lib.es2022.d.ts"], module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
    allowImportingTsExtensions: true, noEmit: true, strict: true, types: ["node"], typeRoots: [join(root, "node_modules/@types")], skipLibCheck: true,
  });
  const checker = program.getTypeChecker();
  for (const file of program.getSourceFiles()) {
    if (file.fileName.includes("/node_modules/") || !file.fileName.startsWith(`${root}/`)) continue;
    const to = join(folder, relative(root, file.fileName));
    mkdirSync(dirname(to), { recursive: true });
    if (file.isDeclarationFile) copyFileSync(file.fileName, to);
    else writeFileSync(to, applied(file.text, editsOf(file, checker)));
  }
  mkdirSync(dirname(join(folder, LISTS)), { recursive: true });
  copyFileSync(join(root, LISTS), join(folder, LISTS));
  return join(folder, relative(root, entry));
}

function editsOf(file: ts.SourceFile, checker: ts.TypeChecker): Edit[] {
  const edits: Edit[] = [];
  const called = new Set<string>();
  let count = 0;
  const visit = (n: ts.Node): void => {
    if (ts.isForOfStatement(n) && isPlainArray(checker.getTypeAtLocation(n.expression), checker) && !ts.isLabeledStatement(n.parent)) {
      const loop = loopEdits(n, file, `of${count}`);
      count += 1;
      for (const e of loop) edits.push(e);
    }
    const list = ts.isCallExpression(n) ? listFunction(n, checker) : undefined;
    if (list !== undefined) {
      called.add(list);
      for (const e of callEdits(n as ts.CallExpression, file, list)) edits.push(e);
    }
    ts.forEachChild(n, visit);
  };
  visit(file);
  if (called.size > 0) edits.push({ start: 0, end: 0, text: `import { ${[...called].join(", ")} } from "${relative(dirname(file.fileName), join(root, LISTS))}"; ` });
  return edits;
}

/** The function that stands for a method called with a function of one plain parameter. */
function listFunction(n: ts.CallExpression, checker: ts.TypeChecker): string | undefined {
  const of = n.expression;
  const f = n.arguments[0];
  if (!ts.isPropertyAccessExpression(of) || of.questionDotToken !== undefined || n.arguments.length !== 1 || n.typeArguments !== undefined) return undefined;
  if (!takesOne(f!, checker)) return undefined;
  return isPlainArray(checker.getTypeAtLocation(of.expression), checker) ? METHODS.get(of.name.text) : undefined;
}

/** An arrow function, or the name of a function of ours. */
function takesOne(f: ts.Expression, checker: ts.TypeChecker): boolean {
  if (ts.isArrowFunction(f)) return f.parameters.length === 1 && f.type === undefined && ts.isIdentifier(f.parameters[0]!.name);
  const made = ts.isIdentifier(f) ? checker.getTypeAtLocation(f).symbol?.declarations ?? [] : [];
  const only = made.length === 1 ? made[0]! : undefined;
  if (only === undefined || !ts.isFunctionDeclaration(only) || only.getSourceFile().isDeclarationFile || only.typeParameters !== undefined) return false;
  return only.parameters.length === 1 && only.parameters[0]!.dotDotDotToken === undefined && (only.type === undefined || !ts.isTypePredicateNode(only.type));
}

/** `e.map(f)` → `listMapped(e, f)`. */
function callEdits(n: ts.CallExpression, file: ts.SourceFile, list: string): Edit[] {
  const of = (n.expression as ts.PropertyAccessExpression).expression;
  const start = of.getStart(file);
  return [{ start, end: start, text: `${list}(` }, { start: of.getEnd(), end: n.arguments[0]!.getStart(file), text: ", " }];
}

function isPlainArray(t: ts.Type, checker: ts.TypeChecker): boolean {
  return checker.isArrayType(t) && !checker.isTupleType(t);
}

/** `for (const x of e) body` → `{ const a = e; for (let i = 0; i < a.length; i++) { const x = a[i]!; body } }`. */
function loopEdits(n: ts.ForOfStatement, file: ts.SourceFile, id: string): Edit[] {
  if (!ts.isVariableDeclarationList(n.initializer)) return [];
  const name = n.initializer.declarations[0]!.name;
  if (!ts.isIdentifier(name)) return [];
  const start = n.getStart(file);
  const word = n.initializer.flags & ts.NodeFlags.Const ? "const" : "let";
  const head = `; for (let at_${id} = 0; at_${id} < list_${id}.length; at_${id}++) { ${word} ${name.text} = list_${id}[at_${id}]!; `;
  return [
    { start, end: n.expression.getStart(file), text: `{ const list_${id} = ` },
    { start: n.expression.getEnd(), end: n.statement.getStart(file), text: head },
    { start: n.statement.getEnd(), end: n.statement.getEnd(), text: " } }" },
  ];
}

/** Newlines of what is replaced are kept, so that line numbers stay right. */
function applied(text: string, edits: Edit[]): string {
  const ordered = edits.slice().sort((a, b) => a.start - b.start || a.end - b.end);
  const out: string[] = [];
  let at = 0;
  for (const e of ordered) {
    out.push(text.slice(at, e.start), e.text, "\n".repeat(text.slice(e.start, e.end).split("\n").length - 1));
    at = e.end;
  }
  out.push(text.slice(at));
  return out.join("");
}
