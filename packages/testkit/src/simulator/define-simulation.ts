/**
 * What an author says about the world around a workflow, so that a simulation can disturb it: stubs in place of its
 * handlers, the state of the world that they act on, and what has to hold of that world.
 */
import { type Failure, type HandlerContext, HeddleError, type JsonObject, type JsonValue, nearestName, type RunEvent } from "@heddle/core";

/** The second argument of a stub (the last, where arguments are positional). */
export interface StubContext<World> extends HandlerContext {
  /** The state of the world. It outlives every crash. */
  readonly world: World;
  /**
   * One request to the world: `act` happens whole, in one step, after a while that the seed chooses, and its value comes
   * back after another. A fault may keep the request from arriving, or only its answer from coming back; a request
   * that is under way arrives, whatever has become of whoever sent it. What `act` throws comes back as thrown.
   */
  visit<Value>(act: (world: World) => Value): Promise<Value>;
  /** Waits by the virtual clock. */
  sleep(ms: number): Promise<void>;
  /** The wall clock of the process, in milliseconds since the epoch. Another process may have another one. */
  nowMs(): number;
  /** Lets the world send a signal to this run, `afterMs` (default 10) from now. Faults may delay, repeat or lose it. */
  sendSignal(name: string, value: JsonValue, options?: { readonly afterMs?: number }): void;
}

/** A stub: the input of its node first, the context last. */
export type StubFunction<World> = (input: never, ctx: StubContext<World>) => unknown;

/** The run of a simulation, as `check` sees it. */
export interface SimulatedRun {
  readonly seed: number;
  /** False where `check` is called because a process has just died. */
  readonly ended: boolean;
  readonly status: "open" | "succeeded" | "failed" | "cancelled";
  readonly input: JsonObject;
  /** Of a run that succeeded. */
  readonly output?: JsonValue;
  /** Of a run that failed. */
  readonly failure?: Failure;
  /** Virtual milliseconds since the start. */
  readonly atMs: number;
  /** What its journal holds so far, child runs left out. */
  readonly events: readonly RunEvent[];
  /** How many attempts at a node have begun, in all runs. */
  attemptsAt(node: string): number;
}

/** An answer of a person: a value, or what gives one. `undefined` declines. */
export type PersonAnswer<World> = JsonValue | ((world: World) => JsonValue | undefined);

/** See {@link defineSimulation}. */
export interface SimulationSpec<World> {
  /** Which workflow of the bundle. Default: its main one. */
  readonly workflow?: string;
  /** Default: the defaults that the workflow declares. */
  readonly input?: JsonObject;
  /** The world before a run. Called once for each seed, and for nothing else. */
  world(): World;
  /** Stubs by the id of a node or the name of a handler. A handler without one is run as it is. */
  readonly handlers?: Readonly<Record<string, StubFunction<World>>>;
  /** What people answer, by the id of the node that asks. Default: yes, or a value of the type that is asked for. */
  readonly people?: Readonly<Record<string, PersonAnswer<World>>>;
  /** Values of signals that somebody sends once the run waits for them, by name. */
  readonly signals?: Readonly<Record<string, JsonValue>>;
  /**
   * Says what is wrong, with the world or the run: throws, or returns a text or several. Called when a process has died
   * (`run.ended` is false; requests may be under way) and at the end, when the last request has arrived.
   */
  check?(world: World, run: SimulatedRun): unknown;
  /** False: a disturbed run may end with another output than an undisturbed one, even where nothing failed for good. */
  readonly sameOutput?: boolean;
}

/** Describes the world of a workflow to `heddle test --simulate`: `export const simulation = defineSimulation({ … })`. */
export function defineSimulation<World>(spec: SimulationSpec<World>): SimulationSpec<World> {
  return spec;
}

const members = ["workflow", "input", "world", "handlers", "people", "signals", "check", "sameOutput"] as const;

/**
 * Holds what a module exports as `simulation` to the shape of one. Errors: `request-invalid`, saying which member is
 * wrong and what it has to be.
 */
export function parseSimulation(value: unknown): SimulationSpec<unknown> {
  const refuse = (message: string): never => {
    throw new HeddleError("request-invalid", `the simulation ${message}`);
  };
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse("is no object; export one as simulation");
  const given: Readonly<Record<string, unknown>> = { ...value };
  for (const name of Object.keys(given)) {
    if ((members as readonly string[]).includes(name)) continue;
    const near = nearestName(name, members);
    refuse(
      `has the member ${name}, which does not exist${near === undefined ? `; there are ${members.join(", ")}` : ` (did you mean ${near}?)`}`,
    );
  }
  const { world, handlers, people, signals, check, workflow, input, sameOutput } = given;
  if (world !== undefined && typeof world !== "function") refuse("has a world that is no function; write world: () => ({ … })");
  if (check !== undefined && typeof check !== "function") refuse("has a check that is no function; write check(world, run) { … }");
  if (workflow !== undefined && typeof workflow !== "string") refuse("has a workflow that is no text; give its id");
  if (sameOutput !== undefined && typeof sameOutput !== "boolean") refuse("has a sameOutput that is neither true nor false");
  for (const [name, member] of Object.entries({ input, handlers, people, signals })) {
    if (member !== undefined && (typeof member !== "object" || member === null || Array.isArray(member)))
      refuse(`has ${name} that are no object`);
  }
  for (const [name, stub] of Object.entries(handlers ?? {})) {
    if (typeof stub !== "function") refuse(`has a stub ${name} that is no function; write ${name}: async (input, ctx) => …`);
  }
  return { world: () => ({}), ...given };
}
