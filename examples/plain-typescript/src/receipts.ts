/** What is done with one receipt. */
import { handler } from "@heddle/compiler/authoring";

export interface Receipt {
  text: string;
}

export interface Amount {
  what: string;
  cents: number;
  category: "travel" | "meals" | "other";
}

/** Reads a line such as "taxi to the airport 31.50". */
export const readReceipt = handler({ name: "read-receipt", retry: { attemptsMax: 3 } }, async (receipt: Receipt): Promise<Amount> => {
  const [, what = receipt.text, money = "0"] = /^(.*?)\s+(\d+(?:\.\d{2})?)$/.exec(receipt.text) ?? [];
  const category = /taxi|train|flight/i.test(what) ? "travel" : /lunch|dinner/i.test(what) ? "meals" : "other";
  return { what, cents: Math.round(Number(money) * 100), category };
});

export interface Payment {
  to: string;
  cents: number;
}

/** Stands in for a bank. */
export const pay = handler({ name: "pay", safety: "unsafe" }, async (payment: Payment): Promise<string> => {
  if (payment.to === "nobody") throw Object.assign(new TypeError("there is no such account"), { code: "no-account", retryable: false });
  return `${payment.to} was paid ${(payment.cents / 100).toFixed(2)}`;
});
