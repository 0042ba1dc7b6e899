import { buildWorkflow, handler, t } from "@heddle/compiler/authoring";

const classify = handler({ name: "classify", retry: { attemptsMax: 3 } }, async (change: string) => ({
  change,
  kind: change.startsWith("fix") ? "fix" : "feature",
}));

const draft = handler({ name: "draft" }, (changes: readonly { change: string; kind: string }[]) =>
  changes.map(({ change, kind }) => `- ${kind}: ${change}`).join("\n"),
);

export const releaseNotes = buildWorkflow({ id: "release-notes", input: { changes: t.array(t.string) } }, (b, input) => {
  const classified = b.map(input.changes, { concurrencyMax: 4 }, (change, item) => item.call(classify, change));
  const notes = b.call(draft, classified);
  b.approve({ prompt: "Publish these notes?", details: notes });
  return notes;
});
