/** `heddle calls settle`: a person says how a call of unknown outcome ended. */
import type { JsonValue } from "@heddle/core";
import { type CommandSpec, type Options, UsageError } from "../command.ts";
import { withClient } from "../connect.ts";
import { requiredCallId } from "../typed-ids.ts";
import { jsonOf } from "../typed-text.ts";

export const callsSettle: CommandSpec = {
  name: "calls settle",
  args: "<call>",
  summary: "Say how a call of unknown outcome ended",
  example: `heddle calls settle run_01jd0000000000000000000000/4 --succeeded '{"sent": true}'`,
  daemon: true,
  options: [
    { flags: "--succeeded [json]", summary: "it was done, and gave this" },
    { flags: "--failed [message]", summary: "it was not done" },
    { flags: "--retry", summary: "do it again" },
    { flags: "--attempt <n>", summary: "the attempt that is meant, as calls list shows it" },
  ],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const call = requiredCallId(invocation.args[0]);
      const verdict = verdictOf(invocation.options);
      const attempt = invocation.options.count("attempt", 1, Number.MAX_SAFE_INTEGER);
      await client.calls.settle({ call, ...verdict, ...(attempt === undefined ? {} : { attempt }) });
      invocation.printer.answer({ call, as: verdict.as }, () => [`call ${call} is settled: ${verdict.as}`]);
      return 0;
    }),
};

function verdictOf(options: Options): { as: "succeeded" | "failed" | "retry"; result?: JsonValue; message?: string } {
  const succeeded = options.textOrFlag("succeeded");
  const failed = options.textOrFlag("failed");
  const given = [succeeded, failed, options.flag("retry")].filter((each) => each !== false);
  if (given.length !== 1) throw new UsageError("say how the call ended", "one of --succeeded [json], --failed [message], --retry");
  if (failed !== false) return { as: "failed", ...(typeof failed === "string" ? { message: failed } : {}) };
  if (typeof succeeded !== "string") return { as: succeeded ? "succeeded" : "retry" };
  const result = jsonOf(succeeded);
  if (result === undefined)
    throw new UsageError(`${JSON.stringify(succeeded)} is not JSON`, `a text needs quotes of its own: '${JSON.stringify(succeeded)}'`);
  return { as: "succeeded", result };
}
