/**
 * Random bodies of services, run twice: as JavaScript, message by message, and as the graph that they become, all messages
 * at the same time and in any order. Both make the same calls with the same arguments; nothing is left in a join, and nothing is a
 * dead letter.
 */
// Parity: MN6.
import { compile, isError } from "@heddle/compiler";
import type { JsonValue, WorkflowIr } from "@heddle/core";
import { createRuntime } from "@heddle/runtime";
import { SeededRandom } from "@heddle/testkit/simulator";
import { describe, expect, test } from "vitest";

const bodies = Number(process.env["HEDDLE_SERVICE_SEEDS"] ?? 150);
const messages = 6;
const handlers = ["h0", "h1", "h2", "h3"] as const;

interface Value {
  readonly n: number;
}

/** What a handler gives, by its number and what it is given. */
function resultOf(handler: number, given: JsonValue): Value {
  const sum = JSON.stringify(given)
    .split(/[^0-9]+/)
    .reduce((total, digits) => total + Number(digits), 0);
  return { n: (sum * (handler + 3) + handler) % 17 };
}

class BodyOf {
  readonly used = new Set<string>();
  readonly #dice: SeededRandom;
  #names = 0;

  constructor(seed: number) {
    this.#dice = new SeededRandom(seed);
  }

  text(): string {
    return `  await h0(message);\n${this.#block(["message"], 4, 0).join("\n")}`;
  }

  #roll(n: number): number {
    return Math.floor(this.#dice.unit() * n);
  }

  #pick(names: readonly string[]): string {
    return names[this.#roll(names.length)] ?? "message";
  }

  #value(names: readonly string[]): string {
    switch (this.#roll(5)) {
      case 0:
        this.used.add("join");
        return `{ a: ${this.#pick(names)}, b: ${this.#pick(names)} }`;
      case 1:
        this.used.add("computed");
        return `{ n: ${this.#pick(names)}.n + ${this.#pick(names)}.n }`;
      case 2:
        return this.#roll(4) === 0 ? "{ n: 3 }" : this.#pick(names);
      default:
        return this.#pick(names);
    }
  }

  #test(names: readonly string[]): string {
    const left = `${this.#pick(names)}.n`;
    return this.#roll(2) === 0 ? `${left} > ${this.#roll(12)}` : `${left} < ${this.#pick(names)}.n`;
  }

  #block(around: readonly string[], size: number, depth: number): readonly string[] {
    const names = [...around];
    const indent = "  ".repeat(depth + 1);
    const lines: string[] = [];
    for (let n = 1 + this.#roll(size); n > 0; n--) {
      const kind = this.#roll(8);
      if (kind < 2 && depth < 3) {
        const returns = depth === 0 && this.#roll(3) === 0;
        if (returns) this.used.add("return");
        this.used.add(depth === 0 ? "if" : "nested if");
        const then = this.#block(names, 3, depth + 1);
        lines.push(`${indent}if (${this.#test(names)}) {`, ...then, ...(returns ? [`${indent}  return;`] : []));
        if (this.#roll(2) === 0) {
          this.used.add("else");
          lines.push(`${indent}} else {`, ...this.#block(names, 2, depth + 1));
        }
        lines.push(`${indent}}`);
      } else if (kind === 2) {
        const name = `v${this.#names++}`;
        lines.push(`${indent}const ${name} = { n: ${this.#pick(names)}.n + 1 };`);
        names.push(name);
        this.used.add("name");
      } else {
        const name = `v${this.#names++}`;
        lines.push(`${indent}const ${name} = await h${this.#roll(4)}(${this.#value(names)});`);
        names.push(name);
      }
    }
    return lines;
  }
}

function compiled(body: string): WorkflowIr {
  const declared = handlers.map(
    (name) => `export const ${name} = handler({ name: "${name}" }, async (_: Any): Promise<Value> => ({ n: 0 }));`,
  );
  const text = `import { handler, workflow } from "@heddle/compiler/authoring";
interface Value { n: number }
type Any = unknown;
${declared.join("\n")}
export default workflow({ name: "main", type: "service" }, async (message: Value) => {
${body}
});
`;
  const { workflows, diagnostics } = compile(new Map([["flow.ts", text]]));
  expect(diagnostics.filter(isError)).toEqual([]);
  const [only] = workflows;
  if (only === undefined) throw new TypeError("nothing was compiled");
  return only.ir;
}

const AsyncFunction = Object.getPrototypeOf(async () => undefined).constructor as new (
  ...words: readonly string[]
) => (...given: readonly unknown[]) => Promise<unknown>;

async function asJavaScript(body: string): Promise<readonly string[]> {
  const calls: string[] = [];
  const stubs = handlers.map((name, index) => async (given: JsonValue) => {
    calls.push(`${name} ${JSON.stringify(given)}`);
    return resultOf(index, given);
  });
  const run = new AsyncFunction("message", ...handlers, body);
  for (let n = 0; n < messages; n++) await run({ n }, ...stubs);
  return calls.sort();
}

/** A service that ends when nothing is left to do, so that what hangs is seen. */
async function asGraph(ir: WorkflowIr, seed: number): Promise<{ readonly calls: readonly string[]; readonly letters: number }> {
  const calls: string[] = [];
  const dice = new SeededRandom(seed);
  const stubs = Object.fromEntries(
    handlers.map((name, index) => [
      name,
      async (given: JsonValue): Promise<JsonValue> => {
        calls.push(`${name} ${JSON.stringify(given)}`);
        for (let turns = Math.floor(dice.unit() * 4); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
        return { ...resultOf(index, given) };
      },
    ]),
  );
  await using runtime = createRuntime({ handlers: stubs });
  const batch: WorkflowIr = {
    ...ir,
    type: "batch",
    seeds: [{ node: ir.entry, bodies: Array.from({ length: messages }, (_, n) => ({ n })) }],
  };
  let letters = 0;
  for await (const { event } of runtime.stream(batch, { n: 0 })) {
    if (event.kind === "messages-dead-lettered") letters += 1;
    if ("sent" in event) letters += event.sent?.filter(({ letter }) => letter !== undefined).length ?? 0;
    if (event.kind === "run-failed") throw new TypeError(event.failure.message);
  }
  return { calls: calls.sort(), letters };
}

describe("random bodies of services", () => {
  test("make the calls that they make as JavaScript, once for each message", async () => {
    const used = new Map<string, number>();
    for (let seed = 1; seed <= bodies; seed++) {
      const program = new BodyOf(seed);
      const body = program.text();
      for (const one of program.used) used.set(one, (used.get(one) ?? 0) + 1);
      try {
        const { calls, letters } = await asGraph(compiled(body), seed);
        expect(letters).toBe(0);
        expect(calls).toEqual(await asJavaScript(body));
      } catch (error) {
        throw new TypeError(
          `${(error as Error).message}
body ${seed}:
${body}`,
          { cause: error },
        );
      }
    }
    for (const one of ["join", "computed", "if", "nested if", "else", "return", "name"])
      expect(used.get(one) ?? 0, one).toBeGreaterThan(bodies / 10);
  }, 120_000);
});
