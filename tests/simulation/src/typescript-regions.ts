/** The parts of random bodies that hold others: branches, loops, what happens at the same time, and `try`. */
import { TypeScriptPieces, type Variable, type Where } from "./typescript-pieces.ts";

export abstract class TypeScriptRegions extends TypeScriptPieces {
  /** Writes statements, and gives the variables that are there behind them. */
  protected abstract block(where: Where, lines: string[], count: number, pad: string): readonly Variable[];
  protected abstract assignment(where: Where, lines: string[], pad: string): undefined;

  protected inner(where: Where, lines: string[], pad: string, count = this.random.integer(1, 3)): void {
    this.block({ ...where, depth: where.depth + 1 }, lines, count, `${pad}  `);
  }

  protected ifs(where: Where, lines: string[], pad: string): undefined {
    const random = this.random;
    const test = random.chance(0.15) ? this.mark("if-await", `await ${this.step(where, "b")}`) : this.condition(where);
    lines.push(`${pad}if (${test}) {`);
    this.mark("if", 0);
    if (random.chance(0.2) && where.vars.some(({ kind }) => kind === "n")) {
      const shadowed = where.vars.findLast(({ kind, name }) => kind === "n" && /^\w+$/.test(name));
      if (shadowed !== undefined && !where.inTry)
        lines.push(`${pad}  const ${this.mark("shadow", shadowed.name)} = ${random.integer(0, 9)};`);
      const vars = where.vars.map((one) => (one.name === shadowed?.name ? { ...one, settable: false } : one));
      this.inner({ ...where, vars: where.inTry ? where.vars : vars }, lines, pad);
    } else this.inner(where, lines, pad);
    if (random.chance(0.3)) {
      lines.push(`${pad}} else if (${this.mark("else-if", this.condition(where))}) {`);
      this.inner(where, lines, pad);
    }
    if (random.chance(0.5)) {
      lines.push(`${pad}} else {`);
      this.mark("else", 0);
      this.inner(where, lines, pad);
    }
    lines.push(`${pad}}`);
    return undefined;
  }

  protected switches(where: Where, lines: string[], pad: string): undefined {
    const random = this.random;
    const o = this.of(where, "o") ?? "input.o";
    lines.push(`${pad}switch (${o}.kind) {`);
    this.mark("switch", 0);
    lines.push(`${pad}  case "a":`);
    if (random.chance(0.4)) lines.push(`${pad}  case ${this.mark("switch-shared", '"b"')}:`);
    const before = lines.length;
    this.inner(where, lines, `${pad}  `);
    if (!isLeft(lines, before)) lines.push(`${pad}    break;`);
    if (random.chance(0.6)) {
      lines.push(`${pad}  ${this.mark("switch-default", "default")}:`);
      const from = lines.length;
      this.inner(where, lines, `${pad}  `);
      if (!isLeft(lines, from) && random.chance(0.5)) lines.push(`${pad}    break;`);
    }
    lines.push(`${pad}}`);
    return undefined;
  }

  protected loops(where: Where, lines: string[], pad: string): undefined {
    const random = this.random;
    const inside: Where = { ...where, inLoop: true };
    const l = this.of(where, "l") ?? "input.list";
    const n = (name: string): Variable => ({ name, kind: "n", settable: false });
    switch (random.integer(0, 4)) {
      case 0: {
        const i = this.name("i");
        lines.push(
          `${pad}for (let ${i} = 0; ${i} < ${random.integer(1, 3)}${random.chance(0.3) ? ` && ${this.condition(where)}` : ""}; ${random.pick([`${i}++`, `${i} += 1`])}) {`,
        );
        this.mark("for", 0);
        this.bound(where, lines, pad);
        this.inner({ ...inside, vars: [...where.vars, n(i)] }, lines, pad);
        break;
      }
      case 1: {
        const i = this.name("w");
        lines.push(`${pad}let ${i} = 0;`);
        const test = random.chance(0.3) ? ` && (await ${this.mark("while-await", this.step(where, "b"))})` : "";
        lines.push(`${pad}while (${this.mark("while", i)} < ${random.integer(1, 3)}${test}) {`);
        if (test === "") this.bound(where, lines, pad);
        lines.push(`${pad}  ${i} += 1;`);
        this.inner({ ...inside, vars: [...where.vars, n(i)] }, lines, pad);
        break;
      }
      case 2: {
        const i = this.name("w");
        lines.push(`${pad}let ${i} = 0;`, `${pad}do {`);
        this.bound(where, lines, pad);
        lines.push(`${pad}  ${i}++;`);
        this.inner({ ...inside, vars: [...where.vars, n(i)] }, lines, pad);
        lines.push(`${pad}} while (${this.mark("do", i)} < 2 && ${this.condition(where)});`);
        return undefined;
      }
      case 3: {
        // Nothing of it is assigned outside and nothing leaves it: a map.
        const x = this.name("n");
        const vars = where.vars.map((one) => ({ ...one, settable: false }));
        lines.push(`${pad}for (const ${x} of ${l}) {`);
        this.mark("for-of", 0);
        this.inner({ ...inside, vars: [...vars, n(x)] }, lines, pad);
        break;
      }
      default: {
        const x = this.name("n");
        lines.push(`${pad}for (const ${x} of ${l}) {`);
        this.mark("for-of", 0);
        this.inner({ ...inside, vars: [...where.vars, n(x)] }, lines, pad, random.integer(2, 3));
        this.assignment({ ...inside, depth: where.depth + 1 }, lines, `${pad}  `);
      }
    }
    lines.push(`${pad}}`);
    return undefined;
  }

  /** A bound at the start of a loop; one that may be reached only where the failure is not looked at. */
  private bound(where: Where, lines: string[], pad: string): void {
    const { random } = this;
    if (!random.chance(0.4)) return;
    const reached = where.mayFail && !where.inTry && random.chance(0.3);
    lines.push(`${pad}  bound(${this.mark(reached ? "bound-reached" : "bound", reached ? 1 : 9)});`);
  }

  protected together(where: Where, lines: string[], pad: string): readonly Variable[] {
    const random = this.random;
    const name = this.name("l");
    const vars = where.vars.map((one) => ({ ...one, settable: false }));
    if (where.concurrent) this.mark("nested-concurrent", 0);
    if (random.chance(0.35)) {
      lines.push(`${pad}const ${name} = await Promise.all([`);
      this.mark("parallel", 0);
      for (let i = random.integer(2, 3); i > 0; i--) {
        if (random.chance(0.6)) lines.push(`${pad}  ${this.quietCall(where, "num")},`);
        else {
          lines.push(`${pad}  (async (): Promise<number> => {`);
          this.function({ ...where, vars }, lines, `${pad}  `);
          lines.push(`${pad}  })(),`);
          this.mark("parallel-function", 0);
        }
      }
      lines.push(`${pad}]);`);
      return [...where.vars, { name, kind: "l", settable: false }];
    }
    const item = this.name("n");
    // Equal items are told apart by their positions: the items of the input are all different.
    const index = random.chance(0.5) ? this.mark("map-index", this.name("i")) : undefined;
    const l = index === undefined ? "input.list" : (this.of(where, "l") ?? "input.list");
    const items = [...where.items, item, ...(index === undefined ? [] : [index])];
    const withIndex = index === undefined ? "" : `, ${index}`;
    const there = { ...where, vars: [...vars, { name: item, kind: "n" as const, settable: false }], items };
    if (random.chance(0.3)) {
      lines.push(`${pad}const ${name} = await Promise.all(${l}.map((${item}${withIndex}) => ${this.quietCall(there, "num")}));`);
      this.mark("map-expression", 0);
    } else {
      lines.push(`${pad}const ${name} = await Promise.all(${l}.map(async (${item}${withIndex}): Promise<number> => {`);
      this.function(there, lines, pad);
      lines.push(`${pad}}));`);
    }
    this.mark("map", 0);
    return [...where.vars, { name, kind: "l", settable: false }];
  }

  protected function(where: Where, lines: string[], pad: string): void {
    const inside: Where = {
      ...where,
      depth: where.depth + 1,
      mayFail: false,
      concurrent: true,
      inLoop: false,
      inTry: false,
      function: "inner",
    };
    const vars = this.block(inside, lines, this.random.integer(1, 3), `${pad}  `);
    lines.push(`${pad}  return ${this.number({ ...inside, vars })};`);
  }

  protected tries(where: Where, lines: string[], pad: string): readonly Variable[] {
    const random = this.random;
    const outer = where.vars.map((one) => ({ ...one, settable: false }));
    const withCatch = random.chance(0.8);
    const withFinally = !withCatch || random.chance(0.3);
    const first = this.name("n");
    const declared = withCatch && !withFinally && random.chance(0.4);
    if (declared) lines.push(`${pad}let ${first} = ${this.number(where)};`);
    lines.push(`${pad}try {`);
    this.inner({ ...where, vars: outer, mayFail: withCatch || where.mayFail, inTry: true }, lines, pad);
    if (where.inLoop && random.chance(0.6)) {
      for (const word of random.chance(0.7) ? ["break", "continue"] : ["continue"]) {
        lines.push(`${pad}  if (${this.condition({ ...where, vars: outer })}) ${this.mark("jump-out-of-try", word)};`);
      }
    }
    const settable = where.vars.filter(({ kind, settable: may }) => may && kind === "n");
    const own: Variable[] = declared ? [{ name: first, kind: "n", settable: true }] : [];
    if (settable.length + own.length > 0 && random.chance(0.8) && withCatch && !withFinally) {
      const { name } = random.pick([...settable, ...own, ...own]);
      const step = this.step({ ...where, mayFail: true }, "n");
      lines.push(`${pad}  ${this.mark("assign-in-try", name)} = await ${step};`);
    }
    if (withCatch) {
      const error = this.name("e");
      lines.push(`${pad}} catch (${error}) {`);
      this.mark("try-catch", 0);
      const catching = withFinally ? { ...where, vars: outer, inTry: true } : where;
      if (random.chance(0.5))
        lines.push(
          `${pad}  await text({ tag: "${this.tag()}", n: 0, s: ${this.mark("catch-message", `(${error} as Error).message`)}${where.items.length === 0 ? "" : `, at: [${where.items.join(", ")}]`} });`,
        );
      this.inner(catching, lines, pad);
      if (where.mayFail && random.chance(0.4)) lines.push(`${pad}  if (${this.condition(where)}) throw ${this.mark("rethrow", error)};`);
    }
    if (withFinally) {
      lines.push(`${pad}} finally {`);
      this.mark("try-finally", 0);
      this.inner({ ...where, vars: inputsOf(where), mayFail: false, inTry: true, inFinally: true, inLoop: false }, lines, pad, 1);
    }
    lines.push(`${pad}}`);
    return [...where.vars, ...own];
  }
}

/** What nobody assigns: all that a `finally` may read. */
function inputsOf(where: Where): readonly Variable[] {
  return where.vars.filter(({ name }) => name.startsWith("input."));
}

function isLeft(lines: readonly string[], from: number): boolean {
  return lines.length > from && /^\s*(?:return|break|continue|throw)\b/.test(lines.at(-1) ?? "");
}
