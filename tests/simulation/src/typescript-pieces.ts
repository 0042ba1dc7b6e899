/** The small parts of random bodies: names, expressions and calls, each of a known type. */
import type { SeededRandom } from "@heddle/testkit/simulator";

export type Kind = "n" | "s" | "b" | "l" | "o" | "m";
export interface Variable {
  readonly name: string;
  readonly kind: Kind;
  /** May be assigned here. */
  readonly settable: boolean;
}

export interface Where {
  readonly vars: readonly Variable[];
  readonly depth: number;
  /** Items of the concurrent maps around: they tell calls apart. */
  readonly items: readonly string[];
  /** A failure ends up in a `try`, or is alone. */
  readonly mayFail: boolean;
  readonly concurrent: boolean;
  readonly inLoop: boolean;
  readonly inTry: boolean;
  readonly inFinally: boolean;
  readonly function: "root" | "inner";
}

export class TypeScriptPieces {
  /** Constructs that were made. */
  readonly features = new Set<string>();
  protected readonly random: SeededRandom;
  #names = 0;
  #tags = 0;

  constructor(random: SeededRandom) {
    this.random = random;
  }

  protected mark<Value>(feature: string, value: Value): Value {
    this.features.add(feature);
    return value;
  }

  protected name(prefix: string): string {
    return `${prefix}${++this.#names}`;
  }

  /** Tells calls at different places apart. */
  protected tag(): string {
    return `c${++this.#tags}`;
  }

  protected summary(vars: readonly Variable[]): string {
    const chosen = vars.filter(() => this.random.chance(0.6)).slice(-8);
    return `{ ${["done: true", ...chosen.map(({ name, kind }, i) => `r${i}: ${kind === "m" ? `${name} ?? -1` : name}`)].join(", ")} }`;
  }

  protected of(where: Where, kind: Kind): string | undefined {
    const fitting = where.vars.filter((one) => one.kind === kind);
    return fitting.length === 0 ? undefined : this.random.pick(fitting.slice(-5)).name;
  }

  protected number(where: Where, depth = 0): string {
    const random = this.random;
    const any = this.of(where, "n") ?? "1";
    const o = this.of(where, "o") ?? "input.o";
    const l = this.of(where, "l") ?? "input.list";
    const m = this.of(where, "m");
    const deeper = (): string => (depth > 1 ? any : this.number(where, depth + 1));
    switch (random.integer(0, 12)) {
      case 0:
        return String(random.integer(-3, 9));
      case 1:
        return this.mark("property", `${o}.n`);
      case 2:
        return this.mark("length", random.chance(0.5) ? `${l}.length` : `${o}.s.length`);
      case 3:
        return this.mark("index", `(${l}[${random.integer(0, 3)}] ?? ${random.integer(0, 9)})`);
      case 4:
        return this.mark("index-computed", `(${l}[${any} % 3] ?? ${deeper()})`);
      case 5:
        return this.mark("arithmetic", `((${deeper()} ${random.pick(["+", "-", "*"])} ${deeper()}) % ${random.integer(5, 50)})`);
      case 6:
        return this.mark("ternary", `(${this.condition(where, depth + 1)} ? ${deeper()} : ${deeper()})`);
      case 7:
        return this.mark("nullish", `(${o}.opt ?? ${deeper()})`);
      case 8:
        return this.mark("optional-chain", `(${o}.inner?.v ?? ${deeper()})`);
      case 9:
        return m === undefined ? any : this.mark("nullish", `(${m} ?? ${deeper()})`);
      case 10:
        return this.mark("module-constant", "LIMIT");
      case 11:
        return this.mark("negative", `(-${any})`);
      default:
        return any;
    }
  }

  protected text(where: Where): string {
    const random = this.random;
    const s = this.of(where, "s") ?? '"x"';
    const o = this.of(where, "o") ?? "input.o";
    switch (random.integer(0, 5)) {
      case 0:
        return this.mark("template", `\`t\${${this.number(where)}}-\${${s}.length}\``);
      case 1:
        return this.mark("template", `\`\${${o}.kind} and \${${this.condition(where)}}\``);
      case 2:
        return this.mark("text-plus", `("v" + ${this.number(where)})`);
      case 3:
        return this.mark("property", `${o}.s`);
      case 4:
        return `"lit${random.integer(0, 3)}"`;
      default:
        return s;
    }
  }

  protected condition(where: Where, depth = 0): string {
    const random = this.random;
    const o = this.of(where, "o") ?? "input.o";
    const b = this.of(where, "b") ?? "true";
    const m = this.of(where, "m");
    const simple = (): string => (depth > 1 ? b : this.condition(where, depth + 1));
    switch (random.integer(0, 9)) {
      case 0:
        return this.mark(
          "comparison",
          `(${this.number(where, depth + 1)} ${random.pick(["<", "<=", ">", ">="])} ${this.number(where, depth + 1)})`,
        );
      case 1:
        return this.mark("equality", `(${this.number(where, depth + 1)} ${random.pick(["===", "!=="])} ${this.number(where, depth + 1)})`);
      case 2:
        return this.mark("equality", `(${o}.kind ${random.pick(["===", "!=="])} "${random.pick(["a", "b", "c"])}")`);
      case 3:
        return this.mark("logical", `(${simple()} ${random.pick(["&&", "||"])} ${simple()})`);
      case 4:
        return this.mark("not", `!${simple()}`);
      case 5:
        return this.mark("includes", `${this.of(where, "l") ?? "input.list"}.includes(${this.number(where, depth + 1)})`);
      case 6:
        return this.mark("starts-with", `${this.of(where, "s") ?? "input.s"}.startsWith("${random.pick(["t", "v", "lit"])}")`);
      case 7:
        return m === undefined ? `${o}.flag` : this.mark("null-test", `(${m} ${random.pick(["===", "!==", "=="])} null)`);
      case 8:
        return `${o}.flag`;
      default:
        return b;
    }
  }

  /** A call, without its `await`. */
  protected call(where: Where, name: string): string {
    const random = this.random;
    const tag = `"${this.tag()}"`;
    const extra = random.chance(0.3) ? `, s: ${this.text(where)}` : "";
    const at = where.items.length === 0 ? "" : `, at: [${where.items.join(", ")}]`;
    return `${name}({ tag: ${tag}, n: ${this.number(where)}${extra}${at} })`;
  }

  protected step(where: Where, kind: Kind): string {
    const names: Readonly<Record<string, string>> = { n: "num", s: "text", b: "flag", l: "list", o: "obj" };
    if (kind === "n" && where.mayFail && this.random.chance(0.35)) return this.mark("failing-step", this.call(where, "risky"));
    if (kind === "n" && this.random.chance(0.15)) return this.mark("child", this.call(where, "child"));
    return this.call(where, names[kind] ?? "num");
  }

  protected quietCall(where: Where, name: string): string {
    return this.call({ ...where, mayFail: false }, name);
  }

  protected value(where: Where, kind: Kind): string {
    switch (kind) {
      case "s":
        return this.text(where);
      case "b":
        return this.condition(where);
      case "l":
        return this.mark("array", `[${this.number(where)}, ${this.number(where)}, 77]`);
      case "o":
        return this.mark(
          "object",
          `{ n: ${this.number(where)}, s: ${this.text(where)}, kind: "b" as Kind, flag: ${this.condition(where)}, list: [1, 2], opt: ${this.number(where)}, inner: { v: ${this.number(where)} } }`,
        );
      default:
        return this.number(where);
    }
  }
}
