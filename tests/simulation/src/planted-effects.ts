/** Bugs of effects on the world: done twice, lost, or in an order that nobody promised. */
import { type Planted, sampleOf } from "./planted-kit.ts";

interface Bank {
  readonly charges: { readonly key: string; readonly cents: number }[];
}

const bank = (): Bank => ({ charges: [] });

function chargedOnce({ charges }: Bank): string | undefined {
  return charges.length > 1 ? `the customer was charged ${charges.length} times` : undefined;
}

const payBody = `
  const order = await place({ cents: 1200 });
  const receipt = await charge({ cents: order.cents });
  return { receipt };
`;

const place = (input: { cents: number }): object => ({ cents: input.cents });

/** The bank never hears a key, so that a second request is a second charge. */
const missingKey: Planted = {
  name: "missing idempotency key",
  bug: "a payment is retried, and the bank cannot tell that it is the same one",
  planted: sampleOf({ place: "", charge: "retry: { attemptsMax: 5 }" }, payBody, {
    world: bank,
    handlers: {
      place,
      charge: (input: { cents: number }, ctx) =>
        ctx.visit(({ charges }) => {
          charges.push({ key: "", cents: input.cents });
          return "paid";
        }),
    },
    check: chargedOnce,
  }),
  mended: sampleOf({ place: "", charge: "retry: { attemptsMax: 5 }" }, payBody, {
    world: bank,
    handlers: {
      place,
      charge: (input: { cents: number }, ctx) =>
        ctx.visit(({ charges }) => {
          if (!charges.some(({ key }) => key === ctx.idempotencyKey)) charges.push({ key: ctx.idempotencyKey, cents: input.cents });
          return "paid";
        }),
    },
    check: chargedOnce,
  }),
};

interface Shop {
  parcels: number;
}

const shipped = {
  world: (): Shop => ({ parcels: 0 }),
  handlers: {
    pack: () => ({ weight: 3 }),
    ship: (_input: unknown, ctx: { visit<Value>(act: (world: Shop) => Value): Promise<Value> }) =>
      ctx.visit((shop) => {
        shop.parcels++;
        return "shipped";
      }),
  },
  check: ({ parcels }: Shop) => (parcels > 1 ? `${parcels} parcels were sent for one order` : undefined),
};

const shipBody = `
  const parcel = await pack({ items: 2 });
  const state = await ship({ weight: parcel.weight });
  return { state };
`;

/** A step is taken for repeatable until it says that it is not. */
const unsafeUndeclared: Planted = {
  name: "unsafe step without its safety",
  bug: "a step that must not be repeated does not say so, and is repeated once its executor is lost",
  planted: sampleOf({ pack: "", ship: "" }, shipBody, shipped),
  mended: sampleOf({ pack: "", ship: 'safety: "unsafe"' }, shipBody, shipped),
};

interface Stock {
  sold: number;
  readonly counted: Set<string>;
}

const stock = (): Stock => ({ sold: 0, counted: new Set() });

const fanIn = `
  const sold = await Promise.all([sellHere({ count: 2 }), sellThere({ count: 3 })]);
  const report = await count({ sold });
  return { sold: report.sold };
`;

const retried = { sellHere: "retry: { attemptsMax: 30 }", sellThere: "retry: { attemptsMax: 30 }", count: "retry: { attemptsMax: 30 }" };
const allSold = ({ sold }: Stock, run: { readonly status: string }): string | undefined =>
  run.status === "succeeded" && sold !== 5 ? `5 were sold, and ${sold} are counted` : undefined;

interface StockContext {
  readonly idempotencyKey: string;
  visit<Value>(act: (world: Stock) => Value): Promise<Value>;
  sleep(ms: number): Promise<void>;
}

async function readThenWrite(input: { count: number }, ctx: StockContext): Promise<number> {
  const before = await ctx.visit(({ sold, counted }) => (counted.has(ctx.idempotencyKey) ? undefined : sold));
  if (before === undefined) return input.count;
  await ctx.visit((world) => {
    if (world.counted.has(ctx.idempotencyKey)) return;
    world.counted.add(ctx.idempotencyKey);
    world.sold = before + input.count;
  });
  return input.count;
}

async function addAtOnce(input: { count: number }, ctx: StockContext): Promise<number> {
  await ctx.visit((world) => {
    if (world.counted.has(ctx.idempotencyKey)) return;
    world.counted.add(ctx.idempotencyKey);
    world.sold += input.count;
  });
  return input.count;
}

const readStock = (_input: unknown, ctx: StockContext): Promise<{ sold: number }> => ctx.visit(({ sold }) => ({ sold }));

/** The other branch is later, so that nothing is amiss while everything goes well. */
function afterAWhile<Input, Result>(then: (input: Input, ctx: StockContext) => Promise<Result>) {
  return async (input: Input, ctx: StockContext): Promise<Result> => {
    await ctx.sleep(50);
    return then(input, ctx);
  };
}

const lostUpdate: Planted = {
  name: "lost update in a fan-in",
  bug: "two branches read a count, add to it and write it back",
  planted: sampleOf(retried, fanIn, {
    world: stock,
    handlers: { sellHere: readThenWrite, sellThere: afterAWhile(readThenWrite), count: readStock },
    check: allSold,
  }),
  mended: sampleOf(retried, fanIn, {
    world: stock,
    handlers: { sellHere: addAtOnce, sellThere: afterAWhile(addAtOnce), count: readStock },
    check: allSold,
  }),
};

interface Hotel {
  /** Rooms by the key that they were asked for with. */
  readonly rooms: Map<string, number>;
}

interface HotelContext {
  readonly idempotencyKey: string;
  readonly attempt: number;
  visit<Value>(act: (world: Hotel) => Value): Promise<Value>;
}

const book = (keyOf: (ctx: HotelContext) => string) => (_input: unknown, ctx: HotelContext) =>
  ctx.visit(({ rooms }) => {
    const key = keyOf(ctx);
    rooms.set(key, rooms.get(key) ?? rooms.size + 1);
    return { room: rooms.get(key) ?? 0 };
  });

const hotel = (keyOf: (ctx: HotelContext) => string) => ({
  world: (): Hotel => ({ rooms: new Map() }),
  handlers: { book: book(keyOf), confirm: () => "confirmed" },
  check: ({ rooms }: Hotel) => (rooms.size > 1 ? `${rooms.size} rooms are reserved for one guest` : undefined),
});

const stay = `
  const booked = await book({ guest: "Ada" });
  await confirm({ room: booked.room });
  return { room: booked.room };
`;

const doubleReservation: Planted = {
  name: "double reservation after a timeout",
  bug: "the key of a reservation names the attempt, so that a request that arrives late has a room of its own",
  planted: sampleOf(
    { book: "timeoutMs: 1000, retry: { attemptsMax: 4 }", confirm: "" },
    stay,
    hotel(({ idempotencyKey, attempt }) => `${idempotencyKey}/${attempt}`),
  ),
  mended: sampleOf(
    { book: "timeoutMs: 1000, retry: { attemptsMax: 4 }", confirm: "" },
    stay,
    hotel(({ idempotencyKey }) => idempotencyKey),
  ),
};

interface Ledger {
  readonly lines: string[];
  readonly placed: Map<number, string>;
}

interface LedgerContext {
  visit<Value>(act: (world: Ledger) => Value): Promise<Value>;
}

const ledger = (): Ledger => ({ lines: [], placed: new Map() });

const listBody = `
  const lines = await split({ text: "a b c d" });
  await Promise.all(lines.map(async (line: { at: number; text: string }) => write({ line })));
  const text = await read({});
  return { text };
`;

interface Line {
  readonly line: { readonly at: number; readonly text: string };
}

const split = (input: { text: string }): object[] => input.text.split(" ").map((text, at) => ({ at, text }));

const itemOrder: Planted = {
  name: "a map that counts on the order of its items",
  bug: "items of a map append to one list, and their requests arrive as they like",
  planted: sampleOf({ split: "", write: "retry: { attemptsMax: 30 }", read: "retry: { attemptsMax: 30 }" }, listBody, {
    world: ledger,
    handlers: {
      split,
      write: ({ line }: Line, ctx: LedgerContext) =>
        ctx.visit(({ lines }) => {
          if (!lines.includes(line.text)) lines.push(line.text);
        }),
      read: (_input: unknown, ctx: LedgerContext) => ctx.visit(({ lines }) => lines.join(" ")),
    },
  }),
  mended: sampleOf({ split: "", write: "retry: { attemptsMax: 30 }", read: "retry: { attemptsMax: 30 }" }, listBody, {
    world: ledger,
    handlers: {
      split,
      write: ({ line }: Line, ctx: LedgerContext) => ctx.visit(({ placed }) => void placed.set(line.at, line.text)),
      read: (_input: unknown, ctx: LedgerContext) =>
        ctx.visit(({ placed }) =>
          [...placed]
            .sort(([a], [b]) => a - b)
            .map(([, text]) => text)
            .join(" "),
        ),
    },
  }),
};

interface Registry {
  next: number;
  readonly orders: Set<number>;
}

interface RegistryContext {
  visit<Value>(act: (world: Registry) => Value): Promise<Value>;
  once(name: string, fn: () => Promise<number>): Promise<number>;
}

const registry = (numberOf: (ctx: RegistryContext) => Promise<number>) => ({
  world: (): Registry => ({ next: 1, orders: new Set<number>() }),
  handlers: {
    register: async (_input: unknown, ctx: RegistryContext) => {
      const number = await numberOf(ctx);
      await ctx.visit(({ orders }) => void orders.add(number));
      return { number };
    },
    announce: () => "announced",
  },
  check: ({ orders }: Registry) => (orders.size > 1 ? `one order has ${orders.size} numbers` : undefined),
  // Which number it is may depend on how often one was drawn.
  sameOutput: false as const,
});

const drawn = (ctx: RegistryContext): Promise<number> => ctx.visit((world) => world.next++);

const registerBody = `
  const order = await register({ of: "Ada" });
  await announce({ number: order.number });
  return { number: order.number };
`;

const missingOnce: Planted = {
  name: "a value that each attempt draws anew",
  bug: "a number is drawn and used in one handler, without ctx.once between the two",
  planted: sampleOf({ register: "retry: { attemptsMax: 4 }", announce: "" }, registerBody, registry(drawn)),
  mended: sampleOf(
    { register: "retry: { attemptsMax: 4 }", announce: "" },
    registerBody,
    registry((ctx) => ctx.once("number", () => drawn(ctx))),
  ),
};

export const plantedEffects: readonly Planted[] = [missingKey, unsafeUndeclared, lostUpdate, doubleReservation, itemOrder, missingOnce];
