/**
 * Ships an order. Each step runs somewhere else: a handler of the bundle, a worker, a program, a plugin
 * that only looks, a node server, a plugin that changes something once a person has agreed, and a
 * sub-workflow.
 */
import { buildWorkflow, handler, t, text } from "@heddle/compiler/authoring";

interface Item {
  readonly name: string;
  readonly cents: number;
  readonly grams: number;
}

/** Runs in a process that the daemon keeps for the handlers of this bundle. */
export const weigh = handler({ name: "weigh" }, (items: readonly Item[]) => ({
  cents: items.reduce((sum, { cents }) => sum + cents, 0),
  grams: items.reduce((sum, { grams }) => sum + grams, 0),
}));

/** Runs wherever a worker serves it: see worker.ts. */
const rate = handler({
  name: "rate",
  worker: true,
  input: t.object({ customer: t.string, cents: t.number }),
  output: t.object({ risk: t.enum("low", "high") }),
});

export const write = handler(
  { name: "write" },
  ({ customer, cents, parcel }: { customer: string; cents: number; parcel: string }) =>
    `Dear ${customer}, parcel ${parcel} is on its way. You pay ${(cents / 100).toFixed(2)}.`,
);

export const letter = buildWorkflow(
  { id: "letter", input: { customer: t.string, cents: t.number, parcel: t.string } },
  (b, { customer, cents, parcel }) => b.call(write, { customer, cents, parcel }),
);

const items = t.array(t.object({ name: t.string, cents: t.number, grams: t.number }));

export default buildWorkflow({ id: "everything", input: { customer: t.string, items } }, (b, order) => {
  const { customer } = order;
  const { cents, grams } = b.call(weigh, order.items);
  const { risk } = b.call(rate, { customer, cents });
  const { code } = b.process(
    ["node", new URL("./label.mjs", import.meta.url)],
    { customer, grams },
    { safety: "safe", output: t.object({ code: t.string }) },
  );
  const quote = b.tool("carrier.quote", { grams }, { permission: "read", output: t.object({ cents: t.number, days: t.number }) });
  const { bars } = b.remote("barcode", { code }, { safety: "safe", output: t.object({ bars: t.array(t.string) }) });
  const { parcel } = b.tool("carrier.book", { code, risk }, { permission: "modify", output: t.object({ parcel: t.string }) });
  const note = b.child(letter, { customer, cents, parcel });
  return { parcel, days: quote.days, sticker: text`${bars[0]} ${code}`, letter: note };
});
