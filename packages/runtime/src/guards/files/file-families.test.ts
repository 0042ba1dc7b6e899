import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isRefusal, refusalCodes } from "../refusal.ts";
import { FileWorld, secretText } from "../testing/file-world.ts";
import { judgedPathFamilies, usedPathFamilies } from "../testing/path-families.ts";
import type { Opening } from "./folder.ts";

let world: FileWorld;
beforeEach(async () => {
  world = await FileWorld.open();
});
afterEach(() => world.close());

const openings: readonly Opening[] = process.platform === "linux" ? ["handles", "compare"] : ["compare"];

describe.each(openings)("opened by %s", (opening) => {
  for (const family of [...judgedPathFamilies, ...usedPathFamilies]) {
    describe(family.name, () => {
      test.each(family.cases.map((each, index) => [index + 1, each] as const))(
        "case %i is refused by its code, its twin is not",
        async (_, each) => {
          const before = await world.outsideNow();
          const refused = await world.try(each.evil, opening);
          expect(refused).toEqual({ refused: each.refused, message: expect.stringMatching(/: \S/) });
          expect(JSON.stringify(refused)).not.toContain(secretText);
          expect(await world.outsideNow()).toEqual(before);
          await world.close();
          world = await FileWorld.open();
          const done = await world.try(each.twin, opening);
          expect(done).toBeDefined();
          expect(isRefusal(done) ? done : undefined).toBeUndefined();
          expect(await world.outsideNow()).toEqual(before);
        },
      );
    });
  }
});

test("each family stays small, and each code is of the list", () => {
  for (const { name, cases } of [...judgedPathFamilies, ...usedPathFamilies]) {
    expect(cases.length, name).toBeLessThanOrEqual(15);
    for (const each of cases) expect(refusalCodes).toContain(each.refused);
  }
});
