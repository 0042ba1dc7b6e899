/** A simulated world for the runtime: virtual time, seeded dice, and processes that die where they are told to. */
export { type AppendObserver, crashableClock, crashableExecutor, crashableStore } from "./crashable.ts";
export { type Death, PortCalls } from "./port-calls.ts";
export { SeededRandom, seedOf } from "./seeded-random.ts";
export { type Incarnation, Simulation, type SimulationOptions, simulatedPrincipal } from "./simulation.ts";
export { VirtualClock, virtualEpochMs } from "./virtual-clock.ts";
