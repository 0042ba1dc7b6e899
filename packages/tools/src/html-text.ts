/**
 * HTML as text that a person or a model can read: headings, paragraphs, lists, tables and links stay recognisable, what
 * is not shown (scripts, styles, templates) is left out. Pure; no script runs and nothing is loaded.
 */
import { type HtmlToken, htmlTokens } from "./html-tokens.ts";

/** Left out with all that is in them. */
const unseen: ReadonlySet<string> = new Set(
  "script style template svg math iframe object canvas audio video select noscript noembed noframes datalist head".split(" "),
);
/** Begin and end a line; with `apart` an empty one is between them and others. */
const lines: ReadonlySet<string> = new Set(
  "div section article header footer main nav aside address tr dt dd li option figure figcaption form fieldset body html details summary legend".split(
    " ",
  ),
);
const apart: ReadonlySet<string> = new Set("p h1 h2 h3 h4 h5 h6 ul ol dl table blockquote pre hr".split(" "));
/** Have no end, so that nothing is in them. */
const single: ReadonlySet<string> = new Set("area base br col embed hr img input link meta param source track wbr".split(" "));

/** The text of a page, and its title. Links are made absolute by `url`. */
export function textOfHtml(html: string, url: string): { title: string; text: string } {
  const page = new Page(url);
  for (const token of htmlTokens(html)) page.take(token);
  return { title: page.title, text: page.text() };
}

interface Link {
  readonly target: string;
  readonly startedAt: number;
}

class Page {
  title = "";
  readonly #base: string;
  readonly #written: string[] = [];
  /** Ends of lines that are due before the next text. */
  #due = 0;
  #isBlankDue = false;
  /** The unseen element that everything is in now, and how many of its name are open. */
  #hidden: { readonly name: string; depth: number } | undefined;
  #isTitle = false;
  #preformatted = 0;
  readonly #lists: { readonly isOrdered: boolean; count: number }[] = [];
  #link: Link | undefined;
  #isFirstCell = true;
  /** What begins a line was written, and nothing after it: blocks inside it begin on that line. */
  #isPrefixed = false;

  constructor(base: string) {
    this.#base = base;
  }

  take(token: HtmlToken): void {
    if (token.kind === "text") {
      if (this.#isTitle) this.title ||= token.text.replace(/\s+/g, " ").trim();
      else if (this.#hidden === undefined) this.#write(token.text);
      return;
    }
    if (token.name === "title" && (this.#hidden === undefined || this.#hidden.name === "head")) {
      this.#isTitle = token.kind === "open";
      return;
    }
    if (this.#hide(token)) return;
    if (token.kind === "open") this.#open(token.name, token.attributes);
    else this.#close(token.name);
  }

  text(): string {
    const lines = this.#written.join("").split("\n");
    return lines
      .map((line) => line.trimEnd())
      .join("\n")
      .trim();
  }

  /** Whether the tag is of, or in, what is not shown. A page that forgets to close its head has a body all the same. */
  #hide(token: Exclude<HtmlToken, { kind: "text" }>): boolean {
    const { kind, name } = token;
    if (this.#hidden?.name === "head" && kind === "open" && name === "body") this.#hidden = undefined;
    if (this.#hidden !== undefined) {
      if (name === this.#hidden.name) this.#hidden.depth += kind === "open" ? 1 : -1;
      if (this.#hidden.depth === 0) this.#hidden = undefined;
      return true;
    }
    if (kind !== "open" || !unseen.has(name)) return false;
    this.#hidden = { name, depth: 1 };
    return true;
  }

  #open(name: string, attributes: ReadonlyMap<string, string>): void {
    this.#break(name);
    if (name === "br") this.#due++;
    else if (name === "hr") this.#write("---");
    else if (name === "pre") this.#preformatted++;
    else if (name === "ul" || name === "ol") this.#lists.push({ isOrdered: name === "ol", count: 0 });
    else if (name === "li") this.#bullet();
    else if (name === "tr") this.#isFirstCell = true;
    else if (name === "td" || name === "th") this.#cell();
    else if (name === "img") this.#write(attributes.get("alt") ?? "");
    else if (/^h[1-6]$/.test(name)) this.#prefix(`${"#".repeat(Number(name.charAt(1)))} `);
    else if (name === "a") this.#link = this.#linkOf(attributes.get("href"));
    if (single.has(name)) this.#break(name);
  }

  #close(name: string): void {
    if (name === "a") this.#endLink();
    else if (name === "pre") this.#preformatted = Math.max(0, this.#preformatted - 1);
    else if (name === "ul" || name === "ol") this.#lists.pop();
    this.#break(name);
  }

  #break(name: string): void {
    // A list in a list stands with it.
    const isInner = (name === "ul" || name === "ol") && this.#lists.length > 0;
    if (apart.has(name) && !isInner) this.#isBlankDue = true;
    if (apart.has(name) || lines.has(name)) this.#due = Math.max(this.#due, 1);
  }

  #bullet(): void {
    const list = this.#lists.at(-1);
    if (list !== undefined) list.count++;
    const mark = list?.isOrdered === true ? `${list.count}. ` : "- ";
    this.#prefix("  ".repeat(Math.min(8, Math.max(0, this.#lists.length - 1))) + mark);
  }

  #cell(): void {
    if (!this.#isFirstCell) this.#mark(" | ");
    this.#isFirstCell = false;
  }

  #linkOf(href: string | undefined): Link | undefined {
    if (href === undefined || !URL.canParse(href, this.#base)) return undefined;
    const target = new URL(href, this.#base);
    // A link into the same page, or to a program of whoever reads it, leads nowhere.
    if (!/^https?:$/.test(target.protocol) || href.startsWith("#")) return undefined;
    return { target: target.href, startedAt: this.#written.length };
  }

  #endLink(): void {
    const link = this.#link;
    this.#link = undefined;
    if (link === undefined || this.#written.length === link.startedAt) return;
    this.#write(` (${link.target})`);
  }

  /** Breaks that are due, and then this, as it is. */
  #mark(text: string): void {
    this.#flush();
    this.#written.push(text);
  }

  #prefix(text: string): void {
    this.#mark(text);
    this.#isPrefixed = true;
  }

  #flush(): void {
    if (this.#isPrefixed) this.#due = 0;
    if (this.#isPrefixed) this.#isBlankDue = false;
    this.#isPrefixed = false;
    if (this.#written.length > 0 && (this.#due > 0 || this.#isBlankDue))
      this.#written.push("\n".repeat(this.#isBlankDue ? 2 : Math.min(2, this.#due)));
    this.#due = 0;
    this.#isBlankDue = false;
  }

  #write(given: string): void {
    if (this.#preformatted > 0) {
      if (given !== "") this.#mark(given);
      return;
    }
    const text = given.replace(/\s+/g, " ");
    if (text === "") return;
    const isDue = this.#due > 0 || this.#isBlankDue;
    if (text === " ") {
      // Between blocks white space is nothing; between words it is one.
      if (!isDue && this.#written.length > 0 && !endsInSpace(this.#written.at(-1))) this.#written.push(" ");
      return;
    }
    this.#flush();
    const last = this.#written.at(-1);
    this.#written.push(last === undefined || endsInSpace(last) ? text.trimStart() : text);
  }
}

function endsInSpace(text = ""): boolean {
  return /\s/.test(text.charAt(text.length - 1));
}
