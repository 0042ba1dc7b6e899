/**
 * A command as text, split into the words that a POSIX shell would make of it: where nothing but quoting is
 * asked of the shell, none is needed, and none is started. Everything else is refused by the character that
 * asks for it. Pure.
 *
 * Architecture invariant: what is accepted here means the same to /bin/sh, byte for byte; a test asks it.
 */
import { strangeCharacterIn } from "../characters.ts";
import { type Refusal, refuse, shown } from "../refusal.ts";

export const commandCharactersMax = 65_536;

export interface SplitCommand {
  /** At least one word; the first names a program. */
  readonly argv: readonly string[];
}

/** Outside quotes: operators, redirects, expansions, patterns, braces, and the negation that is also history. */
const needsShell = "|&;<>()$`*?[{}!";
const blanks = " \t\n";

/** Words that, unquoted at the beginning, are the grammar of a shell and no program. */
const reserved = new Set("if then else elif fi do done case esac while until for in function select time coproc [[ ]]".split(" "));

/** What only a shell can do to itself; started as a program it would do nothing, or not exist. */
const builtins = new Set(
  ": . alias bg break cd continue eval exec exit export fc fg getopts hash jobs local read readonly return set shift source times trap type ulimit umask unalias unset wait".split(
    " ",
  ),
);

/**
 * Codes: `command-needs-shell` (the message names the character or
 * word), `command-unfinished` (a quote is not closed), `command-empty`, `command-character`, `command-too-long`.
 */
export function splitCommand(text: string): SplitCommand | Refusal {
  if (text.length > commandCharactersMax) {
    return refuse("command-too-long", `the command has more than ${commandCharactersMax} characters: put what is long into a file`);
  }
  const strange = strangeCharacterIn(text, { lines: true });
  if (strange !== undefined) return refuse("command-character", `the command ${shown(text)} has the character ${strange}: leave it out`);
  return new Splitter(text).words();
}

/** Written so that {@link splitCommand} and a shell give the same words back. */
export function joinCommand(argv: readonly string[]): string {
  return argv.map((word, index) => (isPlain(word, index === 0) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}

function isPlain(word: string, isFirst: boolean): boolean {
  return /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(word) && !(isFirst && (word.includes("=") || reserved.has(word) || builtins.has(word)));
}

class Splitter {
  readonly #text: string;
  readonly #words: string[] = [];
  #at = 0;
  /** The word that is being read; undefined between words. */
  #word: string | undefined;
  /** Something of it was in quotes. */
  #isQuoted = false;

  constructor(text: string) {
    this.#text = text;
  }

  words(): SplitCommand | Refusal {
    for (; this.#at < this.#text.length; this.#at++) {
      const refused = this.#take(this.#text[this.#at] ?? "");
      if (refused !== undefined) return refused;
    }
    const refused = this.#endWord();
    if (refused !== undefined) return refused;
    if (this.#words.length > 0 && this.#words[0] !== "") return { argv: this.#words };
    return refuse("command-empty", "the command names no program: write one, as in ls -l");
  }

  #take(character: string): Refusal | undefined {
    if (character === "'") return this.#single();
    if (character === '"') return this.#double();
    if (character === "\\") return this.#escaped();
    if (blanks.includes(character)) return this.#blank(character);
    if (needsShell.includes(character) || this.#asksHere(character)) return this.#refuse(character);
    this.#word = (this.#word ?? "") + character;
    return undefined;
  }

  /** Characters that ask for a shell in some places only: a comment, a home folder. */
  #asksHere(character: string): boolean {
    if (character === "#") return this.#word === undefined;
    if (character !== "~") return false;
    const before = this.#text[this.#at - 1];
    return this.#word === undefined || before === "=" || before === ":";
  }

  #blank(character: string): Refusal | undefined {
    const isEnd = this.#text.slice(this.#at).trim() === "";
    // A line end after the last word ends nothing else.
    if (character === "\n" && !isEnd) return this.#refuse("a new line");
    return this.#endWord();
  }

  #single(): Refusal | undefined {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end === -1) return this.#unfinished("'");
    this.#quote(this.#text.slice(this.#at + 1, end));
    this.#at = end;
    return undefined;
  }

  #double(): Refusal | undefined {
    let quoted = "";
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const character = this.#text[at] ?? "";
      if (character === '"') {
        this.#quote(quoted);
        this.#at = at;
        return undefined;
      }
      if (character === "$" || character === "`") return this.#refuse(character);
      const next = this.#text[at + 1] ?? "";
      if (character === "\\" && next === "\n") return this.#refuse("a continued line");
      if (character === "\\" && next !== "" && '$`"\\'.includes(next)) {
        quoted += next;
        at += 1;
      } else quoted += character;
    }
    return this.#unfinished('"');
  }

  #escaped(): Refusal | undefined {
    const next = this.#text.codePointAt(this.#at + 1);
    if (next === undefined) return this.#unfinished("\\");
    const character = String.fromCodePoint(next);
    if (character === "\n") return this.#refuse("a continued line");
    this.#quote(character);
    this.#at += character.length;
    return undefined;
  }

  #quote(text: string): void {
    this.#word = (this.#word ?? "") + text;
    this.#isQuoted = true;
  }

  #endWord(): Refusal | undefined {
    const word = this.#word;
    if (word === undefined) return undefined;
    const isFirst = this.#words.length === 0;
    if (isFirst && /^[A-Za-z_]\w*\+?=/.test(word)) {
      const name = word.slice(0, word.indexOf("="));
      return refuse("command-needs-shell", `the command sets the variable ${name}: give it in the environment, or run it as a script`);
    }
    // A name that begins with this sign is a job to some shells, in quotes too.
    const isShells = builtins.has(word) || word.startsWith("%") || (reserved.has(word) && !this.#isQuoted);
    if (isFirst && isShells) return this.#refuse(word);
    this.#words.push(word);
    this.#word = undefined;
    this.#isQuoted = false;
    return undefined;
  }

  #refuse(what: string): Refusal {
    const piece = what.length === 1 ? `the character ${what}` : what;
    const ways = "put it in quotes where it is meant as it is, or run the command as a script";
    return refuse("command-needs-shell", `the command ${shown(this.#text)} needs a shell for ${piece}: ${ways}`);
  }

  #unfinished(quote: string): Refusal {
    return refuse("command-unfinished", `the command ${shown(this.#text)} ends within ${quote}: close it`);
  }
}
