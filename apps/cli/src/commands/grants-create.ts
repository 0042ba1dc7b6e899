/** `heddle grants create`: consent to a bounded set of calls, for a run or a bundle. */
import { Expr, formatDuration, type GrantRequest, HeddleError, parseDuration } from "@heddle/core";
import { type CommandSpec, type Options, UsageError } from "../command.ts";
import { withClient } from "../connect.ts";
import { requiredHash, requiredRunId } from "../typed-ids.ts";
import { jsonOf } from "../typed-text.ts";

export const grantsCreate: CommandSpec = {
  name: "grants create",
  args: "<capability>",
  summary: "Agree to calls beforehand, never to more than the bundle was printed to reach",
  example: 'heddle grants create fs.write --path workspace:out/ --run run_01jd0000000000000000000000 --count 20 --reason "a migration"',
  daemon: true,
  options: [
    { flags: "--run <run>", summary: "calls of this run" },
    { flags: "--bundle <hash>", summary: "calls of every run of this bundle" },
    { flags: "--tool <name>", summary: "of this tool alone" },
    { flags: "--permission <permission>", summary: "read or modify (modify)" },
    { flags: "--path <root:path>", summary: "beneath this path; ends in / for a folder", repeat: true },
    { flags: "--destination <host>", summary: "to this host, host:port or .suffix", repeat: true },
    { flags: "--where <json>", summary: "an expression over the arguments, which has to be true" },
    { flags: "--count <n>", summary: "so many calls in all" },
    { flags: "--for <time>", summary: "for so long, as in 2h" },
    { flags: "--reason <text>", summary: "why; it is shown with every call that the grant covers" },
  ],
  run: (invocation) => {
    const { options, printer, args } = invocation;
    const nowMs = Date.now();
    // Everything that is wrong with the words is told before any daemon is asked.
    const request = requestOf(args[0] ?? "", options, nowMs);
    return withClient(invocation, async (client) => {
      const grant = await client.grants.create(request);
      const left = grant.expiresAtMs === undefined ? "" : `, for ${formatDuration(grant.expiresAtMs - nowMs)}`;
      const times = grant.count === undefined ? "" : `, ${grant.count} times at most`;
      printer.answer(grant, () => [`granted ${grant.capability} as ${grant.id}${times}${left}`, `  heddle grants revoke ${grant.id}`]);
      return 0;
    });
  },
};

function requestOf(capability: string, options: Options, nowMs: number): GrantRequest {
  const [run, bundle] = [options.text("run"), options.text("bundle")];
  if ((run === undefined) === (bundle === undefined)) throw new UsageError("say for what: --run <run> or --bundle <hash>");
  const reason = options.text("reason");
  if (reason === undefined || reason.trim() === "") throw new UsageError("say why: --reason <text>");
  const tool = options.text("tool");
  const permission = options.choice("permission", ["read", "modify"]);
  const [paths, destinations] = [options.texts("path"), options.texts("destination")];
  const count = options.count("count", 1, 1_000_000);
  const lasts = options.text("for");
  return {
    capability,
    ...(tool === undefined ? {} : { tool }),
    ...(permission === undefined ? {} : { permission }),
    ...(paths.length === 0 ? {} : { paths: [...paths] }),
    ...(destinations.length === 0 ? {} : { destinations: [...destinations] }),
    ...whereOf(options.text("where")),
    scope: run === undefined ? { kind: "bundle", bundle: requiredHash(bundle) } : { kind: "run", runId: requiredRunId(run) },
    ...(count === undefined ? {} : { count }),
    ...(lasts === undefined ? {} : { expiresAtMs: nowMs + durationOf(lasts) }),
    reason,
  };
}

function whereOf(text: string | undefined): { readonly where?: Expr } {
  if (text === undefined) return {};
  const parsed = Expr.safeParse(jsonOf(text));
  if (parsed.success) return { where: parsed.data };
  throw new UsageError("--where is no expression as JSON", "see docs/expressions.md for how they are written");
}

function durationOf(text: string): number {
  try {
    const ms = parseDuration(text);
    if (ms > 0) return ms;
  } catch (error) {
    if (!HeddleError.is(error)) throw error;
  }
  throw new UsageError(`--for is ${JSON.stringify(text)}, expected a time as in 30m or 2h`);
}
