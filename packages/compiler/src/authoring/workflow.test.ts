import { expect, test } from "vitest";
import { AuthoringError, approval, ask, failure, handler, model, type PlainWorkflow, signal, sleep, until, workflow } from "./index.ts";

const child: PlainWorkflow<{ n: number }, number> = workflow({ name: "child" }, async (input: { n: number }) => input.n);
const say = model({ name: "say", prompt: (input: { text: string }) => `Say ${input.text}` });

test.each<[string, () => unknown]>([
  ["a workflow", () => child({ n: 1 })],
  ["a model", () => say({ text: "x" })],
  ["sleep", () => sleep("5s")],
  ["until", () => until(0)],
  ["signal", () => signal<number>("go")],
  ["approval", () => approval({ prompt: "?" })],
  ["ask", () => ask<string>({ prompt: "?" })],
])("%s that is called by a running program says that it is read, never run", (_, call) => {
  expect(call).toThrow(AuthoringError);
  expect(call).toThrow(/read, never run/);
});

test("declaring runs nothing of the body", () => {
  expect(() => workflow({ name: "never" }, () => Promise.reject(new TypeError("it ran")))).not.toThrow();
});

test("a failure is an error with a code", () => {
  expect(failure("own", "it is over")).toMatchObject({ code: "own", message: "it is over" });
});

test("a body calls a handler with its input alone, and a program with a context too", () => {
  const double = handler({ name: "double" }, async (n: number): Promise<number> => n * 2);
  const inBody = (): Promise<number> => double(3);
  expect(inBody()).toBeInstanceOf(Promise);
});
