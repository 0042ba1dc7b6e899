/** `heddle runs logs`: what handlers said. With `--follow`, until the run has ended. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "@heddle/client";
import { isTerminalStatus, type LogRecord } from "@heddle/core";
import type { CommandSpec, Invocation } from "../command.ts";
import { withClient } from "../connect.ts";
import { type Interrupt, interruptedCode } from "../context.ts";
import type { Printer } from "../printer.ts";
import { plainText } from "../style.ts";
import { requiredRunId } from "../typed-ids.ts";

const batch = 1_000;
const lookAgainMs = 500;

export const runsLogs: CommandSpec = {
  name: "runs logs",
  args: "<run>",
  summary: "Print what the handlers of a run said",
  example: "heddle runs logs run_01jd0000000000000000000000 --follow",
  daemon: true,
  options: [{ flags: "--follow", summary: "go on until the run has ended" }],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const runId = requiredRunId(invocation.args[0]);
      if (!invocation.options.flag("follow")) {
        await printFrom(client, invocation.printer, runId, 0);
        return 0;
      }
      return follow(client, invocation, runId);
    }),
};

async function follow(client: Client, { context, printer }: Invocation, runId: string): Promise<number> {
  const stop = new AbortController();
  let why: Interrupt | undefined;
  const ignore = context.onInterrupt((given) => {
    why = given;
    stop.abort();
  });
  try {
    let after = 0;
    while (why === undefined) {
      // Asked before the logs are read: whatever a run that has ended said is among them.
      const { status } = await client.runs.get({ runId });
      after = await printFrom(client, printer, runId, after);
      if (isTerminalStatus(status)) return 0;
      await sleep(lookAgainMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
    return interruptedCode(why);
  } finally {
    ignore();
  }
}

async function printFrom(client: Client, printer: Printer, runId: string, start: number): Promise<number> {
  let after = start;
  for (;;) {
    const records = await client.runs.logs({ runId, after, limit: batch });
    for (const record of records) {
      if (printer.json) printer.jsonLine(record);
      else printer.line(lineOf(record, printer));
    }
    after = records.at(-1)?.n ?? after;
    if (records.length < batch) return after;
  }
}

function lineOf({ atMs, level, node, activation, text, fields }: LogRecord, printer: Printer): string {
  const colour = level === "error" ? "red" : level === "warn" ? "yellow" : "dim";
  const from = node === undefined ? "" : `  ${node}${activation === undefined ? "" : `#${activation}`}`;
  const more = fields === undefined ? "" : `  ${JSON.stringify(fields)}`;
  return `${new Date(atMs).toISOString()}  ${printer.paint(colour, level.padEnd(5))}${from}  ${plainText(text).trimEnd()}${more}`;
}
