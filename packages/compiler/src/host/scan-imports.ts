/**
 * The imports that a source file spells out, found without running it: so that a file which is only
 * imported later, or under a condition, is not left out of a bundle. A scanner of tokens, not a parser:
 * it knows comments, strings, templates and regular expressions, and needs to know nothing else.
 */

/** One import. `computed`: its target is not a literal, so nobody knows it before the code runs. */
export type Import =
  | { readonly kind: "static" | "dynamic" | "asset"; readonly specifier: string; readonly line: number }
  | { readonly kind: "computed"; readonly line: number };

interface Token {
  /** `string` holds the text, `template` one with holes, `word` identifiers, keywords and numbers. */
  readonly kind: "word" | "string" | "template" | "mark";
  readonly text: string;
  readonly line: number;
}

/** Every import of a file that exists when it runs; imports of types alone are erased and left out. */
export function importsOf(source: string): readonly Import[] {
  const tokens = tokensOf(source);
  const found: Import[] = [];
  tokens.forEach((token, i) => {
    if (token.kind !== "word" || tokens[i - 1]?.text === ".") return;
    if (token.text === "import") found.push(...importAt(tokens, i));
    else if (token.text === "export") found.push(...reexportAt(tokens, i));
    else if (token.text === "require") found.push(...requireAt(tokens, i));
    else if (token.text === "new") found.push(...assetAt(tokens, i));
  });
  return found;
}

function importAt(tokens: readonly Token[], i: number): readonly Import[] {
  const next = tokens[i + 1];
  const { line } = tokens[i] as Token;
  if (next === undefined || next.text === "." || next.text === ":") return [];
  if (next.kind === "string") return [{ kind: "static", specifier: next.text, line }];
  if (next.kind === "mark" && next.text === "(") {
    const target = tokens[i + 2];
    const after = tokens[i + 3]?.text;
    const whole = target?.kind === "string" && (after === ")" || after === ",");
    return [whole ? { kind: "dynamic", specifier: target.text, line } : { kind: "computed", line }];
  }
  const from = fromAfter(tokens, i + 1);
  if (from === undefined || isTypeOnly(tokens, i)) return [];
  return [{ kind: "static", specifier: from, line }];
}

function reexportAt(tokens: readonly Token[], i: number): readonly Import[] {
  const type = tokens[i + 1]?.text === "type";
  const start = type ? i + 2 : i + 1;
  const opens = tokens[start]?.text;
  if (opens !== "{" && opens !== "*") return [];
  const end =
    opens === "{"
      ? tokens.findIndex((token, at) => at > start && token.kind === "mark" && token.text === "}")
      : start + (tokens[start + 1]?.text === "as" ? 2 : 0);
  const target = tokens[end + 2];
  if (type || end < 0 || tokens[end + 1]?.text !== "from" || target?.kind !== "string") return [];
  return [{ kind: "static", specifier: target.text, line: (tokens[i] as Token).line }];
}

function requireAt(tokens: readonly Token[], i: number): readonly Import[] {
  const target = tokens[i + 2];
  if (tokens[i + 1]?.text !== "(" || target?.kind !== "string" || tokens[i + 3]?.text !== ")") return [];
  return [{ kind: "dynamic", specifier: target.text, line: (tokens[i] as Token).line }];
}

/** `new URL('./data.txt', import.meta.url)`: a file that the code reads. */
function assetAt(tokens: readonly Token[], i: number): readonly Import[] {
  const rest = tokens.slice(i + 1, i + 10).map(({ kind, text }) => (kind === "string" ? "string" : text));
  const target = tokens[i + 3];
  if (rest.join(" ") !== "URL ( string , import . meta . url" || target === undefined || !/^\.{1,2}\//.test(target.text)) return [];
  return [{ kind: "asset", specifier: target.text, line: (tokens[i] as Token).line }];
}

function fromAfter(tokens: readonly Token[], start: number): string | undefined {
  for (let i = start; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    if (token.kind === "word" && token.text === "from" && tokens[i + 1]?.kind === "string") return tokens[i + 1]?.text;
    if (token.text === ";" || token.text === "=" || token.kind === "string") return undefined;
  }
  return undefined;
}

/** `import type X from`, but not `import type from`, which imports a value named type. */
function isTypeOnly(tokens: readonly Token[], i: number): boolean {
  if (tokens[i + 1]?.text !== "type") return false;
  const second = tokens[i + 2];
  return !(second?.text === "," || (second?.text === "from" && tokens[i + 3]?.kind === "string"));
}

const wordsBeforeRegex = new Set("return typeof case in of delete void throw new else do instanceof await yield".split(" "));

/** Where a scan stands. */
interface Cursor {
  at: number;
  line: number;
}

function tokensOf(source: string): readonly Token[] {
  const tokens: Token[] = [];
  scan(source, { at: 0, line: 1 }, tokens, false);
  return tokens;
}

/** Scans to the end, or (in the hole of a template) to the brace that closes it. */
function scan(source: string, cursor: Cursor, tokens: Token[], inHole: boolean): void {
  let depth = 0;
  while (cursor.at < source.length) {
    const char = source[cursor.at] as string;
    if (char === "\n") cursor.line++;
    if (/\s/.test(char)) cursor.at++;
    else if (source.startsWith("//", cursor.at)) skipTo(source, cursor, "\n", 0);
    else if (source.startsWith("/*", cursor.at)) skipTo(source, cursor, "*/", 2);
    else if (char === '"' || char === "'") tokens.push({ kind: "string", line: cursor.line, text: readString(source, cursor, char) });
    else if (char === "`") readTemplate(source, cursor, tokens);
    else if (char === "/" && regexMayStart(tokens.at(-1))) skipRegex(source, cursor);
    else if (/[\w$\u0080-\uffff]/.test(char)) {
      const word = /^[\w$\u0080-\uffff]+/.exec(source.slice(cursor.at, cursor.at + 512))?.[0] ?? char;
      tokens.push({ kind: "word", text: word, line: cursor.line });
      cursor.at += word.length;
    } else {
      if (char === "{") depth++;
      if (char === "}" && depth-- === 0 && inHole) return;
      tokens.push({ kind: "mark", text: char, line: cursor.line });
      cursor.at++;
    }
  }
}

function skipTo(source: string, cursor: Cursor, end: string, length: number): void {
  const found = source.indexOf(end, cursor.at + length);
  const to = found < 0 ? source.length : found + length;
  cursor.line += source.slice(cursor.at, to).split("\n").length - 1;
  cursor.at = to;
}

function readString(source: string, cursor: Cursor, quote: string): string {
  let text = "";
  cursor.at++;
  while (cursor.at < source.length && source[cursor.at] !== quote && source[cursor.at] !== "\n") {
    if (source[cursor.at] === "\\") {
      cursor.at++;
      if (source[cursor.at] === "\n") cursor.line++;
    }
    text += source[cursor.at] ?? "";
    cursor.at++;
  }
  cursor.at++;
  return text;
}

function readTemplate(source: string, cursor: Cursor, tokens: Token[]): void {
  const { line } = cursor;
  let text = "";
  let holes = false;
  cursor.at++;
  while (cursor.at < source.length && source[cursor.at] !== "`") {
    if (source.startsWith("${", cursor.at)) {
      holes = true;
      cursor.at += 2;
      tokens.push({ kind: "template", text: "", line });
      scan(source, cursor, tokens, true);
      cursor.at++;
      continue;
    }
    if (source[cursor.at] === "\\") cursor.at++;
    if (source[cursor.at] === "\n") cursor.line++;
    text += source[cursor.at] ?? "";
    cursor.at++;
  }
  cursor.at++;
  tokens.push({ kind: holes ? "template" : "string", text, line });
}

function regexMayStart(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === "word") return wordsBeforeRegex.has(before.text);
  return before.kind === "mark" && before.text !== ")" && before.text !== "]";
}

function skipRegex(source: string, cursor: Cursor): void {
  let inClass = false;
  for (let i = cursor.at + 1; i < source.length && source[i] !== "\n"; i++) {
    if (source[i] === "\\") i++;
    else if (source[i] === "[") inClass = true;
    else if (source[i] === "]") inClass = false;
    else if (source[i] === "/" && !inClass) {
      cursor.at = i + 1;
      return;
    }
  }
  cursor.at++;
}
