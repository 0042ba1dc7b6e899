/** What may stand in the policies, services, schedule and other parts of a manifest that concern the whole job. */
import * as z from "zod";
import { Backpressure } from "./node-shapes.ts";
import { aboveZero, anyObject, count, flag, listOf, members, oneOf, portNumber, positive, text, texts, zeroOrMore } from "./shapes.ts";

export const recoveryModes: readonly string[] = ["local_restart", "cluster_recover", "manual_recover", "auto"];
export const jobTypes: readonly string[] = ["batch", "service", "system", "sysbatch"];
export const schedulerStrategies: readonly string[] = ["binpack", "spread"];
export const constraintOperators: readonly string[] = [
  "==",
  "!=",
  "contains",
  "contains_all",
  "contains_any",
  "in",
  "exists",
  "not_exists",
];

const window = {
  attempts: count,
  interval_ms: positive,
  delay_ms: count,
  delay_function: oneOf(["constant", "exponential", "fibonacci"]),
  max_delay_ms: count,
};
export const Restart = members({ ...window, mode: oneOf(["fail", "delay"], "must be fail or delay") });
export const Reschedule = members({ ...window, unlimited: flag });

export const Update = members({
  strategy: oneOf(["rolling", "canary", "blue-green", "blue_green"], "must be one of rolling, canary, blue-green"),
  max_parallel: positive,
  canary: count,
  min_healthy_ms: count,
  healthy_deadline_ms: count,
  progress_deadline_ms: count,
  health_check: oneOf(["checks", "agent_states"], "must be checks or agent_states"),
  auto_promote: flag,
  auto_revert: flag,
});

/** Policies whose texts are our own; recovery mode, job type and strategy are told apart, with the format's texts. */
export const Policies = members({
  stream_mode: text,
  placement_policy: text,
  deployment_key: text,
  scheduler: members({ preferred_node: text }),
  restart: Restart,
  reschedule: Reschedule,
  max_agent_restart_attempts: count,
  update: Update,
  backpressure: Backpressure,
  drain: members({ completion_target: text, deadline_ms: count, ignore_system_jobs: flag }),
});

const serviceName = z.custom(
  (value) => typeof value === "string" && /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(value),
  "must be a service name",
);
const template = /\$\{[A-Za-z0-9_.]+\}/;
const servicePort = z.custom(
  (value) =>
    typeof value === "string"
      ? template.test(value) || (/^\d+$/.test(value) && portNumber.safeParse(Number(value)).success)
      : portNumber.safeParse(value).success,
  "must be between 1 and 65535, or a template",
);
const isStatus = (value: unknown): boolean => typeof value === "number" && Number.isInteger(value) && value >= 100 && value <= 599;
const expectedStatus = z.custom(
  (value) =>
    isStatus(value) ||
    (Array.isArray(value) && value.length > 0 && value.every(isStatus)) ||
    (typeof value === "string" && /^[1-5]\d\d(?:-[1-5]\d\d)?$/.test(value)),
  'must be a status, a list of them, or a range like "200-299"',
);
/** Checks are started without a shell, so what only a shell understands would reach the program as text. */
const plainWord = (word: unknown): boolean =>
  typeof word === "string" && !/[;&|`$<>\\\n]/.test(word.replaceAll(new RegExp(template, "g"), ""));
const scriptCommand = z.custom(
  (value) =>
    (Array.isArray(value) && value.length > 0 && value.every(plainWord)) || (typeof value === "string" && value !== "" && plainWord(value)),
  "must be a list of arguments without shell metacharacters",
);

const Check = members(
  {
    name: text,
    url: text,
    scheme: oneOf(["http", "https"], "must be http or https"),
    address: text,
    port: servicePort,
    path: text,
    method: oneOf(["GET", "HEAD", "POST", "PUT", "PATCH"]),
    expected_status: expectedStatus,
    contains: z.string("must be a string"),
    headers: anyObject,
    command: scriptCommand,
    service: text,
    timeout_ms: positive,
    interval_ms: positive,
    required: flag,
    failures_before_critical: positive,
  },
  { type: oneOf(["http", "tcp", "script", "grpc"]) },
);

const service = {
  id: text,
  address: text,
  port: servicePort,
  tags: texts,
  meta: anyObject,
  provider: oneOf(["mirror_neuron"], "must be mirror_neuron"),
  origin: oneOf(["internal", "external"], "must be internal or external"),
  checks: listOf(Check),
};
export const Services = listOf(members(service, { name: serviceName }));

/** A service that is asked for: its name alone, or more about it. */
export const RequiredServices = listOf(
  z.preprocess((value) => (typeof value === "string" ? { name: value } : value), members(service, { name: serviceName })),
);

export const Schedule = members({
  kind: z.string("must be a string"),
  enabled: flag,
  status: oneOf(["active", "paused", "completed"]),
  timezone: text,
  delay_ms: count,
  prohibit_overlap: flag,
  missed_policy: oneOf(["skip", "catchup_one", "catchup_all"]),
  catchup_limit: positive,
  missed_grace_ms: count,
  window: members({ duration_ms: positive, end_action: oneOf(["cancel", "none"], "must be cancel or none") }),
  retry_interval_ms: positive,
  max_wait_ms: count,
  filters: anyObject,
  meta_required: texts,
  meta_optional: texts,
});
export const Trigger = members({ event_type: text, filters: anyObject, meta_required: texts, meta_optional: texts, enabled: flag });

export const Deployment = members({ key: text, tag: text });
export const Parameterized = members({ meta_required: texts, meta_optional: texts });
export const Reload = members({ mode: text, interval_seconds: aboveZero });
export const Requirements = members({
  cpu: members({ min_cores: zeroOrMore }),
  memory: members({ min_gb: zeroOrMore }),
  disk: members({ min_gb: zeroOrMore }),
  gpu: members({ min_count: zeroOrMore }),
});
export const InputRules = z.array(anyObject, "must be a list");
