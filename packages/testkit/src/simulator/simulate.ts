/**
 * A range of seeds on one workflow: first what it does undisturbed, then seed after seed with faults, and of the first
 * seed that fails as few faults as it takes.
 */
import { type BundleManifest, HeddleError, type JsonObject, type JsonValue, jsonEquals } from "@heddle/core";
import { createMemoryDisk, createMemoryStore, createRuntime } from "@heddle/runtime";
import type { SimulationSpec } from "./define-simulation.ts";
import { type Fault, keyOfFault } from "./fault-plan.ts";
import type { StoryLine } from "./outside.ts";
import { type Played, playSeed, type Stage, type Undisturbed } from "./play.ts";
import { simulatedPrincipal } from "./simulation.ts";
import { type BundleFunctions, standInFor } from "./stand-ins.ts";
import { sweepSeeds } from "./sweep.ts";

export interface SimulateOptions<World> {
  readonly manifest: BundleManifest;
  /** The world around it. Absent: its handlers as they are, people who say yes, and every signal it waits for. */
  readonly simulation?: SimulationSpec<World>;
  /** Handlers of the bundle as they are, by name. They are called in this process. */
  readonly code?: BundleFunctions;
  /** Wins over the simulation's own. */
  readonly workflow?: string;
  /** Wins over the simulation's own. */
  readonly input?: JsonObject;
  /** How many seeds. */
  readonly seeds: number;
  /** The first one. Default 1. */
  readonly from?: number;
  /** Stops between two seeds. */
  readonly signal?: AbortSignal;
  /** Told after every hundredth seed. */
  readonly onProgress?: (seedsPlayed: number) => void;
}

/** A seed that fails, and why. */
export interface FailingSeed {
  readonly seed: number;
  /** The law that was broken; `check`: the author's own. */
  readonly law: string;
  readonly what: string;
  /** The faults that it takes, in their order. Empty: it fails undisturbed. */
  readonly faults: readonly Fault[];
  /** How many the seed brought before those were left out that it fails without. */
  readonly faultsBrought: number;
  /** What happens with these faults alone. */
  readonly story: readonly StoryLine[];
}

export interface SimulationReport {
  readonly workflow: string;
  readonly from: number;
  /** How many were played; the last one is the failing one, where there is one. */
  readonly seedsPlayed: number;
  readonly failing?: FailingSeed;
  /** How an undisturbed run ends. */
  readonly undisturbed: { readonly status: string; readonly output?: JsonValue; readonly commits: number };
  /** Whether a death at each port call, before it and after it, was among the seeds. */
  readonly sweptAll: boolean;
  /** How often each kind of fault happened. */
  readonly faults: Readonly<Record<string, number>>;
  /** What is worth knowing and breaks no law. */
  readonly remarks: readonly string[];
}

const progressEvery = 100;

/** Of undisturbed plays, whatever the range: where a seed lets the process die depends on what they look like. */
const calmSeed = 1;

/**
 * Plays seeds in order, up to the first that fails. Errors: those of a start (`input-invalid`, …), `workflow-not-found`,
 * `handler-not-found` where nothing stands in for a node, `cancelled`.
 */
export async function simulate<World>(options: SimulateOptions<World>): Promise<SimulationReport> {
  const { seeds, from = 1, signal } = options;
  const stage = await stageOf(options);
  const remarks = new Set<string>();
  const first = await playSeed(stage, calmSeed, undefined);
  const workflow = stage.standIn.workflow.id;
  const { status, output, commits } = first.as;
  const undisturbed = { status, commits, ...(output === undefined ? {} : { output }) };
  const report = { workflow, from, undisturbed, sweptAll: false };
  if (first.broken !== undefined) {
    return { ...report, seedsPlayed: 1, failing: failingOf(first, first, 0), faults: {}, remarks: [...first.remarks] };
  }
  const usual = await usualOf(stage, first, remarks);
  const faults = new Map<string, number>();
  for (let played = 0; played < seeds; played++) {
    if (signal?.aborted === true) throw new HeddleError("cancelled", "the simulation was stopped");
    const one = await playSeed(stage, from + played, usual);
    for (const { kind } of one.faults) faults.set(kind, (faults.get(kind) ?? 0) + 1);
    for (const remark of one.remarks) remarks.add(remark);
    if (one.broken !== undefined) {
      const failing = await reduced(stage, one, usual);
      return { ...report, seedsPlayed: played + 1, failing, faults: counted(faults), remarks: [...remarks] };
    }
    if ((played + 1) % progressEvery === 0) options.onProgress?.(played + 1);
  }
  return { ...report, seedsPlayed: seeds, sweptAll: seeds >= sweepSeeds(usual.calls), faults: counted(faults), remarks: [...remarks] };
}

/** The whole history of one seed, byte for byte the same each time: every event of every run, and what happened around them. */
export async function historyOfSeed<World>(
  options: Omit<SimulateOptions<World>, "seeds" | "from">,
  seed: number,
): Promise<readonly string[]> {
  const stage = await stageOf(options);
  const usual = await usualOf(stage, await playSeed(stage, calmSeed, undefined), new Set());
  const { history, story, broken } = await playSeed(stage, seed, usual);
  return [...history, ...story.map(({ atMs, text }) => `${atMs} ${text}`), JSON.stringify(broken ?? null)];
}

/** What every disturbed run is compared with, where two undisturbed ones end alike. */
async function usualOf<World>(stage: Stage<World>, first: Played, remarks: Set<string>): Promise<Undisturbed> {
  const second = await playSeed(stage, calmSeed, undefined);
  const compare = jsonEquals(first.as.output ?? null, second.as.output ?? null);
  if (!compare) remarks.add("two undisturbed runs ended with different outputs, so outputs are not compared");
  return { ...first.as, compare };
}

/**
 * As few faults as it takes to break the same law: one alone, or two, where that does; else what is left when none can be
 * left out.
 */
async function reduced<World>(stage: Stage<World>, failed: Played, usual: Undisturbed): Promise<FailingSeed> {
  const failsWith = async (faults: readonly Fault[]): Promise<Played | undefined> => {
    const played = await playSeed(stage, failed.seed, usual, new Set(faults.map(keyOfFault)));
    return played.broken?.law === failed.broken?.law && played.faults.length < failed.faults.length ? played : undefined;
  };
  for (const few of fewOf(failed.faults)) {
    const least = await failsWith(few);
    if (least !== undefined) return failingOf(failed, least, failed.faults.length);
  }
  let least = failed;
  for (let at = failed.faults.length - 1; at >= 0; at--) {
    const without = least.faults.filter((_, i) => i !== at);
    const played = at < least.faults.length ? await failsWith(without) : undefined;
    if (played === undefined) continue;
    least = played;
    // What is left may have changed places: begin again.
    at = least.faults.length;
  }
  return failingOf(failed, least, failed.faults.length);
}

/** None, each alone, and each two. */
function* fewOf(faults: readonly Fault[]): Generator<readonly Fault[]> {
  yield [];
  for (const one of faults) yield [one];
  for (const [i, one] of faults.entries()) for (const other of faults.slice(i + 1)) yield [one, other];
}

function failingOf({ seed }: Played, { broken, faults, story }: Played, faultsBrought: number): FailingSeed {
  return { seed, law: broken?.law ?? "", what: broken?.text ?? "", faults, faultsBrought, story };
}

async function stageOf<World>(options: Omit<SimulateOptions<World>, "seeds" | "from">): Promise<Stage<World>> {
  const { manifest, simulation, code = {}, workflow, input } = options;
  const given: SimulationSpec<World> = simulation ?? { world: () => ({}) as World };
  const spec = workflow === undefined ? given : { ...given, workflow };
  const standIn = standInFor(manifest, spec.workflow, new Set(Object.keys(spec.handlers ?? {})), code);
  const disk = createMemoryDisk();
  const runtime = createRuntime({
    store: createMemoryStore(disk),
    handlers: Object.fromEntries(standIn.manifest.handlers.map(({ name }) => [name, () => null])),
  });
  const { hash } = await runtime.api.bundles.put({ manifest: standIn.manifest, files: [] }, { principal: simulatedPrincipal });
  await runtime.close({ graceMs: 0 });
  return { spec, standIn, code, input: input ?? spec.input ?? {}, sendsAll: simulation === undefined, disk, bundle: hash };
}

function counted(faults: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...faults].sort(([a], [b]) => (a < b ? -1 : 1)));
}
