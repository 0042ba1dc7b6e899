import { approval, handler, tool, workflow } from "@heddle/compiler/authoring";

interface Input {
  title: string;
  text: string;
}

interface Outcome {
  status: "published" | "rejected" | "expired" | "withheld";
  reason: string;
}

export const draft = handler({ name: "draft" }, async ({ title, text }: Input): Promise<string> => `# ${title}\n${text}`);

const publish = tool<{ path: string; content: string }>({ name: "writeFile", capability: "fs.write" });

export default workflow({ name: "publish" }, async (input: Input): Promise<Outcome> => {
  const page = await draft({ title: input.title, text: input.text });

  const review = await approval({ prompt: `Publish "${input.title}"?`, details: page, timeoutMs: 3_600_000 });
  if (review.timedOut) return { status: "expired", reason: "nobody looked at it in time" };
  if (!review.approved) return { status: "rejected", reason: review.comment ?? "nobody said why" };

  try {
    await publish({ path: `pages/${input.title}.md`, content: page });
  } catch (error) {
    return { status: "withheld", reason: (error as Error).message };
  }
  return { status: "published", reason: review.comment ?? "it was fine" };
});
