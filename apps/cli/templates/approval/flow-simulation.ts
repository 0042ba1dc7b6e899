/** The world around the workflow, for `heddle test flow.ts --simulate 200`: a bank that may be asked twice, or answer too late. */
import { defineSimulation } from "@heddle/testkit/simulator";

export const simulation = defineSimulation({
  input: { order: "A-17", cents: 12_500, reason: "arrived broken" },
  world: () => ({ paid: new Map<string, number>() }),
  handlers: {
    // Asked again under the same key, the bank pays nothing more. Use another key for each attempt, and see which seed fails.
    pay: async (payment: { order: string; cents: number }, ctx) => {
      await ctx.visit((bank) => bank.paid.set(ctx.idempotencyKey, payment.cents));
      return `${(payment.cents / 100).toFixed(2)} for order ${payment.order}`;
    },
  },
  check({ paid }) {
    return paid.size > 1 ? `paid ${paid.size} times` : undefined;
  },
});
