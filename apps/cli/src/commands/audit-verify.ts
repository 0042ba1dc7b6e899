/** `heddle audit verify`: whether an export is as it was made. Speaks to nobody. */
import { resolve } from "node:path";
import { formatInstant } from "@heddle/core";
import { readAuditHead, readAuditKey, verifyAuditFile } from "../audit-file.ts";
import { type CommandSpec, UsageError } from "../command.ts";
import { fields } from "../printer.ts";

export const auditVerify: CommandSpec = {
  name: "audit verify",
  args: "<file>",
  summary: "Check an export of the audit chain, without a daemon",
  example: "heddle audit verify audit.jsonl --head head.json --key key.txt",
  options: [
    { flags: "--head <file>", summary: "a head that was kept: the export has to reach it", repeat: true },
    { flags: "--key <file>", summary: "the public key that it has to be signed with" },
  ],
  async run({ context, args: [file], options, printer }) {
    if (file === undefined) throw new UsageError("name the file of an export", "write one: heddle audit export -o audit.jsonl");
    const at = (path: string): string => resolve(context.cwd, path);
    const heads = await Promise.all(options.texts("head").map((path) => readAuditHead(at(path), path)));
    const key = options.text("key");
    const publicKey = key === undefined ? undefined : await readAuditKey(at(key), key);
    const verified = await verifyAuditFile(at(file), file, { heads, ...(publicKey === undefined ? {} : { publicKey }) });
    if (verified.kind === "invalid") {
      const { problem } = verified;
      if (printer.json) printer.jsonLine({ valid: false, problem });
      else printer.note(`${printer.notePaint("red", "error:")} ${file}, line ${problem.line}: ${problem.message} (${problem.kind})`);
      return 1;
    }
    const { tenant, records, leaves, head } = verified;
    printer.answer({ valid: true, tenant, records, decisions: leaves, head }, () => [
      `${file} is as it was made.`,
      ...fields({
        tenant,
        records: String(records),
        decisions: String(leaves),
        head: records === 0 ? head.head.hash : `${head.head.hash}, ${formatInstant(head.head.atMs)}`,
        key: head.publicKey,
      }),
    ]);
    if (!printer.json && publicKey === undefined)
      printer.note("the key is the export's own word: compare it with one that was kept (--key)");
    return 0;
  },
};
