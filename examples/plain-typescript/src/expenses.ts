import { approval, workflow } from "@heddle/compiler/authoring";
import { pay, type Receipt, readReceipt } from "./receipts.ts";

interface Input {
  employee: string;
  receipts: Receipt[];
  /** Cents up to which nobody is asked. Default 50.00. */
  limit?: number;
}

interface Outcome {
  status: "paid" | "refused" | "failed";
  cents: number;
  message: string;
}

export default workflow({ name: "expenses" }, async (input: Input): Promise<Outcome> => {
  const amounts = await Promise.all(input.receipts.map((receipt) => readReceipt(receipt)));

  let cents = 0;
  for (const amount of amounts) {
    if (amount.category === "other" && amount.cents > 10_000) {
      return { status: "refused", cents: 0, message: `What is ${amount.what}?` };
    }
    cents += amount.cents;
  }

  if (cents > (input.limit ?? 5_000)) {
    const answer = await approval({ prompt: `Pay ${input.employee} ${cents} cents?`, details: amounts, timeoutMs: 86_400_000 });
    if (!answer.approved) return { status: "refused", cents, message: answer.comment ?? "Nobody agreed" };
  }

  try {
    const message = await pay({ to: input.employee, cents });
    return { status: "paid", cents, message };
  } catch (error) {
    return { status: "failed", cents, message: (error as Error).message };
  }
});
