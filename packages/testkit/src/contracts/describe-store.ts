/**
 * The contract of the store port as one vitest suite. It is data first (`storeCases`), so that the
 * same cases can be held against deliberately broken stores.
 */
import { describe, test } from "vitest";
import { appendCases } from "./store/append-cases.ts";
import { blobCases } from "./store/blob-cases.ts";
import { durabilityCases } from "./store/durability-cases.ts";
import { epochCases } from "./store/epoch-cases.ts";
import { listCases } from "./store/list-cases.ts";
import { logCases } from "./store/log-cases.ts";
import { removalCases } from "./store/removal-cases.ts";
import { tailCases } from "./store/tail-cases.ts";
import { tenantCases } from "./store/tenant-cases.ts";
import type { StoreBackend, StoreCase } from "./store-backend.ts";

/** Every promise of the store port, case by case. */
export const storeCases: readonly StoreCase[] = [
  ...appendCases,
  ...epochCases,
  ...tailCases,
  ...tenantCases,
  ...listCases,
  ...blobCases,
  ...logCases,
  ...removalCases,
  ...durabilityCases,
];

/**
 * Declares the store contract for a backend. `createBackend` is called once per case and gives an
 * empty storage.
 */
export function describeStore(name: string, createBackend: () => Promise<StoreBackend>): void {
  describe(`store contract: ${name}`, () => {
    for (const { name: behaviour, run } of storeCases) {
      test(behaviour, async () => {
        const backend = await createBackend();
        try {
          await run(backend);
        } finally {
          await backend.destroy();
        }
      });
    }
  });
}
