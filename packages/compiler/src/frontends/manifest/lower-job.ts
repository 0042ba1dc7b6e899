/** A manifest that is sound, as a workflow of the graph discipline. */
import { hashText, irVersion, type JsonObject, type WorkflowIr } from "@heddle/core";
import { scheduleKind } from "./check-schedule.ts";
import { edgeNames, irName, irNames } from "./ir-names.ts";
import { copied, flagAt, listAt, member, numberAt, objectAt, present, textAt, without } from "./json-access.ts";
import { lowerNode } from "./lower-node.ts";
import type { InitialInputs, SourceEdge } from "./read-edges.ts";
import type { SourceNode } from "./read-nodes.ts";
import { defaultWindows, type JobType, windowsUnder } from "./recovery-windows.ts";

export interface SourceJob {
  readonly text: string;
  readonly manifest: JsonObject;
  readonly graphId: string;
  readonly nodes: readonly SourceNode[];
  readonly edges: readonly SourceEdge[];
  /** At least one. */
  readonly entrypoints: readonly string[];
  readonly inputs: InitialInputs;
}

/** Lowers a job in which nothing is wrong. `raw.manifest` has what the workflow has no field for, unchanged. */
export function lowerJob(job: SourceJob): WorkflowIr {
  const { manifest, nodes, edges } = job;
  const names = irNames(nodes.map(({ id }) => id));
  const ids = edgeNames(edges.map(({ id, from, to }) => ({ id, from: names.of(from), to: names.of(to) })));
  const policies = objectAt(manifest, "policies") ?? {};
  const jobType = jobTypeOf(manifest, policies);
  const recovery = textAt(policies, "recovery_mode") ?? "local_restart";
  const windows = windowsUnder(defaultWindows(jobType, recovery), policies);
  const schedule = objectAt(manifest, "schedule");
  const entrypoints = job.entrypoints.map((id) => names.of(id));
  return {
    ir: irVersion,
    id: irName(job.graphId),
    source: { frontend: "manifest", file: "manifest.json", hash: hashText(job.text) },
    discipline: "graph",
    type: jobType === "service" || jobType === "system" ? "service" : "batch",
    inputs: [],
    entry: entrypoints[0] ?? "",
    seeds: job.entrypoints.map((id) => ({ node: names.of(id), bodies: [...(job.inputs.byNode.get(id) ?? job.inputs.others)] })),
    nodes: nodes.map((node) => lowerNode(node, names.of(node.id), windows)),
    edges: edges.map((edge, index) => ({
      id: ids[index] ?? "",
      from: names.of(edge.from),
      to: names.of(edge.to),
      messageType: edge.messageType,
      ...present({
        guard: edge.guard,
        routing: textAt(edge.given, "routing_mode") === "first_match" ? ("first-match" as const) : undefined,
      }),
      raw: edge.given,
    })),
    restart: windows.restart,
    reschedule: windows.reschedule,
    recovery,
    ...present({
      description: textAt(manifest, "description"),
      backpressure: objectAt(policies, "backpressure"),
      schedules: schedule === undefined ? undefined : [{ ...schedule, kind: scheduleKind(schedule) }],
      triggers: copied(listAt(manifest, "triggers")),
      services: copied(listAt(manifest, "services")),
      deployment: deploymentOf(manifest, policies, job.graphId),
    }),
    raw: { manifest: without(manifest, ["nodes", "edges"]) },
  };
}

function jobTypeOf(manifest: JsonObject, policies: JsonObject): JobType {
  if (textAt(manifest, "type") === "service" || flagAt(manifest, "daemon") === true) return "service";
  const given = textAt(policies, "job_type") ?? textAt(objectAt(policies, "scheduler") ?? {}, "job_type");
  return given === "service" || given === "system" || given === "sysbatch" ? given : "batch";
}

/** What a deployment of the job is kept under, and how a new version of it takes over; absent where the manifest says neither. */
function deploymentOf(manifest: JsonObject, policies: JsonObject, graphId: string): JsonObject | undefined {
  const given = objectAt(manifest, "deployment");
  const update = objectAt(policies, "update");
  const named =
    textAt(objectAt(manifest, "metadata") ?? {}, "deployment_key") ?? textAt(given ?? {}, "key") ?? textAt(policies, "deployment_key");
  if (given === undefined && update === undefined && named === undefined) return undefined;
  const key = named ?? textAt(manifest, "job_name") ?? graphId;
  return { ...given, key, ...(update === undefined ? {} : { update: updateOf(update) }) };
}

function updateOf(update: JsonObject): JsonObject {
  const strategy = textAt(update, "strategy") ?? "rolling";
  return {
    strategy: strategy === "blue_green" ? "blue-green" : strategy,
    parallelMax: numberAt(update, "max_parallel") ?? 1,
    canary: numberAt(update, "canary") ?? 0,
    healthyMinMs: numberAt(update, "min_healthy_ms") ?? 10_000,
    healthyDeadlineMs: numberAt(update, "healthy_deadline_ms") ?? 300_000,
    progressDeadlineMs: numberAt(update, "progress_deadline_ms") ?? 600_000,
    healthCheck: member(update, "health_check") ?? "checks",
    autoPromote: flagAt(update, "auto_promote") ?? false,
    autoRevert: flagAt(update, "auto_revert") ?? false,
  };
}
