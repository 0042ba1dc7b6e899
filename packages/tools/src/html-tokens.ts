/**
 * HTML as a row of texts and tags, forgiving as browsers are. Pure, and linear in the length of what it reads: whatever
 * is not closed goes to the end, and nothing is looked for twice.
 */
export type HtmlToken =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "open"; readonly name: string; readonly attributes: ReadonlyMap<string, string> }
  | { readonly kind: "close"; readonly name: string };

/** Elements whose content is no HTML. */
const rawText: ReadonlySet<string> = new Set(["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "noscript"]);

const named: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  copy: "©",
  reg: "®",
  trade: "™",
  hellip: "…",
  mdash: "—",
  ndash: "–",
  lsquo: "‘",
  rsquo: "’",
  sbquo: "‚",
  ldquo: "“",
  rdquo: "”",
  bdquo: "„",
  laquo: "«",
  raquo: "»",
  lsaquo: "‹",
  rsaquo: "›",
  bull: "•",
  middot: "·",
  sect: "§",
  para: "¶",
  deg: "°",
  plusmn: "±",
  times: "×",
  divide: "÷",
  frac12: "½",
  frac14: "¼",
  frac34: "¾",
  sup1: "¹",
  sup2: "²",
  sup3: "³",
  micro: "µ",
  euro: "€",
  pound: "£",
  yen: "¥",
  cent: "¢",
  larr: "←",
  uarr: "↑",
  rarr: "→",
  darr: "↓",
  harr: "↔",
  ne: "≠",
  le: "≤",
  ge: "≥",
  infin: "∞",
  minus: "−",
  shy: "",
  zwnj: "",
  zwj: "",
  ensp: " ",
  emsp: " ",
  thinsp: " ",
  auml: "ä",
  ouml: "ö",
  uuml: "ü",
  Auml: "Ä",
  Ouml: "Ö",
  Uuml: "Ü",
  szlig: "ß",
  eacute: "é",
  egrave: "è",
  ecirc: "ê",
  euml: "ë",
  agrave: "à",
  aacute: "á",
  acirc: "â",
  aring: "å",
  aelig: "æ",
  ccedil: "ç",
  iacute: "í",
  ntilde: "ñ",
  oacute: "ó",
  ocirc: "ô",
  oslash: "ø",
  uacute: "ú",
  ugrave: "ù",
  ucirc: "û",
  Eacute: "É",
  Aring: "Å",
  Oslash: "Ø",
};

/** A text with its character references read. Those that are not known stay as they are. */
export function decodeReferences(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z][A-Za-z0-9]{1,31}));?/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return Object.hasOwn(named, name) ? (named[name] as string) : whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    return isCharacter ? String.fromCodePoint(code) : "\ufffd";
  });
}

export function* htmlTokens(html: string): Generator<HtmlToken> {
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf("<", at);
    if (open !== at) yield { kind: "text", text: decodeReferences(html.slice(at, open === -1 ? undefined : open)) };
    if (open === -1) return;
    const next = html.charAt(open + 1);
    if (next === "!" || next === "?") at = afterComment(html, open);
    else if (/[A-Za-z]/.test(next) || (next === "/" && /[A-Za-z]/.test(html.charAt(open + 2)))) {
      const tag = readTag(html, open);
      yield tag.token;
      at = tag.end;
      if (tag.token.kind !== "open" || !rawText.has(tag.token.name)) continue;
      const raw = readRawText(html, at, tag.token.name);
      if (raw.text !== "") yield { kind: "text", text: raw.text };
      at = raw.end;
    } else {
      yield { kind: "text", text: "<" };
      at = open + 1;
    }
  }
}

function afterComment(html: string, open: number): number {
  const isComment = html.startsWith("<!--", open);
  const end = isComment ? html.indexOf("-->", open + 4) : html.indexOf(">", open + 2);
  return end === -1 ? html.length : end + (isComment ? 3 : 1);
}

const tagName = /[^\s/>]+/y;
const attribute = /[\s/]*([^\s=/>]+)(?:\s*=\s*)?/y;

function readTag(html: string, open: number): { readonly token: HtmlToken; readonly end: number } {
  const isClose = html.charAt(open + 1) === "/";
  tagName.lastIndex = open + (isClose ? 2 : 1);
  const name = (tagName.exec(html)?.[0] ?? "").toLowerCase();
  let at = tagName.lastIndex;
  const attributes = new Map<string, string>();
  for (;;) {
    attribute.lastIndex = at;
    const found = attribute.exec(html);
    if (found === null) break;
    at = attribute.lastIndex;
    const value = found[0].trimEnd().endsWith("=") ? readValue(html, at) : { text: "", end: at };
    at = value.end;
    const key = (found[1] as string).toLowerCase();
    if (!attributes.has(key)) attributes.set(key, decodeReferences(value.text));
  }
  const end = html.indexOf(">", at);
  return { token: isClose ? { kind: "close", name } : { kind: "open", name, attributes }, end: end === -1 ? html.length : end + 1 };
}

const unquoted = /[^\s>]*/y;

function readValue(html: string, at: number): { readonly text: string; readonly end: number } {
  const quote = html.charAt(at);
  if (quote === '"' || quote === "'") {
    const end = html.indexOf(quote, at + 1);
    return { text: html.slice(at + 1, end === -1 ? undefined : end), end: end === -1 ? html.length : end + 1 };
  }
  unquoted.lastIndex = at;
  const text = unquoted.exec(html)?.[0] ?? "";
  return { text, end: at + text.length };
}

function readRawText(html: string, at: number, name: string): { readonly text: string; readonly end: number } {
  const close = new RegExp(`</${name}(?=[\\s/>])`, "gi");
  close.lastIndex = at;
  const end = close.exec(html)?.index ?? html.length;
  const text = html.slice(at, end);
  return { text: name === "title" || name === "textarea" ? decodeReferences(text) : text, end };
}
