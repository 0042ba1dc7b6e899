/** `heddle audit export`: the whole chain of a tenant as JSON lines, with the key before it and the signed head behind it. */
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { auditFormat, auditLine, type SignedAuditHead } from "@heddle/core";
import { type CommandSpec, type Invocation, UsageError } from "../command.ts";
import { withClient } from "../connect.ts";

type Client = Parameters<Parameters<typeof withClient>[1]>[0];

export const auditExport: CommandSpec = {
  name: "audit export",
  summary: "Write the audit chain as JSON lines, for heddle audit verify",
  example: "heddle audit export -o audit.jsonl",
  daemon: true,
  options: [{ flags: "-o, --out <file>", summary: "write there; without it, to standard output" }],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const { context, options, printer } = invocation;
      const out = options.text("out");
      if (out === undefined) {
        await writeExport(client, async (line) => void context.stdout.write(`${line}\n`));
        return 0;
      }
      const head = await intoFile(invocation, out, client);
      printer.answer({ file: out, records: head.head.n, head }, () => [`${records(head.head.n)} written to ${out}`]);
      return 0;
    }),
};

/** A file is there whole, or not at all. */
async function intoFile({ context }: Invocation, out: string, client: Client): Promise<SignedAuditHead> {
  const path = resolve(context.cwd, out);
  const draft = `${path}.${process.pid}.part`;
  let file: FileHandle;
  try {
    file = await open(draft, "wx");
  } catch (error) {
    throw new UsageError(
      `${out} cannot be written (${(error as NodeJS.ErrnoException).code ?? "unknown"})`,
      "name a file in a folder that you may write to",
    );
  }
  try {
    const head = await writeExport(client, async (line) => void (await file.write(`${line}\n`)));
    await file.sync();
    await rename(draft, path);
    return head;
  } finally {
    await file.close();
    await rm(draft, { force: true });
  }
}

async function writeExport({ audit }: Client, write: (line: string) => Promise<void>): Promise<SignedAuditHead> {
  for (let after = 0; ; ) {
    const { records: part, head } = await audit.export({ after });
    if (after === 0) await write(auditLine({ format: auditFormat, tenant: head.head.tenant, publicKey: head.publicKey }));
    for (const record of part) await write(auditLine(record));
    after = part[part.length - 1]?.n ?? after;
    if (after < head.head.n && part.length > 0) continue;
    await write(auditLine(head));
    return head;
  }
}

function records(count: number): string {
  return count === 1 ? "one record" : `${count} records`;
}
