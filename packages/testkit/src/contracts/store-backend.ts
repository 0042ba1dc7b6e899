/** What a backend hands to the store contract, and what the contract is made of. */
import type { Store } from "@heddle/ports";

/** One storage, which the suite opens, closes, opens again, and opens twice at once. */
export interface StoreBackend {
  /** Opens the same storage each time. */
  open(): Promise<Store>;
  /** Opens a copy of what a crash at this very instant would leave, while other stores stay open. */
  openAfterCrash(): Promise<Store>;
  /** Removes the storage. Called once, after the last close. */
  destroy(): Promise<void>;
}

/** One promise of the port, as a behaviour that can be watched. Rejects where the backend breaks it. */
export interface StoreCase {
  readonly name: string;
  run(backend: StoreBackend): Promise<void>;
}

/** A case on one open store, closed in the end whatever happens. */
export function storeCase(name: string, act: (store: Store, backend: StoreBackend) => Promise<void>): StoreCase {
  return {
    name,
    async run(backend) {
      const store = await backend.open();
      try {
        await act(store, backend);
      } finally {
        await store.close();
      }
    },
  };
}

/** Runs with one more store, closed in the end. */
export async function withStore<T>(opening: Promise<Store>, act: (store: Store) => Promise<T>): Promise<T> {
  const store = await opening;
  try {
    return await act(store);
  } finally {
    await store.close();
  }
}
