import { approval, handler, workflow } from "@heddle/compiler/authoring";

// Handlers are ordinary code; each runs in a process of its own.
export const classify = handler({ name: "classify", retry: { attemptsMax: 3 } }, async (change: string): Promise<string> => {
  return `- ${change.startsWith("fix") ? "fix" : "feature"}: ${change}`;
});

// The body of a workflow is read, and never run: it says what may happen.
export default workflow({ name: "notes" }, async (input: { changes: string[] }) => {
  const lines = await Promise.all(input.changes.map((change) => classify(change)));
  const answer = await approval({ prompt: "Publish these notes?", details: lines });
  return { lines, published: answer.approved };
});
