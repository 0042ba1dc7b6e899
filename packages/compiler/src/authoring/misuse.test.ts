import { describe, expect, test } from "vitest";
import { AuthoringError, add, type Builder, buildWorkflow, eq, type FailureInfo, handler, t, text, type Value } from "./index.ts";

const work = handler({ name: "work" }, async (input: { a: string }) => ({ ok: true, list: [input.a] }));

interface Inputs {
  n: Value<number>;
  s: Value<string>;
  list: Value<readonly { ok: boolean }[]>;
}

function misuse(body: (b: Builder, input: Inputs) => unknown): string {
  try {
    buildWorkflow({ id: "w", input: { n: t.number, s: t.string, list: t.array(t.object({ ok: t.boolean })) } }, body as never);
  } catch (error) {
    if (AuthoringError.is(error)) return error.message.replace(/line \d+/, "line …");
    throw error;
  }
  return "nothing";
}

const loose = (value: unknown): never => value as never;

describe("misuse says what to do instead", () => {
  test.each<[string, (b: Builder, input: Inputs) => unknown]>([
    ["if", (b, { s }) => (b.call(work, { a: s }).ok ? 1 : 2)],
    ["===", (_b, { n }) => (n === loose(3) ? 1 : 2)],
    ["if on an operator", (b, { s }) => (eq(s, "x") ? b.call(work, { a: s }) : null)],
    ["+", (_b, { n }) => loose(n) + 1],
    ["template", (_b, { n }) => `n is ${loose(n)}`],
    ["JSON.stringify", (_b, { n }) => JSON.stringify(n)],
    ["for", (_b, { list }) => [...(loose(list) as unknown[])]],
    ["array method", (_b, { list }) => (loose(list) as unknown[]).map(() => 1)],
    ["string method", (_b, { s }) => (loose(s) as string).trim()],
    ["spread", (b, { s }) => ({ ...b.call(work, { a: s }) })],
    ["in", (b, { s }) => "ok" in b.call(work, { a: s })],
    [
      "set",
      (b, { s }) => {
        (loose(b.call(work, { a: s })) as { ok: boolean }).ok = false;
      },
    ],
    ["async body", async (b, { s }) => b.call(work, { a: s })],
    ["unknown input", (_b, input) => (input as unknown as Record<string, unknown>)["m"]],
    ["undefined", (b) => b.call(work, { a: [undefined] } as never)],
    ["promise", (b) => b.call(work, { a: Promise.resolve("") } as never)],
    ["not JSON", (b) => b.call(work, { a: new Map() } as never)],
    ["NaN", () => Number.NaN],
    ["no handler", (b) => b.call((async () => 1) as never)],
    [
      "duplicate id",
      (b, { s }) => {
        b.call("x", work, { a: s });
        b.call("x", work, { a: s });
      },
    ],
    ["bad id", (b, { s }) => b.call("no spaces", work, { a: s })],
    ["unknown option", (b, { s }) => b.call(work, { a: s }, { timeout: 5 } as never)],
    [
      "after return",
      (b, { s }) => {
        b.return(1);
        b.call(work, { a: s });
      },
    ],
    [
      "after a branch that ends",
      (b, { n, s }) => {
        b.branch(
          eq(n, 1),
          (c) => c.return(1),
          (c) => c.fail("no", "no"),
        );
        b.call(work, { a: s });
      },
    ],
    ["outer builder", (b, { list, s }) => b.map(list, () => b.call(work, { a: s }))],
    [
      "value of an arm",
      (b, { n, s }) => {
        let leaked: unknown;
        b.branch(eq(n, 1), (c) => {
          leaked = c.call(work, { a: s });
        });
        return leaked;
      },
    ],
    [
      "value of a body",
      (b, { list }) => {
        let leaked: unknown;
        b.map(list, (item) => {
          leaked = item;
        });
        return { leaked };
      },
    ],
    ["value of another workflow", (_b, { n }) => buildWorkflow({ id: "other" }, () => add(n, 1))],
    [
      "assign outside in",
      (b, { list }) => {
        const count = b.let("count", 0);
        b.map(list, (_item, c) => c.assign(count, 1));
      },
    ],
    ["assign a result", (b, { n }) => b.assign(n, 2)],
    ["loop result", (b) => b.loop({ carried: { n: 0 }, while: ({ n }) => eq(n, 1) }, () => ({ m: 1 }) as never)],
    ["query inside", (b, { list }) => b.map(list, (item, c) => c.query("q", item))],
    ["try alone", (b) => b.try(() => 1, {})],
    ["symbolic failure text", (b, { s }) => b.fail("code", text`no ${s}` as never)],
    ["bad duration", (b) => b.sleep("soon")],
    [
      "two handlers of a name",
      (b, { s }) => {
        b.call(work, { a: s });
        b.call(handler({ name: "work" }, async () => 1));
      },
    ],
  ])("%s", (_name, body) => {
    expect(misuse(body)).toMatchSnapshot();
  });

  test("await", async () => {
    const awaited: unknown = await new Promise((resolve) => {
      buildWorkflow({ id: "w", input: { n: t.number } }, (_b, input) => {
        Promise.resolve(input.n).then(resolve, resolve);
        return null;
      });
    });
    expect(String((awaited as Error).message)).toContain("n was awaited, and it is symbolic");
  });

  test("a step after the workflow was built", () => {
    let kept: Builder | undefined;
    buildWorkflow({ id: "w" }, (b) => {
      kept = b;
    });
    expect(() => kept?.sleep(5)).toThrow("b.sleep was called after workflow w was built");
  });

  test("a failure has the members that a run gives it", () => {
    const member: keyof FailureInfo = "code";
    expect(member).toBe("code");
  });

  test("a handler that a worker serves has no function, and cannot be called here", () => {
    expect(() => handler({ name: "far", worker: true } as never, () => 1)).toThrow("handler far is served by a worker and has a function");
    const far = handler({ name: "far", worker: true, input: t.string, output: t.number });
    expect(() => far("x", loose({}))).toThrow("handler far was called, and its code is in a worker");
    const workflow = buildWorkflow({ id: "w" }, (b) => add(b.call(far, "x"), 1));
    expect(workflow.served).toEqual(["far"]);
    expect(workflow.handlers).toEqual({});
  });
});
