/** `heddle audit head`: the newest signed head, to be kept elsewhere. */
import { formatInstant } from "@heddle/core";
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { fields } from "../printer.ts";

export const auditHead: CommandSpec = {
  name: "audit head",
  summary: "Show the newest signed head of the audit chain",
  example: "heddle audit head --json > head.json",
  daemon: true,
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const signed = await client.audit.head();
      const { head, publicKey, signature } = signed;
      const { tenant, n, hash, atMs } = head;
      const at = n === 0 ? undefined : formatInstant(atMs);
      invocation.printer.answer(signed, () => fields({ tenant, record: String(n), hash, at, key: publicKey, signature }));
      return 0;
    }),
};
