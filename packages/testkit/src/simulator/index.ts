/** A simulated world for the runtime: virtual time, seeded dice, and processes that die where they are told to. */
export { type AppendObserver, crashableClock, crashableExecutor, crashableStore } from "./crashable.ts";
export {
  defineSimulation,
  type PersonAnswer,
  parseSimulation,
  type SimulatedRun,
  type SimulationSpec,
  type StubContext,
  type StubFunction,
} from "./define-simulation.ts";
export type { Fault } from "./fault-plan.ts";
export type { StoryLine } from "./outside.ts";
export { type Death, PortCalls } from "./port-calls.ts";
export { type QuickStep, type QuickTestOptions, type QuickTestReport, quickTest } from "./quick-test.ts";
export { SeededRandom, seedOf } from "./seeded-random.ts";
export { type FailingSeed, historyOfSeed, type SimulateOptions, type SimulationReport, simulate } from "./simulate.ts";
export { type Incarnation, Simulation, type SimulationOptions, simulatedPrincipal } from "./simulation.ts";
export type { BundleFunctions } from "./stand-ins.ts";
export { VirtualClock, virtualEpochMs } from "./virtual-clock.ts";
