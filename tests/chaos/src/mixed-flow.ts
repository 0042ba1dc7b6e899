/**
 * The mixed workflow: a step for every place where code can run, safe and unsafe ones. Each step gives
 * a number that the next one starts from, so that the output says whether every step ran on what it should.
 */
import { buildWorkflow, type HandlerContext, handler, t, type Value } from "@heddle/compiler/authoring";
import { act, type Given } from "./mixed-act.ts";

/** Losses may be many here, and what is safe is repeated for as long as it takes. */
const retry = { attemptsMax: 1_000, delayMs: 20, factor: 1, jitter: 0 };
const given = t.object({ logs: t.string, value: t.number });
const one = t.object({ value: t.number });

const inBundle = (step: string) => (input: Given, ctx: HandlerContext) =>
  act(input, { place: "handlers", step, key: ctx.idempotencyKey, attempt: ctx.attempt, signal: ctx.signal });

export const weigh = handler({ name: "weigh", retry, output: t.number }, inBundle("weigh"));
export const seal = handler({ name: "seal", safety: "unsafe", output: t.number }, inBundle("seal"));
export const close = handler({ name: "close", retry, output: t.number }, inBundle("close"));
const rate = handler({ name: "rate", worker: true, retry, input: given, output: t.number });
const charge = handler({ name: "charge", worker: true, safety: "unsafe", input: given, output: t.number });
const tip = handler({ name: "tip", worker: true, safety: "unsafe", input: given, output: t.number });

/** The steps of a run in their order; those of `inner` belong to the run that `outer` starts. */
export const steps = {
  outer: ["weigh", "rate", "seal", "look", "stamp", "charge", "blend", "post", "sketch", "tint"],
  inner: ["close", "tip"],
} as const;

const command = (step: string) => [
  "node",
  "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON",
  new URL("./mixed-program.ts", import.meta.url),
  step,
];
const files = [new URL("./mixed-act.ts", import.meta.url)];

export const inner = buildWorkflow({ id: "mixed-inner", input: { logs: t.string, value: t.number } }, (b, { logs, value }) => {
  const closed = b.call(close, { logs, value });
  return b.call(tip, { logs, value: closed });
});

export const mixed = buildWorkflow({ id: "mixed", input: { logs: t.string, value: t.number } }, (b, { logs, value }) => {
  const from = (last: Value<number>) => ({ logs, value: last });
  const weighed = b.call(weigh, from(value));
  const rated = b.call(rate, from(weighed));
  const sealed = b.call(seal, from(rated));
  const looked = b.tool("mixed.look", from(sealed), { permission: "read", retry, output: one });
  const stamped = b.process(command("stamp"), from(looked.value), { id: "stamp", files, output: one });
  const charged = b.call(charge, from(stamped.value));
  const ports = t.object({ value: t.array(t.number) });
  const blended = b.remote("blend", from(charged), { output: ports });
  const posted = b.tool("mixed.post", from(blended.value[0] as Value<number>), { permission: "modify", output: one });
  const sketched = b.process(command("sketch"), from(posted.value), { id: "sketch", files, safety: "safe", retry, output: one });
  const tinted = b.remote("tint", from(sketched.value), { safety: "safe", retry, output: ports });
  return b.child(inner, from(tinted.value[0] as Value<number>));
});
