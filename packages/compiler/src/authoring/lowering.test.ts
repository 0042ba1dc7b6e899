import { anonymousBundle, type Body, bodiesOf, checkBundle, checkIr, Expr, type Node, parseManifest, type WorkflowIr } from "@heddle/core";
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  add,
  and,
  at,
  type Builder,
  buildWorkflow,
  coalesce,
  cond,
  contains,
  eq,
  field,
  gt,
  type HandlerContext,
  handler,
  isIn,
  length,
  lt,
  not,
  startsWith,
  t,
  text,
  type Value,
  type Workflow,
} from "./index.ts";

interface Commit {
  readonly hash: string;
  readonly subject: string;
  readonly tags?: readonly string[];
}

const read = handler(
  { name: "read", retry: { attemptsMax: 3 } },
  async (input: { repo: string }): Promise<Commit[]> => [{ hash: input.repo, subject: "" }],
);
const classify = handler({ name: "classify" }, async (commit: Commit, ctx: HandlerContext): Promise<{ section: string }> => {
  ctx.log(commit.hash);
  return { section: "fixes" };
});
const beep = handler({ name: "beep" }, async () => 1);

function sound(workflow: Workflow<unknown, unknown>, others: readonly WorkflowIr[] = []): WorkflowIr {
  const ids = new Set([workflow.ir.id, ...others.map(({ id }) => id)]);
  expect(checkIr(workflow.ir, ids)).toEqual([]);
  const manifest = parseManifest(JSON.parse(JSON.stringify(anonymousBundle([workflow.ir, ...others]))));
  expect(checkBundle(manifest)).toEqual([]);
  expect(manifest.workflows[0]).toEqual(workflow.ir);
  return workflow.ir;
}

function steps(body: (b: Builder, input: { n: Value<number>; list: Value<readonly Commit[]> }) => unknown): WorkflowIr {
  return sound(buildWorkflow({ id: "w", input: { n: t.number, list: t.json as never } }, body as never));
}

const ids = (body: Pick<Body, "nodes">): string[] => body.nodes.map(({ id }) => id);
/** A body as text: a line for each node and edge, inner bodies indented. */
function show(body: Pick<Body, "nodes" | "edges">): string {
  const lines = body.nodes.flatMap((one) => [lineOf(one), ...bodiesOf(one).flatMap((inner) => innerLines(inner.slot, inner.body))]);
  const edges = body.edges.map(
    ({ from, to, on, guard, priority }) =>
      `${from} -${on ?? ""}${guard === undefined ? "" : `[${say(guard)}]`}${priority === undefined ? "" : `#${priority}`}-> ${to}`,
  );
  return [...lines, ...edges].join("\n");
}

function innerLines(slot: string, body: Body): string[] {
  const inputs = (body.inputs ?? []).map(({ name, value }) => `${name} = ${say(value)}`).join(", ");
  return [
    `  ${slot}(${inputs}):`,
    ...show({ nodes: body.nodes, edges: body.edges })
      .split("\n")
      .map((line) => `    ${line}`),
  ];
}

function lineOf(one: Node): string {
  const { id, kind, reads, writes, exit, ...rest } = one;
  const own = Object.entries(rest)
    .filter(([name]) => !["body", "branches", "catch", "finally", "arguments"].includes(name))
    .map(([name, value]) => ` ${name}=${said(value)}`);
  const given = (reads ?? []).map((read) => `${read.name}${read.optional === true ? "?" : ""}: ${say(read.value)}`).join(", ");
  const sets = (writes ?? []).map((write) => ` ${write.on === undefined ? "" : `${write.on}: `}${write.name} := ${say(write.value)};`);
  return `${id} ${kind}${own.join("")}${reads === undefined ? "" : ` (${given})`}${sets.join("")}${exit === undefined ? "" : ` => ${say(exit.output)}`}`;
}

function said(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(said).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const parsed = Expr.safeParse(value);
  return parsed.success
    ? say(parsed.data)
    : `{${Object.entries(value)
        .map(([name, inner]) => `${name}: ${said(inner)}`)
        .join(", ")}}`;
}

function say(expr: Expr): string {
  switch (expr.kind) {
    case "literal":
      return JSON.stringify(expr.value);
    case "ref":
      return expr.scope === "var" ? (expr.name ?? "") : `$${expr.scope}`;
    case "field":
      return `${say(expr.of)}.${expr.name}`;
    case "index":
      return `${say(expr.of)}[${say(expr.at)}]`;
    case "length":
    case "not":
      return `${expr.kind}(${say(expr.of)})`;
    case "and":
    case "or":
      return `${expr.kind}(${expr.of.map(say).join(", ")})`;
    case "if":
      return `if(${[expr.test, expr.then, expr.else].map(say).join(", ")})`;
    case "template":
      return `text(${expr.parts.map(say).join(", ")})`;
    case "array":
      return `[${expr.items.map(say).join(", ")}]`;
    case "object":
      return `{${expr.fields.map(({ name, value }) => `${name}: ${say(value)}`).join(", ")}}`;
    default:
      return `${"op" in expr ? expr.op : expr.kind}(${say(expr.left)}, ${say(expr.right)})`;
  }
}

function node<Kind extends Node["kind"]>(body: Pick<Body, "nodes">, kind: Kind): Extract<Node, { kind: Kind }> {
  return body.nodes.find((candidate) => candidate.kind === kind) as Extract<Node, { kind: Kind }>;
}

describe("lowering", () => {
  test("a chain of handlers, whose results are kept only where something reads them", () => {
    const workflow = buildWorkflow(
      { id: "notes", input: { repo: t.path, since: t.optional(t.string), max: t.default(t.number, 5) } },
      (b, input) => {
        b.call(beep);
        const commits = b.call(read, { repo: input.repo });
        expectTypeOf(commits).toExtend<Value<Commit[]>>();
        expectTypeOf<typeof input.since>().toEqualTypeOf<Value<string | null>>();
        const first = b.call("first", classify, at(commits, 0) as Value<Commit>);
        return { count: commits.length, section: first.section, since: input.since, max: input.max };
      },
    );
    expectTypeOf(workflow).toExtend<
      Workflow<
        { readonly repo: string; readonly since?: string | null; readonly max?: number },
        { count: number; section: string; since: string | null; max: number }
      >
    >();
    const ir = sound(workflow);
    expect(ir.inputs).toMatchInlineSnapshot(`
      [
        {
          "name": "repo",
          "type": {
            "kind": "path",
          },
        },
        {
          "name": "since",
          "optional": true,
          "type": {
            "kind": "string",
          },
        },
        {
          "default": 5,
          "name": "max",
          "type": {
            "kind": "number",
          },
        },
      ]
    `);
    expect(show(ir)).toMatchInlineSnapshot(`
      "beep handler handler="beep" (input?: null)
      read handler retry={attemptsMax: 3} handler="read" (input: {repo: repo}) read := $result;
      first handler handler="classify" (input?: read[0]) => {count: length(read), section: $result.section, since: since, max: max}
      beep --> read
      read --> first"
    `);
  });

  test("a branch joins again, and gives what its ways return", () => {
    const ir = steps((b, { n }) => {
      const size = b.branch(
        gt(n, 10),
        (c) => c.call(beep),
        () => "small",
      );
      return b.call("after", beep, null) && size;
    });
    expect(show(ir)).toMatchInlineSnapshot(`
      "branch router
      beep handler handler="beep" (input?: null) branch := $result;
      branch-else router branch := "small";
      after handler handler="beep" (input?: null) => branch
      branch -[gt(n, 10)]#0-> beep
      branch -#1-> branch-else
      beep --> after
      branch-else --> after"
    `);
  });

  test("an early return in a way of a branch", () => {
    const ir = steps((b, { n }) => {
      b.branch(eq(n, 0), (c) => c.return("nothing"));
      b.call(beep);
      return "done";
    });
    expect(show(ir)).toMatchInlineSnapshot(`
      "branch router
      return router => "nothing"
      beep handler handler="beep" (input?: null) => "done"
      branch -[eq(n, 0)]#0-> return
      branch -#1-> beep"
    `);
  });

  test("variables are set on the node before where possible, and read as they then are", () => {
    const ir = steps((b, { n }) => {
      const count = b.let("count", n);
      const result = b.call(beep);
      b.assign(count, add(count, result));
      b.assign(count, add(count, 1));
      return count;
    });
    expect(ids(ir)).toEqual(["let-count", "beep", "set-count"]);
    expect(show(ir)).toMatchInlineSnapshot(`
      "let-count router count := n;
      beep handler handler="beep" (input?: null) count := add(count, $result);
      set-count router count := add(count, 1); => count
      let-count --> beep
      beep --> set-count"
    `);
  });

  test("parallel branches take what they need of the outer frame as inputs", () => {
    const ir = steps((b, { n }) => {
      const both = b.parallel({ left: (c) => c.call(beep), right: () => ({ n }) });
      expectTypeOf(both).toExtend<Value<{ left: number; right: { n: number } }>>();
      return both.right.n;
    });
    expect(show(ir)).toMatchInlineSnapshot(`
      "parallel parallel => $result.right.n
        left():
          beep handler handler="beep" (input?: null) => $result
        right(n = n):
          return router => {n: n}"
    `);
  });

  test("a map inside a map carries outer values through both bodies", () => {
    const ir = steps((b, { list, n }) =>
      b.map(list, { id: "each", concurrencyMax: 4 }, (commit, c, index) => {
        const found = c.call(classify, commit);
        const tags = c.map(commit.tags as Value<string[]>, (tag, d) =>
          d.call("inner", classify, { hash: tag, subject: text`${n}/${index}: ${found.section}` }),
        );
        return { found, tags };
      }),
    );
    const outer = node(ir, "map");
    expect(outer.index).toBe("index");
    expect(outer.body.inputs?.map(({ name }) => name)).toEqual(["n"]);
    const inner = node(outer.body, "map");
    expect(inner.item).toBe("item_2");
    expect(inner.index).toBeUndefined();
    expect(inner.body.inputs?.map(({ name }) => name).sort()).toEqual(["classify", "index", "n"]);
  });

  test("a mapped handler is one node whose result is the result of its item", () => {
    const ir = steps((b, { list }) => b.map(list, (commit, c) => c.call(classify, commit)));
    expect(show(ir)).toMatchInlineSnapshot(`
      "map map over=list item="item" => $result
        body():
          classify handler handler="classify" (input?: item) => $result"
    `);
  });

  test("collecting results", () => {
    const ir = steps((b, { list }) => {
      const all = b.map(list, { collect: "collect" }, (commit, c) => c.call(classify, commit));
      const first = () => at(all, 0);
      expectTypeOf(first).returns.toExtend<Value<{ readonly ok: boolean } | null>>();
      return all;
    });
    expect(node(ir, "map").collect).toBe("collect");
  });

  test("a loop keeps its own names, and carries what its condition reads of the outer frame", () => {
    const ir = steps((b, { n }) => {
      const limit = b.call(beep);
      const end = b.loop(
        { carried: { n: 0, notes: [] as string[] }, while: (vars) => and(lt(vars.n, limit), not(eq(vars.n, n))), iterationsMax: 50 },
        (vars, c) => ({ n: add(vars.n, c.call("again", beep)) }),
      );
      expectTypeOf(end).toExtend<Value<{ n: number; notes: string[] }>>();
      return end.notes;
    });
    expect(show(ir)).toMatchInlineSnapshot(`
      "beep handler handler="beep" (input?: null) beep := $result;
      loop loop carried=[{name: "n_2", initial: 0}, {name: "notes", initial: []}, {name: "beep", initial: beep}, {name: "n", initial: n}] while=and(lt(n_2, beep), not(eq(n_2, n))) iterationsMax=50 => {n: $result.n_2, notes: $result.notes}.notes
        body():
          again handler handler="beep" (input?: null) => {n_2: add(n_2, $result)}
      beep --> loop"
    `);
  });

  test("try, catch and finally", () => {
    const ir = steps((b, { list }) => {
      const result = b.try((c) => c.call(read, { repo: "x" }), {
        catch: (failure, c) => {
          c.branch(eq(failure.code, "gone"), (d) => d.fail("really-gone", "it is gone"));
          return list;
        },
        finally: (c) => c.call(beep),
      });
      return length(result);
    });
    const region = node(ir, "try");
    expect(ids(region.body)).toEqual(["read"]);
    expect(show(ir)).toMatchInlineSnapshot(`
      "try try => length($result)
        body():
          read handler retry={attemptsMax: 3} handler="read" (input: {"repo":"x"}) => $result
        catch(list = list):
          branch router
          fail router raw={fail: {code: "really-gone", message: "it is gone"}} => null
          return router => list
          branch -[eq(failure.code, "gone")]#0-> fail
          branch -#1-> return
        finally():
          beep handler handler="beep" (input?: null) => $result"
    `);
    expect(ids(region.finally as Body)).toEqual(["beep"]);
  });

  test("an approval as a result, and as ways", () => {
    const ir = steps((b, { n }) => {
      const verdict = b.approve({
        prompt: text`Publish ${n}?`,
        details: { n },
        timeoutMs: 60_000,
        onTimeout: (_failure, c) => c.return("late"),
      });
      b.branch(not(verdict.approved), (c) => c.return({ written: false }));
      b.approve({ id: "again", prompt: "Sure?", onRejected: (failure, c) => c.return(failure.message) });
      return verdict.by;
    });
    expect(show(ir)).toMatchInlineSnapshot(`
      "approve human timeoutMs=60000 mode="approve" prompt=text("Publish ", n, "?") details={n: n} approve := $result; rejected: approve := {approved: false, by: $failure.details.by, comment: coalesce($failure.details.comment, $failure.message)};
      return router => "late"
      branch router
      return-2 router => {"written":false}
      again human mode="approve" prompt="Sure?" rejected: again_rejected := $failure; => approve.by
      return-3 router => again_rejected.message
      approve -timeout-> return
      approve --> branch
      approve -rejected-> branch
      branch -[not(approve.approved)]#0-> return-2
      branch -#1-> again
      again -rejected-> return-3"
    `);
  });

  test("an answer, a failure edge, waits and a signal", () => {
    const ir = steps((b, { n }) => {
      const answer = b.ask({ prompt: "How many?", answer: t.number, onRejected: () => ({ answer: 0 }) });
      b.sleep("1m30s");
      b.sleep(n);
      b.until(new Date(0));
      const go = b.signal("go", { type: t.object({ by: t.string }), timeoutMs: 5, onTimeout: () => ({ by: "nobody" }) });
      const beeps = b.call(beep, null, { onFailure: (failure) => failure.code, retry: { attemptsMax: 2 } });
      return [answer.answer, go.by, beeps];
    });
    expect(show(ir)).toMatchInlineSnapshot(`
      "ask human mode="answer" prompt="How many?" answer={kind: "number"} ask := $result;
      ask-rejected router ask := {"answer":0};
      sleep wait wait={kind: "duration", ms: 90000}
      sleep-2 wait wait={kind: "duration", ms: n}
      until wait wait={kind: "until", at: "1970-01-01T00:00:00.000Z"}
      signal-go wait timeoutMs=5 wait={kind: "signal", name: "go", type: {kind: "object", fields: [{name: "by", type: {kind: "string"}}]}} go := $result;
      signal-go-timeout router go := {"by":"nobody"};
      beep handler retry={attemptsMax: 2} handler="beep" (input?: null) beep := $result; failure: beep_failure := $failure;
      beep-failure router beep := beep_failure.code;
      return router => [ask.answer, go.by, beep]
      ask -rejected-> ask-rejected
      ask --> sleep
      ask-rejected --> sleep
      sleep --> sleep-2
      sleep-2 --> until
      until --> signal-go
      signal-go -timeout-> signal-go-timeout
      signal-go --> beep
      signal-go-timeout --> beep
      beep -failure-> beep-failure
      beep --> return
      beep-failure --> return"
    `);
  });

  test("a sub-workflow is given its inputs by name", () => {
    const small = buildWorkflow({ id: "small", input: { n: t.number, m: t.optional(t.number) } }, (_b, input) =>
      add(input.n, coalesce(input.m, 1)),
    );
    const big = buildWorkflow({ id: "big", input: { n: t.number, whole: t.object({ n: t.number, m: t.number }) } }, (b, input) => {
      const one = b.child(small, { n: input.n });
      expectTypeOf(one).toEqualTypeOf<Value<number>>();
      const two = b.child(small, input.whole);
      return add(one, two);
    });
    const ir = sound(big, [small.ir]);
    expect(big.workflows).toEqual([small]);
    expect(show(ir)).toMatchInlineSnapshot(`
      "small workflow workflow="small" (n: n) small := $result;
      small-2 workflow workflow="small" (n: whole.n, m?: whole.m) => add(small, $result)
      small --> small-2"
    `);
  });

  test("queries and options", () => {
    const workflow = buildWorkflow(
      { id: "w", description: "d", output: t.object({ count: t.number }), limits: { stepsMax: 9 }, type: "service" },
      (b) => {
        const count = b.let("count", 0);
        b.query("progress", { count });
        b.assign(count, b.call(beep, null, { timeoutMs: 5, pool: "p" }));
        return { count };
      },
    );
    expect(sound(workflow)).toMatchObject({
      outputs: [{ name: "count", type: { kind: "number" } }],
      queries: [{ name: "progress" }],
      limits: { stepsMax: 9 },
      type: "service",
      nodes: [{}, { timeoutMs: 5, pool: "p", kind: "handler" }],
    });
  });

  test("typed handlers hold their values to their types", () => {
    const typed = handler(
      { name: "typed", input: t.object({ a: t.string }), output: t.optional(t.number) },
      async (input: { a: string }) => input.a.length,
    );
    const ir = steps((b) => {
      b.call(typed, { a: "x" });
    });
    expect(ir.nodes[0]).toMatchObject({
      reads: [{ type: { kind: "object" } }],
      writes: [{ type: { kind: "number" }, optional: true }],
      exit: { output: { kind: "literal", value: null } },
    });
    expect(ir.nodes[0]?.reads?.[0]).not.toHaveProperty("optional");
  });

  test("every operator", () => {
    const ir = steps((_b, { n, list }) => [
      contains(list, "x"),
      startsWith(text`a${n}`, "a"),
      isIn(n, [1, 2]),
      cond(gt(n, 1), "many", "one"),
      field(at(list, n) as Value<Commit>, "length"),
      list[0]?.tags.length,
    ]);
    expect(show(ir)).toMatchInlineSnapshot(
      `"return router => [contains(list, "x"), starts-with(text("a", n), "a"), in(n, [1,2]), if(gt(n, 1), "many", "one"), list[n].length, length(list[0].tags)]"`,
    );
  });

  test("the same text gives the same IR", () => {
    const build = (): string =>
      JSON.stringify(
        steps((b, { list }) => b.map(list, (commit, c) => c.parallel({ a: (d) => d.call(classify, commit), b: () => commit }))),
      );
    expect(build()).toBe(build());
  });

  test("ids follow the handler, and a number on repetition", () => {
    const ir = steps((b) => {
      b.call(beep);
      b.call(beep);
      b.call("mine", beep);
      b.call(beep);
    });
    expect(ids(ir)).toEqual(["beep", "beep-2", "mine", "beep-3"]);
  });

  test("handlers stay callable and keep their options", async () => {
    expect(await classify({ hash: "", subject: "" }, { log: () => undefined } as never)).toEqual({ section: "fixes" });
    expect(classify.name).toBe("classify");
  });
});
