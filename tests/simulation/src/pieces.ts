/** The small parts of random workflows: names, expressions, reads, writes, retries. */
import type { Expr, Node, RetryPolicy, ValueType, Write } from "@heddle/core";
import type { SeededRandom } from "@heddle/testkit/simulator";

export const literal = (value: Extract<Expr, { kind: "literal" }>["value"]): Expr => ({ kind: "literal", value });
export const variable = (name: string): Expr => ({ kind: "ref", scope: "var", name });
export const result = (name?: string): Expr => ({ kind: "ref", scope: "result", ...(name === undefined ? {} : { name }) });
export const sum = (left: Expr, right: Expr): Expr => ({ kind: "arithmetic", op: "add", left, right });
export const less = (left: Expr, right: Expr): Expr => ({ kind: "compare", op: "lt", left, right });
export const orElse = (left: Expr, right: Expr): Expr => ({ kind: "coalesce", left, right });
export const numberType: ValueType = { kind: "number" };

/** The variables that may be read. */
export type Scope = readonly string[];
/** What nodes of most kinds have. */
export type Plain = { -readonly [Key in "reads" | "writes" | "retry" | "timeoutMs" | "safety" | "exit"]?: Node[Key] };

export class Pieces {
  /** Constructs that were made. */
  readonly features = new Set<string>();
  readonly #random: SeededRandom;
  #names = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  mark<Value>(feature: string, value: Value): Value {
    this.features.add(feature);
    return value;
  }

  name(prefix: string): string {
    return `${prefix}${++this.#names}`;
  }

  guard(vars: Scope): Expr {
    const random = this.#random;
    const limit = literal(random.integer(0, 9));
    const number = random.chance(0.5) ? result("n") : variable(random.pick(vars));
    switch (random.integer(0, 4)) {
      case 0:
        return less(number, limit);
      case 1:
        return { kind: "not", of: less(number, limit) };
      case 2:
        return {
          kind: "or",
          of: [
            { kind: "eq", left: number, right: limit },
            { kind: "eq", left: result("flag"), right: literal(true) },
          ],
        };
      case 3:
        return { kind: "contains", left: result("list"), right: limit };
      default:
        return literal(random.chance(0.5));
    }
  }

  plain(vars: Scope): Plain {
    const random = this.#random;
    const node: Plain = {};
    if (random.chance(0.5)) {
      node.reads = Array.from({ length: random.integer(1, 2) }, (_, i) => ({
        name: `in${i}`,
        value: random.chance(0.8)
          ? variable(random.pick(vars))
          : { kind: "template" as const, parts: [literal("of "), variable(random.pick(vars))] },
        ...(random.chance(0.04) ? { type: this.mark("read-typed", numberType) } : {}),
      }));
    }
    if (random.chance(0.6)) node.writes = this.#writes(vars);
    return node;
  }

  #writes(vars: Scope): Write[] {
    const random = this.#random;
    const name = random.chance(0.3)
      ? random.pick(vars.filter((each) => each !== "list" && each !== "i" && !each.startsWith("c")).concat("v0"))
      : this.name("v");
    switch (random.integer(0, 4)) {
      case 0:
        return [{ name, value: result() }];
      case 1:
        return [{ name, value: result("n"), type: this.mark("write-typed", numberType), optional: random.chance(0.5) }];
      case 2:
        return [{ name, value: result("list") }];
      case 3:
        return [
          { name, value: sum(orElse(result("n"), literal(1)), literal(1)) },
          { name: this.name("v"), value: variable(random.pick(vars)) },
        ];
      default:
        return [
          { name, value: result("s") },
          {
            name: this.name("f"),
            value: { kind: "ref", scope: "failure", name: "code" },
            on: this.mark("write-on-failure", "failure" as const),
          },
        ];
    }
  }

  retry(): RetryPolicy {
    const random = this.#random;
    return this.mark("retry", {
      attemptsMax: random.integer(1, 4),
      delayMs: random.pick([0, 1, 50, 1_000]),
      factor: random.pick([1, 2, 3]),
      jitter: random.pick([0, 0.1, 1]),
      ...(random.chance(0.2) ? { delayMaxMs: random.integer(0, 2_000) } : {}),
      ...(random.chance(0.2) ? { on: ["transient" as const, "handler" as const, "invalid" as const] } : {}),
      ...(random.chance(0.2) ? { exceptCodes: ["flaky"] } : {}),
    });
  }
}
