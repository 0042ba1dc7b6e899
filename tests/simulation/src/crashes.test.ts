import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attemptEventKinds } from "@heddle/core";
import type { Store } from "@heddle/ports";
import { createMemoryStore } from "@heddle/runtime";
import { openSqliteStore } from "@heddle/store-sqlite";
import type { Death } from "@heddle/testkit/simulator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CrashWorld, type Traces } from "./crash-world.ts";

/** Only these may occur more often in a journal that saw a death: an unsafe call that was in flight is settled by hand. */
const kindsThatDiffer = ["attempt-started", "outcome-unknown", "outcome-settled"];

let folder = "";
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "heddle-crashes-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const backends: readonly { readonly name: string; open(): Promise<Store> }[] = [
  { name: "memory", open: async () => createMemoryStore() },
  { name: "sqlite", open: () => openSqliteStore({ path: join(folder, `${files++}.db`) }) },
];

describe.each(backends)("a run on the $name store", ({ open }) => {
  async function play(...deaths: (Death | undefined)[]): Promise<Traces> {
    const store = await open();
    try {
      return await new CrashWorld(store, deaths).play();
    } catch (error) {
      throw new TypeError(`after deaths at ${JSON.stringify(deaths)}: ${error instanceof Error ? error.stack : String(error)}`, {
        cause: error,
      });
    } finally {
      await store.close();
    }
  }

  function compare(disturbed: Traces, undisturbed: Traces, deaths: readonly (Death | undefined)[]): void {
    const said = `after deaths at ${JSON.stringify(deaths)}: ${disturbed.diedAt.join(", ")}`;
    expect(disturbed.end, said).toEqual(undisturbed.end);
    expect(disturbed.chains, said).toEqual(undisturbed.chains);
    const kinds = new Set([...Object.keys(disturbed.kinds), ...Object.keys(undisturbed.kinds)]);
    const differing = [...kinds].filter((kind) => disturbed.kinds[kind] !== undisturbed.kinds[kind]);
    expect(
      differing.filter((kind) => !kindsThatDiffer.includes(kind)),
      said,
    ).toEqual([]);
  }

  /** Deaths at call 1, 2, 3 … of one life, until it lives through. */
  async function sweep(before: readonly Death[], mode: Death["mode"]): Promise<readonly string[]> {
    const undisturbed = await play();
    const places = new Set<string>();
    for (let n = 1; ; n++) {
      const deaths = [...before, { n, mode }];
      const disturbed = await play(...deaths);
      compare(disturbed, undisturbed, deaths);
      const place = disturbed.diedAt[before.length];
      if (place === undefined) return [...places].sort();
      places.add(place);
    }
  }

  test.each(["before", "after"] as const)("ends as it would have, whatever port call its process dies %s", async (mode) => {
    expect(await sweep([], mode)).toEqual([
      "clock.setTimer",
      "executor.execute",
      "journal.append",
      "journal.get",
      "journal.list",
      "journal.listOpen",
      "journal.nextEpoch",
      "journal.read",
      "logs.append",
    ]);
  });

  test.each(["before", "after"] as const)("recovers as it would have, whatever port call the recovering process dies %s", async (mode) => {
    const calls = new Set<string>();
    for (const n of [16, 30, 48]) for (const place of await sweep([{ n, mode: "after" }], mode)) calls.add(place);
    expect([...calls].sort()).toEqual(expect.arrayContaining(["blobs.get", "journal.claim", "journal.loadFold", "journal.read"]));
  });
});

test("the kinds that may differ are facts of attempts", () => {
  expect(attemptEventKinds).toEqual(expect.arrayContaining(kindsThatDiffer));
});
