/** The policies of a job. */
import { isJsonObject, type JsonObject, type JsonValue } from "@heddle/core";
import { checkConstraints } from "./check-resources.ts";
import { jobTypes, Policies, recoveryModes, schedulerStrategies } from "./job-shapes.ts";
import { jsonPath, member, objectAt, shown } from "./json-access.ts";
import type { ProblemList } from "./problem-list.ts";
import { dotted, hold } from "./shapes.ts";
import { backpressureFault } from "./watermarks.ts";

export function checkPolicies(manifest: JsonObject, problems: ProblemList): void {
  const policies = member(manifest, "policies");
  if (policies === undefined) return;
  const help = "docs/manifests.md lists the policies and their defaults";
  hold(problems, Policies, policies, { path: "policies", subject: dotted("policies"), help });
  if (!isJsonObject(policies)) return;
  const scheduler = objectAt(policies, "scheduler") ?? {};
  const known = (path: string, what: string, value: JsonValue | undefined, values: readonly string[]): void => {
    if (value === undefined || (typeof value === "string" && values.includes(value))) return;
    problems.error(path, `unsupported ${what} ${shown(value)}`, `Known are ${values.join(", ")}`);
  };
  known("policies.recovery_mode", "recovery_mode", member(policies, "recovery_mode"), recoveryModes);
  known("policies.job_type", "job_type", member(policies, "job_type"), jobTypes);
  known("policies.scheduler.job_type", "job_type", member(scheduler, "job_type"), jobTypes);
  known("policies.scheduler_strategy", "scheduler strategy", member(policies, "scheduler_strategy"), schedulerStrategies);
  known("policies.scheduler.strategy", "scheduler strategy", member(scheduler, "strategy"), schedulerStrategies);
  checkConstraints(member(policies, "constraints"), "policies.constraints", " in policies", problems);
  checkConstraints(member(scheduler, "constraints"), "policies.scheduler.constraints", " in policies.scheduler", problems);
  const backpressure = objectAt(policies, "backpressure");
  const fault = backpressure === undefined ? undefined : backpressureFault(backpressure);
  if (fault !== undefined) {
    const path = jsonPath("policies.backpressure", fault.field);
    problems.error(path, `${path} ${fault.message}`, "low_watermark <= high_watermark <= max_queue_depth");
  }
}
