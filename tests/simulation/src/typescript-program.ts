/**
 * Random bodies of plain workflows, drawn from what is accepted. Every value has a type, every loop an end, and nothing
 * is done of which JavaScript and a workflow are known to think differently (see docs/typescript.md).
 */
import { SeededRandom } from "@heddle/testkit/simulator";
import type { Variable, Where } from "./typescript-pieces.ts";
import { TypeScriptRegions } from "./typescript-regions.ts";

/** Declarations that every body may call. The functions are never run here: stubs stand in for them. */
export const preludeOf = (
  body: string,
): string => `import { approval, bound, failure, handler, signal, sleep, workflow } from "@heddle/compiler/authoring";
interface Call { tag: string; n: number; s?: string; at?: number[] }
type Kind = "a" | "b" | "c";
interface Out { n: number; s: string; kind: Kind; flag: boolean; list: number[]; opt?: number; inner: { v: number | null } }
interface Input { n: number; s: string; list: number[]; flag: boolean; o: Out; opt?: number }
export const num = handler({ name: "num" }, async (_: Call): Promise<number> => 0);
export const text = handler({ name: "text" }, async (_: Call): Promise<string> => "");
export const obj = handler({ name: "obj" }, async (_: Call): Promise<Out> => _ as never);
export const list = handler({ name: "list" }, async (_: Call): Promise<number[]> => []);
export const flag = handler({ name: "flag" }, async (_: Call): Promise<boolean> => true);
export const risky = handler({ name: "risky" }, async (_: Call): Promise<number> => 0);
export const child = workflow({ name: "child" }, async (input: Call): Promise<number> => input.n + 1);
const LIMIT = 4;
export default workflow({ name: "main" }, async (input: Input) => {
${body}
});
`;

export interface TypeScriptProgram {
  readonly seed: number;
  readonly source: string;
  /** The statements alone: what both sides run. */
  readonly body: string;
  readonly features: ReadonlySet<string>;
}

export function typeScriptProgramOf(seed: number): TypeScriptProgram {
  const maker = new Maker(new SeededRandom(seed));
  const body = maker.body();
  return { seed, source: preludeOf(body), body, features: maker.features };
}

class Maker extends TypeScriptRegions {
  /** Statements that may still be written. */
  #budget = 24;

  body(): string {
    const vars: Variable[] = (["n", "s", "b", "l", "o"] as const).map((kind) => ({ name: inputNames[kind], kind, settable: false }));
    const lines: string[] = [];
    const where: Where = {
      vars,
      depth: 0,
      items: [],
      mayFail: true,
      concurrent: false,
      inLoop: false,
      inTry: false,
      inFinally: false,
      function: "root",
    };
    const end = this.block(where, lines, this.random.integer(4, 9), "  ");
    lines.push(`  return ${this.summary(end)};`);
    return lines.join("\n");
  }

  protected block(where: Where, lines: string[], count: number, pad: string): readonly Variable[] {
    let vars = where.vars;
    for (let i = 0; i < count && this.#budget > 0; i++) {
      this.#budget--;
      vars = this.statement({ ...where, vars }, lines, pad) ?? vars;
    }
    return vars;
  }

  statement(where: Where, lines: string[], pad: string): readonly Variable[] | undefined {
    const random = this.random;
    const deep = where.depth >= 3;
    const kinds = {
      call: 16,
      constant: 6,
      variable: 9,
      assign: 13,
      destructure: 4,
      awaiting: 7,
      effect: 4,
      wait: where.concurrent || where.inFinally ? 0 : 6,
      ifs: deep ? 0 : 12,
      switches: deep ? 0 : 6,
      loops: deep ? 0 : 16,
      together: deep ? 0 : 12,
      tries: deep || where.inFinally ? 0 : 11,
      leave: where.depth > 0 && !where.inFinally ? 4 : 0,
    };
    const kind = random.weighted(kinds);
    switch (kind) {
      case "call":
      case "constant":
      case "variable":
        return this.declaration(where, lines, pad, kind);
      case "assign":
        return this.assignment(where, lines, pad);
      case "destructure":
        return this.destructuring(where, lines, pad);
      case "awaiting":
        return this.awaiting(where, lines, pad);
      case "effect":
        lines.push(`${pad}await ${this.step(where, random.pick(["n", "s", "o"]))};`);
        return undefined;
      case "wait":
        return this.wait(where, lines, pad);
      case "ifs":
        return this.ifs(where, lines, pad);
      case "switches":
        return this.switches(where, lines, pad);
      case "loops":
        return this.loops(where, lines, pad);
      case "together":
        return this.together(where, lines, pad);
      case "tries":
        return this.tries(where, lines, pad);
      default:
        this.leave(where, lines, pad);
        return undefined;
    }
  }

  declaration(where: Where, lines: string[], pad: string, how: "call" | "constant" | "variable"): readonly Variable[] {
    const kind = this.random.pick(["n", "n", "s", "b", "l", "o"] as const);
    const name = this.name(kind);
    const changing = where.vars.filter((one) => one.settable && one.kind === "n").at(-1);
    if (how === "constant" && changing !== undefined && !where.inTry && this.random.chance(0.8)) {
      // What a constant was given stays, whatever becomes of the variable.
      lines.push(`${pad}const ${name} = ${changing.name};`, `${pad}${changing.name} += ${this.random.integer(1, 9)};`);
      return this.mark("snapshot", [...where.vars, { name, kind: "n", settable: false }]);
    }
    if (how === "call") {
      const settable = this.random.chance(0.4);
      lines.push(`${pad}${this.mark(settable ? "let" : "const", settable ? "let" : "const")} ${name} = await ${this.step(where, kind)};`);
      return [...where.vars, { name, kind, settable }];
    }
    if (how === "variable" && this.random.chance(0.4)) {
      const maybe = this.name("m");
      lines.push(`${pad}let ${maybe}: number | null = null;`);
      return this.mark("let-null", [...where.vars, { name: maybe, kind: "m", settable: true }]);
    }
    const value = this.value(where, kind);
    lines.push(`${pad}${how === "constant" ? this.mark("const", "const") : this.mark("let", "let")} ${name} = ${value};`);
    return [...where.vars, { name, kind, settable: how === "variable" }];
  }

  protected assignment(where: Where, lines: string[], pad: string): undefined {
    const random = this.random;
    const settable = where.vars.filter((one) => one.settable);
    if (settable.length === 0) return undefined;
    const numbers = settable.filter((each) => each.kind === "n" || each.kind === "m");
    const { name, kind } = random.pick(numbers.length > 0 && random.chance(0.7) ? numbers.slice(-4) : settable.slice(-6));
    if (where.inLoop) this.mark("assign-in-loop", 0);
    else if (where.depth > 0) this.mark("assign-in-branch", 0);
    this.mark("reassign", 0);
    if (kind === "n" && random.chance(0.6)) {
      if (random.chance(0.5)) lines.push(`${pad}${name}${this.mark("update", random.pick(["++", "--"]))};`);
      else lines.push(`${pad}${name} ${this.mark("compound", random.pick(["+=", "-="]))} ${this.number(where)};`);
    } else if (kind === "m" && random.chance(0.5)) lines.push(`${pad}${name} ${this.mark("nullish-assign", "??=")} ${this.number(where)};`);
    else if (kind !== "m" && !where.inTry && random.chance(0.4)) lines.push(`${pad}${name} = await ${this.step(where, kind)};`);
    else lines.push(`${pad}${name} = ${this.value(where, kind)};`);
    return undefined;
  }

  destructuring(where: Where, lines: string[], pad: string): readonly Variable[] {
    const [a, b] = [this.name("n"), this.name("x")];
    if (this.random.chance(0.5)) {
      lines.push(`${pad}const { n: ${a}, kind: ${b} } = await ${this.mark("destructure-object", this.call(where, "obj"))};`);
      return [...where.vars, { name: a, kind: "n", settable: false }, { name: b, kind: "s", settable: false }];
    }
    const [c, d] = [this.name("n"), this.name("s")];
    lines.push(`${pad}const [${c}, ${d}] = await Promise.all([${this.quietCall(where, "num")}, ${this.quietCall(where, "text")}]);`);
    this.mark("destructure-array", 0);
    this.mark("parallel", 0);
    return [...where.vars, { name: c, kind: "n", settable: false }, { name: d, kind: "s", settable: false }];
  }

  /** Steps in the middle of expressions. */
  awaiting(where: Where, lines: string[], pad: string): readonly Variable[] {
    const random = this.random;
    const name = this.name("n");
    const step = (): string => `await ${this.step(where, "n")}`;
    const o = this.of(where, "o") ?? "input.o";
    const choice = random.integer(0, 4);
    if (choice === 0)
      lines.push(
        `${pad}const ${name} = ${this.mark("ternary-await", this.condition(where))} ? ${step()} : ${random.chance(0.5) ? step() : this.number(where)};`,
      );
    else if (choice === 1) lines.push(`${pad}const ${name} = ${o}.opt ?? (${this.mark("nullish-await", step())});`);
    else if (choice === 2) lines.push(`${pad}const ${name} = (${step()}) + (${this.mark("sum-await", step())});`);
    else if (choice === 3) {
      const both = `${this.condition(where)} ${random.pick(["&&", "||"])} (await ${this.mark("logical-await", this.step(where, "b"))})`;
      lines.push(`${pad}const ${name} = (${both}) ? 1 : 2;`);
    } else {
      const inner = `await ${this.call(where, "num")}`;
      lines.push(`${pad}const ${name} = await num({ tag: "${this.tag()}", n: ${this.mark("nested-await", inner)} });`);
    }
    return [...where.vars, { name, kind: "n", settable: false }];
  }

  wait(where: Where, lines: string[], pad: string): readonly Variable[] | undefined {
    const random = this.random;
    switch (random.integer(0, 2)) {
      case 0:
        lines.push(`${pad}await sleep(${this.mark("sleep", random.chance(0.5) ? '"5s"' : `${random.integer(1, 9)} * 100`)});`);
        return undefined;
      case 1: {
        const name = this.name("n");
        lines.push(`${pad}const ${name} = await signal<number>("go${this.tag()}");`);
        return this.mark("signal", [...where.vars, { name, kind: "n" as const, settable: false }]);
      }
      default: {
        const name = this.name("b");
        const timeout = random.chance(0.4) ? `, timeoutMs: ${this.mark("approval-timeout", 1000)}` : "";
        lines.push(`${pad}const { approved: ${name} } = await approval({ prompt: ${this.text(where)}${timeout} });`);
        return this.mark("approval", [...where.vars, { name, kind: "b" as const, settable: false }]);
      }
    }
  }

  leave(where: Where, lines: string[], pad: string): void {
    const random = this.random;
    const guard = this.condition(where);
    const result = where.function === "root" ? this.summary(where.vars) : this.number(where);
    const choices: string[] = [`${this.mark("early-return", "return")} ${result};`];
    if (where.inLoop) choices.push("break;", "continue;", "break;", "continue;");
    if (where.mayFail) choices.push('throw new Error("it broke");', 'throw failure("own-code", "it is over");');
    if (where.mayFail && random.chance(0.5)) choices.push(`throw new Error(${this.mark("throw-computed", this.text(where))});`);
    if (where.function === "root" && !where.inTry) choices.push(`return ${this.quietCall(where, "num")};`);
    const choice = random.pick(choices);
    const word = choice.split(/[ ;]/)[0] ?? "";
    this.mark(word === "throw" ? (choice.includes("failure(") ? "throw-failure" : "throw") : word, 0);
    if (word === "return" && where.inLoop) this.mark("return-in-loop", 0);
    if (word === "return" && where.inTry) this.mark("return-in-try", 0);
    lines.push(`${pad}if (${guard}) ${choice}`);
  }
}

const inputNames = { n: "input.n", s: "input.s", b: "input.flag", l: "input.list", o: "input.o", m: "input.opt" } as const;
