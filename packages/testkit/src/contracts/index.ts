/** The executable contracts of the ports. A backend is finished when it passes its suite, and not before. */
export { type BrokenStore, brokenStores, failuresOf } from "./broken-stores.ts";
export { describeStore, storeCases } from "./describe-store.ts";
export type { StoreBackend, StoreCase } from "./store-backend.ts";
