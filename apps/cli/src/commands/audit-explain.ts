/** `heddle audit explain`: every decision about one call, and where the chain holds it. */
import { formatInstant } from "@heddle/core";
import type { CommandSpec } from "../command.ts";
import { withClient } from "../connect.ts";
import { fields } from "../printer.ts";
import { plainText } from "../style.ts";
import { requiredCallId } from "../typed-ids.ts";

export const auditExplain: CommandSpec = {
  name: "audit explain",
  args: "<call>",
  summary: "Tell who decided what about a call, and where the chain holds it",
  example: "heddle audit explain run_01jd0000000000000000000000/3",
  daemon: true,
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const { printer, args } = invocation;
      const told = await client.audit.explain({ call: requiredCallId(args[0]) });
      const { node, tool, capability, requestedBy, requestedAtMs, decisions } = told;
      const changed = decisions.some(({ status }) => status === "changed");
      if (printer.json) {
        printer.jsonLine(told);
        return changed ? 1 : 0;
      }
      const asked = `${formatInstant(requestedAtMs)}${requestedBy === undefined ? "" : ` by ${requestedBy}`}`;
      for (const line of fields({ call: told.call, node, tool, capability, requested: asked })) printer.line(plainText(line));
      printer.line();
      printer.list({ rows: decisions }, ["at", "record", "chain", "by", "what"], ({ atMs, record, status, by, says, comment }) => [
        formatInstant(atMs),
        record === undefined ? "" : String(record),
        status,
        by ?? "",
        comment === undefined ? says : `${says} (${comment})`,
      ]);
      return changed ? 1 : 0;
    }),
};
