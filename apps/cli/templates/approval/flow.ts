/** Pays refunds: at once where it is clear and small, else once a person agrees. */
import { approval, type HandlerContext, handler, workflow } from "@heddle/compiler/authoring";

interface Refund {
  order: string;
  cents: number;
  reason: string;
}

interface Payment {
  order: string;
  cents: number;
}

interface Outcome {
  status: "paid" | "refused";
  message: string;
}

/** A handler is ordinary code: it may read files, call services, throw. It runs in a process of its own. */
export const assess = handler(
  { name: "assess", retry: { attemptsMax: 3 } },
  async (reason: string): Promise<"broken" | "late" | "other"> => {
    if (/broken|damaged|cracked/i.test(reason)) return "broken";
    return /late|delay/i.test(reason) ? "late" : "other";
  },
);

/** Stands in for a bank. The key is the same for every attempt, so that a bank which is asked twice pays once. */
export const pay = handler({ name: "pay" }, async (payment: Payment, ctx: HandlerContext): Promise<string> => {
  ctx.log.info("paying", { ...payment, key: ctx.idempotencyKey });
  return `${(payment.cents / 100).toFixed(2)} for order ${payment.order}`;
});

/** The body of a workflow is read and never run: it says what may happen, and `heddle check` what it cannot say. */
export default workflow({ name: "refund" }, async (input: Refund): Promise<Outcome> => {
  const kind = await assess(input.reason);

  if (kind === "other" || input.cents > 5_000) {
    const answer = await approval({ prompt: `Refund ${input.cents} cents for order ${input.order}?`, details: input });
    if (!answer.approved) return { status: "refused", message: answer.comment ?? "Nobody agreed" };
  }

  const message = await pay({ order: input.order, cents: input.cents });
  return { status: "paid", message };
});
