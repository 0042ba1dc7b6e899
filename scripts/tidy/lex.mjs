// Splits TypeScript into code, comments and text, without a parser.
//
// The checks look for words in code, and must neither find them in a comment or a string nor lose their place. So `lex`
// gives the source back with everything that is not code blanked out, character for character: positions and line
// numbers stay true. It knows strings, templates with their holes, regular expressions and comments; it does not need to
// know anything else.

const wordBeforeRegex = new Set("return typeof case in of delete void throw new else do instanceof await yield".split(" "));

/** Whether a slash after this much code starts a regular expression rather than a division. */
function startsRegex(code) {
  const before = code.trimEnd();
  if (before === "") return true;
  const last = before.at(-1);
  if (last === "<") return false;
  if (last === ">") return before.at(-2) === "=";
  if ("(,=:[!&|?{};+-*%~^}".includes(last)) return true;
  const word = /[\w$]+$/.exec(before)?.[0];
  return word !== undefined && wordBeforeRegex.has(word);
}

/** The end of a quoted string that starts at `at`, or undefined when its line ends first. */
function endOfString(source, at) {
  const quote = source[at];
  for (let i = at + 1; i < source.length; i += 1) {
    if (source[i] === "\\") i += 1;
    else if (source[i] === quote) return i;
    else if (source[i] === "\n") return undefined;
  }
  return undefined;
}

function endOfRegex(source, at) {
  let inClass = false;
  for (let i = at + 1; i < source.length; i += 1) {
    const char = source[i];
    if (char === "\n") return undefined;
    if (char === "\\") i += 1;
    else if (char === "[") inClass = true;
    else if (char === "]") inClass = false;
    else if (char === "/" && !inClass) {
      let end = i;
      while (/[a-z]/.test(source[end + 1] ?? "")) end += 1;
      return end;
    }
  }
  return undefined;
}

const blank = (text) => text.replace(/[^\n]/g, " ");

/**
 * @param {string} source
 * @returns {{ code: string, comments: { text: string, at: number }[] }} the source with comments, regular expressions
 *   and the insides of strings and templates blanked out, and the comments with their offsets
 */
export function lex(source) {
  const comments = [];
  let code = "";
  // One entry per open template hole: the depth of braces inside it.
  const holes = [];
  let i = 0;

  const skipTo = (end) => {
    code += blank(source.slice(i, end));
    i = end;
  };

  /** Blanks a template's text from `i` up to its closing backtick or its next hole. */
  const templateText = () => {
    let end = i;
    while (end < source.length) {
      if (source[end] === "\\") end += 2;
      else if (source[end] === "`") {
        skipTo(end);
        code += "`";
        i += 1;
        return;
      } else if (source[end] === "$" && source[end + 1] === "{") {
        skipTo(end);
        code += "${";
        i += 2;
        holes.push(0);
        return;
      } else end += 1;
    }
    skipTo(source.length);
  };

  while (i < source.length) {
    const char = source[i];
    const next = source[i + 1];
    if (char === "/" && (next === "/" || next === "*")) {
      const closing = next === "/" ? source.indexOf("\n", i) : source.indexOf("*/", i + 2);
      const end = closing === -1 ? source.length : next === "/" ? closing : closing + 2;
      comments.push({ text: source.slice(i, end), at: i });
      skipTo(end);
    } else if (char === '"' || char === "'") {
      const end = endOfString(source, i);
      if (end === undefined) {
        code += char;
        i += 1;
      } else {
        code += char + blank(source.slice(i + 1, end)) + char;
        i = end + 1;
      }
    } else if (char === "`") {
      code += char;
      i += 1;
      templateText();
    } else if (char === "/" && startsRegex(code)) {
      const end = endOfRegex(source, i);
      skipTo(end === undefined ? i + 1 : end + 1);
    } else if (char === "}" && holes.at(-1) === 0) {
      holes.pop();
      code += char;
      i += 1;
      templateText();
    } else {
      if (holes.length > 0 && char === "{") holes[holes.length - 1] += 1;
      if (holes.length > 0 && char === "}") holes[holes.length - 1] -= 1;
      code += char;
      i += 1;
    }
  }
  return { code, comments };
}

/** The number of the line, from 1, that an offset is on. */
export function lineAt(source, offset) {
  let line = 1;
  for (let i = source.indexOf("\n"); i !== -1 && i < offset; i = source.indexOf("\n", i + 1)) line += 1;
  return line;
}

/** The offset of the bracket that closes the one at `open`, in blanked code; -1 when there is none. */
export function closingBracket(code, open) {
  const pairs = { "(": ")", "[": "]", "{": "}" };
  const wanted = [];
  for (let i = open; i < code.length; i += 1) {
    const closes = pairs[code[i]];
    if (closes !== undefined) wanted.push(closes);
    else if (code[i] === wanted.at(-1)) {
      wanted.pop();
      if (wanted.length === 0) return i;
    }
  }
  return -1;
}

/**
 * Every module that the source names: imports, re-exports, dynamic imports, import types and requires with a literal.
 * @returns {{ specifier: string, typeOnly: boolean, at: number }[]}
 */
export function importsOf(source, code) {
  const found = [];
  const named = /\bfrom\s*(['"])|\b(?:import|require)\s*\(\s*(['"`])|\bimport\s*(['"])/g;
  for (const match of code.matchAll(named)) {
    const quoteAt = match.index + match[0].length - 1;
    const end = code.indexOf(code[quoteAt], quoteAt + 1);
    if (end === -1) continue;
    const specifier = source.slice(quoteAt + 1, end);
    if (specifier.includes("\n") || specifier === "") continue;
    const statement = match[1] === undefined ? "" : code.slice(statementStart(code, match.index), match.index);
    found.push({ specifier, typeOnly: /^(?:import|export)\s+type\b/.test(statement), at: quoteAt });
  }
  return found;
}

function statementStart(code, before) {
  const imported = code.lastIndexOf("import", before);
  const exported = code.lastIndexOf("export", before);
  return Math.max(imported, exported, 0);
}
