import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildBundle, compile, renderDiagnostics } from "@heddle/compiler";
import { createRuntime } from "@heddle/runtime";
import { expect, test } from "vitest";
import { pay, readReceipt } from "./receipts.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const sources = new Map(["src/expenses.ts", "src/receipts.ts"].map((path) => [path, readFileSync(here(`../${path}`), "utf8")]));

function expenses(): Parameters<ReturnType<typeof createRuntime>["run"]>[0] {
  const { workflows, diagnostics } = compile(sources);
  expect(renderDiagnostics(diagnostics, sources)).toBe("");
  const [only] = workflows;
  if (only === undefined) throw new TypeError("nothing was compiled");
  return only.ir;
}

async function outcomeOf(input: { employee: string; receipts: { text: string }[]; limit?: number }, agreed = true): Promise<unknown> {
  await using runtime = createRuntime({ handlers: { "read-receipt": readReceipt, pay }, confirm: () => agreed });
  return (await runtime.run(expenses(), input)).output;
}

const receipts = [{ text: "taxi to the airport 31.50" }, { text: "lunch 12.00" }];

test("what is cheap is paid without a question", async () => {
  expect(await outcomeOf({ employee: "Ada", receipts }, false)).toEqual({ status: "paid", cents: 4350, message: "Ada was paid 43.50" });
});

test("what is dear is paid once a person agrees, and not before", async () => {
  expect(await outcomeOf({ employee: "Ada", receipts, limit: 1_000 })).toMatchObject({ status: "paid" });
  expect(await outcomeOf({ employee: "Ada", receipts, limit: 1_000 }, false)).toMatchObject({ status: "refused", cents: 4350 });
});

test("the first receipt that nobody understands ends it, and a payment that fails is told", async () => {
  expect(await outcomeOf({ employee: "Ada", receipts: [...receipts, { text: "boat 900.00" }] })).toEqual({
    status: "refused",
    cents: 0,
    message: "What is boat?",
  });
  expect(await outcomeOf({ employee: "nobody", receipts })).toMatchObject({ status: "failed", message: "there is no such account" });
});

test("a bundle is made of it without running it", async () => {
  const bundle = await buildBundle(here("./expenses.ts"));
  expect(bundle.problems).toEqual([]);
  if (!bundle.valid) throw new TypeError("the bundle is not valid");
  expect(bundle.manifest.main).toBe("expenses");
  expect(bundle.manifest.handlers).toEqual([
    { name: "pay", code: { file: "src/receipts.mjs", export: "pay" } },
    { name: "read-receipt", code: { file: "src/receipts.mjs", export: "readReceipt" } },
  ]);
});
