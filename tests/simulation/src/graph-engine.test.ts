import { expect, test } from "vitest";
import { GraphEngine } from "./graph-engine.ts";
import { play, storyOf } from "./graph-play.ts";
import { failureOfStory, graphHappenings, graphSeeds } from "./graph-seeds.ts";
import { Histogram } from "./seeds.ts";

test("the engine ends every random graph as docs/graph.md says, whatever its processes die of", { timeout: 300_000 }, async () => {
  const { list, whole } = graphSeeds();
  const happened = new Histogram();
  for (const seed of list) {
    const { story, random } = storyOf(seed, false);
    const engine = new GraphEngine(story.ir, random.fork());
    try {
      await play(story, random, engine, false);
    } catch (error) {
      throw failureOfStory(story, error);
    }
    happened.add([...story.happened, ...engine.happened]);
  }
  process.stdout.write(`graphs on the engine: ${list.length} programs\nhappened: ${happened}\n`);
  const deaths = ["killed", ...["journal.append", "journal.get", "executor.execute", "clock.setTimer"].map((name) => `died-at-${name}`)];
  if (whole) expect(happened.under(20, [...graphHappenings, ...deaths])).toEqual([]);
});
