import { describeStore } from "@heddle/testkit/contracts";
import { createMemoryDisk, type MemoryDisk } from "./disk.ts";
import { createMemoryStore } from "./memory-store.ts";

describeStore("memory", async () => {
  const disk: MemoryDisk = createMemoryDisk();
  return {
    open: async () => createMemoryStore(disk),
    openAfterCrash: async () => createMemoryStore(structuredClone(disk)),
    destroy: async () => disk.streams.clear(),
  };
});
