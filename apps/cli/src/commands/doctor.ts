/** `heddle doctor`: what this machine can give, and what to do about the rest. */
import type { CommandSpec, Invocation } from "../command.ts";
import { withClient } from "../connect.ts";
import { dataFolderFinding, type Finding, guardFindings, platformFinding, programFindings, runtimeFinding } from "../findings.ts";
import { plainText } from "../style.ts";

export const doctor: CommandSpec = {
  name: "doctor",
  summary: "Show what this machine can give: sandbox, file guard, data folder, daemon, programs",
  example: "heddle doctor",
  daemon: true,
  async run(invocation) {
    const { context, options, printer } = invocation;
    const { machineGuards } = await import("@heddle/daemon");
    const findings: readonly Finding[] = [
      runtimeFinding(process.versions.node),
      platformFinding(process.platform, process.arch),
      ...guardFindings(await machineGuards()),
      await dataFolderFinding(context, options.text("data")),
      await daemonFinding(invocation),
      ...(await programFindings(context.env["PATH"])),
    ];
    const failed = findings.some(({ level }) => level === "fail");
    printer.answer({ ok: !failed, findings }, () => findings.flatMap((finding) => linesOf(finding, invocation)));
    return failed ? 1 : 0;
  },
};

/** Somebody who named a daemon wants that one; without one, a run brings its own. */
async function daemonFinding(invocation: Invocation): Promise<Finding> {
  const { context, options } = invocation;
  const isNamed = [options.text("target"), context.env["HEDDLE_TARGET"]].some((target) => (target ?? "") !== "");
  try {
    return await withClientValue(invocation);
  } catch (error) {
    const message = error instanceof Error ? error.message : "it does not answer";
    return isNamed
      ? { name: "daemon", level: "fail", says: message, remedy: "start it there, or name another one with --target" }
      : {
          name: "daemon",
          level: "warn",
          says: "none is running",
          remedy: "start one with: heddle daemon (a run without one brings its own)",
        };
  }
}

async function withClientValue(invocation: Invocation): Promise<Finding> {
  let finding: Finding = { name: "daemon", level: "ok", says: "" };
  await withClient(invocation, async (client) => {
    const { version, storage } = await client.runtime.status();
    const says = `${client.target} (version ${version}), storage ${storage.kind}`;
    finding = storage.healthy
      ? { ...finding, says }
      : { name: "daemon", level: "fail", says: `${says}: ${storage.message ?? "not healthy"}`, remedy: "see its log, and restart it" };
    return 0;
  });
  return finding;
}

function linesOf({ name, level, says, remedy }: Finding, { printer }: Invocation): readonly string[] {
  const colour = level === "ok" ? "green" : level === "warn" ? "yellow" : "red";
  const line = `${printer.paint(colour, level.padEnd(4))}  ${name.padEnd(12)}  ${plainText(says)}`;
  return remedy === undefined ? [line] : [line, `${" ".repeat(20)}${plainText(remedy)}`];
}
