import { expect, test } from "vitest";
import { GraphMachine } from "./graph-machine.ts";
import { play, storyOf } from "./graph-play.ts";
import { failureOfStory, graphHappenings, graphSeeds } from "./graph-seeds.ts";
import { Histogram } from "./seeds.ts";

test("the machine does with every random graph what docs/graph.md says", { timeout: 300_000 }, async () => {
  const { list, whole } = graphSeeds();
  const happened = new Histogram();
  let events = 0;
  for (const seed of list) {
    const { story, random } = storyOf(seed, true);
    const machine = new GraphMachine(story.ir, random.fork());
    try {
      await play(story, random, machine, true);
    } catch (error) {
      throw failureOfStory(story, error);
    }
    for (const { event } of machine.journal) story.happened.add(`event-${event.kind}`);
    happened.add(story.happened);
    events += machine.journal.length;
  }
  process.stdout.write(`graphs on the machine: ${list.length} programs, ${events} events\nhappened: ${happened}\n`);
  if (whole) expect(happened.under(20, [...graphHappenings, "settle-call", "event-outcome-unknown", "event-outcome-settled"])).toEqual([]);
});
