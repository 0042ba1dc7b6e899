// Answers what one run asks, over gRPC: yes to the page, no to whatever would write it. `node src/review.ts <run>`
import { createClient } from "@heddle/client";

const runId = process.argv[2] ?? "";
await using client = createClient();

for await (const changes of client.approvals.follow({ runId })) {
  const asked = changes.flatMap((change) => (change.kind === "asked" ? [change.approval] : []));
  for (const { id, prompt } of asked.filter(({ call }) => call === undefined)) {
    console.log(`yes to: ${prompt}`);
    await client.approvals.approve({ id });
  }
  const write = asked.find(({ call }) => call !== undefined);
  if (write === undefined) continue;
  console.log(`no to: ${write.call?.tool}, which may ${write.call?.permission}`);
  await client.approvals.reject({ id: write.id, comment: "not on a Friday" });
  break;
}
const { output } = await client.runs.result({ runId });
console.log(JSON.stringify(output));
