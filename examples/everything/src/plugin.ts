/** A plugin in a process of its own: one action looks, the other changes something, so that a person is asked first. */
import { defineAction, definePlugin, serve } from "@heddle/plugin-sdk";

const booked = new Map<string, string>();

const carrier = definePlugin({
  name: "carrier",
  version: "1.0.0",
  description: "Takes parcels to people",
  permission: "read",
  stages: ["operate"],
  actions: {
    quote: defineAction({
      description: "What a parcel costs, and how many days it takes. Use it before anything is booked.",
      input: { grams: "integer" },
      output: { cents: "integer", days: "integer" },
      execute: ({ params }) => ({ cents: 300 + params.grams, days: params.grams > 1000 ? 5 : 2 }),
    }),
    book: defineAction({
      description: "Books a parcel. It is fetched the same day, and has to be paid.",
      permission: "modify",
      input: { code: "string", risk: { type: "string", enum: ["low", "high"] } },
      output: { parcel: "string" },
      // Booked twice under one key, it is booked once.
      execute: ({ params, idempotencyKey }) => {
        const parcel = booked.get(idempotencyKey) ?? `P${booked.size + 1}-${params.code}`;
        booked.set(idempotencyKey, parcel);
        return { parcel };
      },
    }),
  },
});

await serve(carrier);
