/** Bugs of waiting: for people, for signals, for time; and of what is left behind when a wait is cut short. */
import type { JsonValue } from "@heddle/core";
import { type Planted, sampleOf } from "./planted-kit.ts";

interface Payments {
  readonly agreed: boolean;
  paid: boolean;
}

interface PaymentsContext {
  visit<Value>(act: (world: Payments) => Value): Promise<Value>;
}

const consent = {
  world: (): Payments => ({ agreed: false, paid: false }),
  handlers: {
    pay: (input: { consent: boolean }, ctx: PaymentsContext) =>
      ctx.visit((world) => {
        world.paid = true;
        return { consent: input.consent };
      }),
  },
  check: ({ paid }: Payments, run: { readonly events: readonly { readonly kind: string; readonly result?: JsonValue }[] }) => {
    const yes = run.events.some(
      ({ kind, result }) => kind === "activation-succeeded" && JSON.stringify(result ?? null).includes('"approved":true'),
    );
    return paid && !yes ? "it was paid, and nobody had said yes" : undefined;
  },
};

const consentBody = (refused: string): string => `
  const answer = await approval({ prompt: "Pay?", timeoutMs: 60000 });
  if (${refused}) return { paid: false };
  await pay({ consent: answer.approved });
  return { paid: true };
`;

const silenceIsConsent: Planted = {
  name: "an answer that comes after its time",
  bug: "a time that is over is taken for a yes, and the answer is still to come",
  planted: sampleOf({ pay: "retry: { attemptsMax: 5 }" }, consentBody("!answer.approved && !answer.timedOut"), consent),
  mended: sampleOf({ pay: "retry: { attemptsMax: 5 }" }, consentBody("!answer.approved"), consent),
};

interface Desk {
  readonly released: { readonly order: string; readonly by: string }[];
}

interface DeskContext {
  visit<Value>(act: (world: Desk) => Value): Promise<Value>;
  sendSignal(name: string, value: JsonValue, options?: { afterMs?: number }): void;
}

const desk = {
  world: (): Desk => ({ released: [] }),
  handlers: {
    request: async (input: { order: string }, ctx: DeskContext) => {
      ctx.sendSignal("decision", { order: input.order, approved: true }, { afterMs: 500 });
      return null;
    },
    release: (input: { order: string; by: string }, ctx: DeskContext) =>
      ctx.visit(({ released }) => void released.push({ order: input.order, by: input.by })),
  },
  check: ({ released }: Desk) =>
    released.filter(({ order, by }) => order !== by).map(({ order, by }) => `order ${order} was released by the decision on ${by}`),
};

const twoOrders = (condition: string): string => `
  const done = [];
  for (const order of ["a", "b"]) {
    await request({ order });
    try {
      const decision = await signal<{ order: string; approved: boolean }>("decision", { timeoutMs: 5000 });
      if (${condition}) await release({ order, by: decision.order });
    } catch (error) {
      await note({ order });
    }
  }
  return { done };
`;

const staleDecision: Planted = {
  name: "a decision on something else",
  bug: "a signal that came too late for one order is waiting there when the next one asks",
  planted: sampleOf({ request: "", release: "", note: "" }, twoOrders("decision.approved"), {
    ...desk,
    handlers: { ...desk.handlers, note: () => null },
  }),
  mended: sampleOf({ request: "", release: "", note: "" }, twoOrders("decision.approved && decision.order === order"), {
    ...desk,
    handlers: { ...desk.handlers, note: () => null },
  }),
};

interface Till {
  /** What the customer owes of the two parts. */
  readonly asked: Set<string>;
  handedOver: boolean;
}

interface TillContext {
  visit<Value>(act: (world: Till) => Value): Promise<Value>;
  sendSignal(name: string, value: JsonValue, options?: { afterMs?: number }): void;
}

const till = (nameOf: (part: string) => string) => ({
  world: (): Till => ({ asked: new Set<string>(), handedOver: false }),
  handlers: {
    bill: async (input: { part: string }, ctx: TillContext) => {
      await ctx.visit(({ asked }) => void asked.add(input.part));
      ctx.sendSignal(nameOf(input.part), { part: input.part }, { afterMs: 2_000 });
      return null;
    },
    handOver: (input: { paid: readonly string[] }, ctx: TillContext) =>
      ctx.visit((world) => {
        world.handedOver = true;
        return input.paid.join("+");
      }),
  },
  check: (_world: Till, run: { readonly output?: JsonValue }) =>
    JSON.stringify(run.output ?? "").includes("deposit+deposit") ? "it was handed over, and only the deposit was paid (twice)" : undefined,
});

const tillBody = (deposit: string, rest: string): string => `
  await bill({ part: "deposit" });
  const first = await signal<{ part: string }>("${deposit}");
  await bill({ part: "rest" });
  const second = await signal<{ part: string }>("${rest}");
  const receipt = await handOver({ paid: [first.part, second.part] });
  return { receipt };
`;

const signalTwice: Planted = {
  name: "a signal that comes twice",
  bug: "two waits have one name, and the second is ended by the repeat of the first payment",
  planted: sampleOf(
    { bill: "", handOver: "" },
    tillBody("paid", "paid"),
    till(() => "paid"),
  ),
  mended: sampleOf(
    { bill: "", handOver: "" },
    tillBody("deposit-paid", "rest-paid"),
    till((part) => `${part}-paid`),
  ),
};

interface Theatre {
  seat: "free" | "held" | "sold";
  /** A request to hold it that arrives after it was let go is too late. */
  letGo: boolean;
}

interface TheatreContext {
  visit<Value>(act: (world: Theatre) => Value): Promise<Value>;
}

const theatre = {
  world: (): Theatre => ({ seat: "free", letGo: false }),
  handlers: {
    hold: (_input: unknown, ctx: TheatreContext) =>
      ctx.visit((world) => {
        if (world.seat === "free" && !world.letGo) world.seat = "held";
        return world.seat;
      }),
    sell: (_input: unknown, ctx: TheatreContext) =>
      ctx.visit((world) => {
        world.seat = "sold";
        return world.seat;
      }),
    letGo: (_input: unknown, ctx: TheatreContext) =>
      ctx.visit((world) => {
        world.letGo = true;
        if (world.seat === "held") world.seat = "free";
        return world.seat;
      }),
  },
  check: ({ seat }: Theatre, run: { readonly ended: boolean; readonly status: string }) =>
    run.ended && seat === "held" ? `the run has ${run.status}, and the seat is held for nobody` : undefined,
};

const seats = { hold: "retry: { attemptsMax: 60 }", sell: "retry: { attemptsMax: 60 }", letGo: "retry: { attemptsMax: 60 }" };
const patient = "limits: { cleanupTimeoutMs: 86400000 }";

const seatLeftHeld: Planted = {
  name: "no compensation when it is cancelled",
  bug: "a seat is let go where people say no, and not where the run is cancelled",
  planted: sampleOf(
    seats,
    `
  await hold({ seat: 7 });
  const answer = await approval({ prompt: "Buy it?", timeoutMs: 60000 });
  if (!answer.approved) {
    await letGo({ seat: 7 });
    return { sold: false };
  }
  await sell({ seat: 7 });
  return { sold: true };
`,
    theatre,
    patient,
  ),
  mended: sampleOf(
    seats,
    `
  try {
    await hold({ seat: 7 });
    const answer = await approval({ prompt: "Buy it?", timeoutMs: 60000 });
    if (!answer.approved) return { sold: false };
    await sell({ seat: 7 });
    return { sold: true };
  } finally {
    await letGo({ seat: 7 });
  }
`,
    theatre,
    patient,
  ),
};

interface Site {
  readonly versions: { readonly at: number; readonly text: string }[];
}

interface SiteContext {
  nowMs(): number;
  visit<Value>(act: (world: Site) => Value): Promise<Value>;
}

const site = (stampOf: (input: { turn: number }, ctx: SiteContext) => number) => ({
  world: (): Site => ({ versions: [] }),
  handlers: {
    publish: (input: { turn: number }, ctx: SiteContext) =>
      ctx.visit(({ versions }) => {
        const text = `version ${input.turn}`;
        if (!versions.some((version) => version.text === text)) versions.push({ at: stampOf(input, ctx), text });
      }),
    newest: (_input: unknown, ctx: SiteContext) =>
      ctx.visit(
        ({ versions }) => versions.reduce((best, version) => (version.at > best.at ? version : best), { at: 0, text: "none" }).text,
      ),
  },
});

const siteBody = `
  for (let turn = 1; turn <= 3; turn++) {
    await publish({ turn });
    await sleep("10s");
  }
  const shown = await newest({});
  return { shown };
`;

const wallClock: Planted = {
  name: "a loop that counts on the order of the wall clock",
  bug: "what each turn writes is stamped with the time, and another machine's clock may be behind",
  planted: sampleOf(
    { publish: "retry: { attemptsMax: 60 }", newest: "retry: { attemptsMax: 60 }" },
    siteBody,
    site((_input, ctx) => ctx.nowMs()),
  ),
  mended: sampleOf(
    { publish: "retry: { attemptsMax: 60 }", newest: "retry: { attemptsMax: 60 }" },
    siteBody,
    site(({ turn }) => turn),
  ),
};

export const plantedWaits: readonly Planted[] = [silenceIsConsent, staleDecision, signalTwice, seatLeftHeld, wallClock];
