/** A draft of the next context, which actions change, and what they leave to do: tell the driver, raise an event. */
import type { Failure, JsonObject, JsonValue } from "@heddle/core";
import type { FrameState, MachineContext, MachineEvent, RegionState, Told } from "./machine-context.ts";
import { own, type Program } from "./program.ts";

/** The next context while it is made. What it is made of is left as it was. */
export class Draft {
  readonly program: Program;
  readonly frames: Record<string, FrameState>;
  readonly regions: Record<string, RegionState>;
  readonly told: Told[] = [];
  readonly raised: MachineEvent[] = [];
  activations: number;
  opened: number;
  steps: number;
  ending: MachineContext["ending"];
  output: JsonValue;
  failure: Failure | null;

  constructor(program: Program, context: MachineContext) {
    this.program = program;
    this.frames = { ...context.frames };
    this.regions = { ...context.regions };
    this.activations = context.activations;
    this.opened = context.opened;
    this.steps = context.steps;
    this.ending = context.ending;
    this.output = context.output;
    this.failure = context.failure;
  }

  tell(type: string, params: JsonObject): void {
    this.told.push({ type: `heddle.${type}`, params });
  }

  raise(event: MachineEvent): void {
    this.raised.push(event);
  }

  editFrame(key: string): FrameState | undefined {
    const frame = own(this.frames, key);
    if (frame === undefined) return undefined;
    const copy = { ...frame };
    this.frames[key] = copy;
    return copy;
  }

  editRegion(key: string): RegionState | undefined {
    const region = own(this.regions, key);
    if (region === undefined) return undefined;
    const copy = { ...region };
    this.regions[key] = copy;
    return copy;
  }

  context(): MachineContext {
    const { frames, regions, activations, opened, steps, ending, output, failure } = this;
    return { frames, regions, activations, opened, steps, ending, output, failure };
  }
}

/** Frames of a region that are open now. */
export function openFrames(context: Pick<MachineContext, "frames">, keys: readonly string[]): readonly string[] {
  return keys.filter((key) => Object.hasOwn(context.frames, key));
}
