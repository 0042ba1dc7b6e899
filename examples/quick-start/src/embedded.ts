import { createRuntime } from "@heddle/runtime";
import { releaseNotes } from "./release-notes.ts";

await using runtime = createRuntime({ handlers: releaseNotes.handlers, confirm: () => true });

// Waits for the end, and gives the output.
const { output } = await runtime.run(releaseNotes.ir, { changes: ["fix the clock", "add a map"] });
console.log(output);

// Or follows every event as it becomes a fact.
for await (const { seq, event } of runtime.stream(releaseNotes.ir, { changes: ["fix the clock"] })) {
  console.log(seq, event.kind);
}
