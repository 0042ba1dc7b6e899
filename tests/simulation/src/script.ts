/** What handlers do: decided by the seed, the node, the activation and the attempt, and by nothing else. */
import type { HandlerContext, JsonValue } from "@heddle/core";
import type { Clock } from "@heddle/ports";
import type { HandlerFunction } from "@heddle/runtime";
import { SeededRandom, seedOf } from "@heddle/testkit/simulator";

export type Script =
  | { readonly kind: "succeeds" | "misfits"; readonly afterMs: number; readonly value: JsonValue }
  | { readonly kind: "throws"; readonly afterMs: number; readonly code: string | undefined; readonly retryable: boolean | undefined }
  /** Ends when it is aborted, and not before. */
  | { readonly kind: "hangs" }
  /** Goes on after it was aborted, until it is left behind. */
  | { readonly kind: "ignores-abort"; readonly afterMs: number; readonly value: JsonValue };

const kinds = { succeeds: 78, throws: 10, misfits: 3, hangs: 2, "ignores-abort": 7 };

export function scriptOf(seed: number, node: string, activation: number, attempt: number): Script {
  const random = new SeededRandom(seedOf(seed, node, activation, attempt));
  const kind = random.weighted(kinds);
  const afterMs = random.weighted({ none: 5, some: 3, long: 1 });
  const delayMs = afterMs === "none" ? 0 : random.integer(1, afterMs === "some" ? 200 : 3_000);
  const n = random.integer(0, 9);
  const value = {
    n,
    s: `of ${node}`,
    list: Array.from({ length: random.integer(0, 4) }, () => random.integer(0, 9)),
    flag: random.chance(0.5),
  };
  switch (kind) {
    case "hangs":
      return { kind };
    case "throws":
      return {
        kind,
        afterMs: delayMs,
        code: random.pick([undefined, undefined, "flaky", "odd"]),
        retryable: random.pick([undefined, true, false]),
      };
    case "misfits":
      return { kind, afterMs: delayMs, value: { ...value, n: "not a number", list: "not a list" } };
    default:
      return { kind, afterMs: delayMs, value };
  }
}

/** The handler that every node of a program names. */
export function actor(seed: number, clock: Pick<Clock, "setTimer">): HandlerFunction {
  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      clock.setTimer(ms, resolve);
    });
  return (async (_input: unknown, context: HandlerContext): Promise<JsonValue> => {
    const script = scriptOf(seed, context.node, context.activation, context.attempt);
    if (script.kind === "hangs") return untilAborted(context.signal);
    if (script.afterMs > 0)
      await (script.kind === "ignores-abort" ? wait(script.afterMs) : Promise.race([wait(script.afterMs), untilAborted(context.signal)]));
    if (script.kind !== "throws") return script.value;
    const { code, retryable } = script;
    throw Object.assign(new TypeError(`${context.node} was told to fail`), { code, ...(retryable === undefined ? {} : { retryable }) });
  }) as HandlerFunction;
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(new TypeError("it was aborted"));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}
