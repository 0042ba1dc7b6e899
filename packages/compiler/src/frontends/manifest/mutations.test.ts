import { describe, expect, test } from "vitest";
import { changed, fixturePayloads, fixtureText } from "../../../test/manifests.ts";
import { compileManifest } from "./compile-manifest.ts";

const text = fixtureText("service");
const payloads = fixturePayloads("service");

function errorsOf(manifest: string) {
  const { ir, problems } = compileManifest(manifest, { payloads, absent: "error" });
  const errors = problems.filter(({ severity }) => severity === undefined);
  expect(ir === undefined).toBe(errors.length > 0);
  return errors;
}

/** A name, a place and its new value, what is said of it, and where, if not at that place. */
type Mutation = readonly [what: string, path: string, value: unknown, message: string, at?: string];

function named([what, path, value, message, at]: Mutation) {
  return { what, path, value, message, at: at ?? path.replace(/\.(\d+)(?=\.|$)/g, "[$1]") };
}

const edge = { from_node: "watch", to_node: "index", message_type: "seen" };

const mutations: readonly Mutation[] = [
  // The job.
  ["no version", "manifest_version", undefined, "manifest_version is required"],
  ["another version", "manifest_version", "2.0", 'unsupported manifest_version "2.0"'],
  ["a version that is a number", "manifest_version", 1, "unsupported manifest_version 1"],
  ["no graph id", "graph_id", undefined, "graph_id is required"],
  ["a graph id that is a number", "graph_id", 7, "graph_id must be a string"],
  ["a job name that is a list", "job_name", [], "job_name must be a string"],
  ["type batch", "type", "batch", "type must be service or omitted for batch"],
  ["daemon as a text", "daemon", "yes", "daemon must be a boolean"],
  ["a context engine as a text", "requiredContextEngine", "no", "requiredContextEngine must be a boolean"],
  ["requirements as a list", "requirements", [], "requirements must be an object"],
  ["negative requirements", "requirements.memory.min_gb", -1, "requirements.memory.min_gb must be zero or greater"],
  ["rules that are no list", "input_validation.rules", {}, "input_validation.rules must be a list"],
  ["an input validation that is a list", "input_validation", [], "input_validation must be an object"],
  ["metadata as a text", "metadata", "x", "metadata must be an object"],
  ["an interval of zero", "reload.interval_seconds", 0, "reload.interval_seconds must be greater than zero"],
  ["a deployment as a text", "deployment", "blue", "deployment must be an object"],
  ["a deployment key as a number", "deployment.key", 4, "deployment.key must be a string"],
  ["parameters as an object", "parameterized.meta_required", {}, "parameterized.meta_required must be a list of strings"],
  // Nodes.
  ["nodes as an object", "nodes", {}, "nodes must be a list"],
  ["a node without an id", "nodes.+", { agent_type: "router" }, "node_id is required for every node", "nodes[4].node_id"],
  ["a node that is a text", "nodes.+", "router", "node_id is required for every node", "nodes[4]"],
  ["a duplicate node", "nodes.+", { node_id: "watch", agent_type: "router" }, "duplicate node_id watch", "nodes[4].node_id"],
  ["an unknown agent type", "nodes.1.agent_type", "wizard", 'unsupported agent_type "wizard" for node index'],
  ["no agent type", "nodes.1.agent_type", undefined, "unsupported agent_type null for node index"],
  ["an unknown template", "nodes.1.type", "zip", 'unsupported template type "zip" for node index'],
  [
    "a template that the type lacks",
    "nodes.0.type",
    "batch",
    'template type "batch" is not supported for agent_type "sensor" on node watch',
  ],
  ["config as a list", "nodes.1.config", [], "config for node index must be an object"],
  ["resources as a list", "nodes.1.resources", [], "resources for node index must be an object"],
  ["constraints as a number", "nodes.1.constraints", 3, "constraints for node index must be a list or object"],
  ["an unknown operator", "nodes.1.constraints.1.operator", "like", 'unsupported constraint operator "like" on node_role for node index'],
  ["a constraint without attribute", "nodes.1.constraints.1.attribute", undefined, "constraint for node index must name an attribute"],
  ["a role as a number", "nodes.0.role", 1, "role for node watch must be a string"],
  // Configuration.
  ["a batch of nothing", "nodes.1.config.batch_size", 0, "config.batch_size for node index must be a positive integer"],
  ["a timeout of zero", "nodes.1.config.timeout_seconds", 0, "config.timeout_seconds for node index must be greater than zero"],
  ["half an attempt", "nodes.1.config.max_attempts", 0.5, "config.max_attempts for node index must be a positive integer"],
  [
    "a negative pause",
    "nodes.1.config.retry_backoff_ms",
    -1,
    "config.retry_backoff_ms for node index must be a whole number, zero or greater",
  ],
  ["slots as a text", "nodes.1.config.pool_slots", "2", "config.pool_slots for node index must be a positive integer"],
  ["an empty command", "nodes.1.config.command", [], "config.command for node index must be a text or a list of strings, and not empty"],
  [
    "a command without end",
    "nodes.1.config.command",
    ["node", "x".repeat(40_000)],
    "config.command for node index must have at most 32768 characters; give a program long input through files",
  ],
  ["an environment as a list", "nodes.1.config.environment", [], "config.environment for node index must be an object"],
  [
    "an impossible variable",
    "nodes.1.config.environment",
    { "A B": "x" },
    'config.environment for node index has the name "A B", which no variable can have',
  ],
  ["a number to pass", "nodes.1.config.pass_env", [1], "config.pass_env[0] for node index must be a string", "nodes[1].config.pass_env[0]"],
  [
    "an upload without source",
    "nodes.1.config.upload_paths",
    [{ target: "x" }],
    "config.upload_paths[0] for node index.source is required",
    "nodes[1].config.upload_paths[0].source",
  ],
  [
    "an upload from outside",
    "nodes.1.config.upload_paths",
    [{ source: "../x" }],
    "config.upload_paths[0].source for node index must be a relative path inside payloads/",
    "nodes[1].config.upload_paths[0].source",
  ],
  [
    "an absolute policy",
    "nodes.2.config.policy",
    "/etc/policy.yaml",
    "config.policy for node sandboxed must be a relative path inside payloads/",
  ],
  [
    "an absolute module source",
    "nodes.3.config.module_source",
    "/m.ex",
    "config.module_source for node alarm must be a relative path inside payloads/",
  ],
  ["no module", "nodes.3.config.module", undefined, "config.module for node alarm is required"],
  ["an unknown encoding", "nodes.1.config.content_encoding", "br", 'unsupported content_encoding "br" for node index'],
  [
    "a watermark above the queue",
    "nodes.1.config.backpressure.high_watermark",
    51,
    "config.backpressure.high_watermark for node index must not be above max_queue_depth",
  ],
  [
    "watermarks that cross",
    "nodes.1.config.backpressure.low_watermark",
    41,
    "config.backpressure.low_watermark for node index must not be above high_watermark",
  ],
  [
    "an unknown drop policy",
    "nodes.1.config.backpressure.drop_policy",
    "burn",
    "config.backpressure.drop_policy for node index must be one of block, sample, drop_oldest, drop_newest, skip_with_error",
  ],
  ["a runner that is a number", "nodes.1.config.runner_module", 5, "config.runner_module for node index must be a string"],
  [
    "python elsewhere",
    "nodes.2.config.python_environment",
    {},
    "sandboxed: python_environment is only supported with MirrorNeuron.Runner.HostLocal",
  ],
  [
    "requirements outside",
    "nodes.1.config.python_environment.requirements",
    "/r.txt",
    "index: python_environment.requirements must be a relative path inside payloads/",
  ],
  [
    "packages as a text",
    "nodes.1.config.python_environment.packages",
    "numpy",
    "index: python_environment.packages must be a list of non-empty strings",
  ],
  [
    "a sandbox with a port",
    "nodes.2.resources",
    { ports: [{ label: "x", port: 80 }] },
    "OpenShell node sandboxed must not declare inbound resources.ports; nothing can reach into its sandbox",
    "nodes[2].config",
  ],
  [
    "a sandbox that publishes",
    "nodes.2.config.publish_ports",
    ["80:80"],
    "OpenShell node sandboxed must not publish or forward host ports",
  ],
  // Files that are not there, where the job is to run.
  ["an absent upload", "nodes.2.config.upload_path", "gone", "upload source for node sandboxed does not exist: payloads/gone"],
  ["an absent script", "nodes.1.config.command", ["node", "gone.mjs"], "script gone.mjs for node index is not in what it uploads"],
  ["an absent policy", "nodes.2.config.policy", "watch/gone.yaml", "policy for node sandboxed does not exist: payloads/watch/gone.yaml"],
  ["an absent module", "nodes.3.config.module_source", "gone.ex", "module source for node alarm does not exist: payloads/gone.ex"],
  [
    "absent requirements",
    "nodes.1.config.python_environment.requirements",
    "gone.txt",
    "index: python_environment requirements file not found: payloads/gone.txt",
  ],
  // Resources.
  ["no device", "nodes.1.resources.devices.0.count", 0, "resources.devices[0] for node index.count must be greater than zero"],
  [
    "negative memory",
    "nodes.1.resources.devices.0.min_memory_mb",
    -1,
    "resources.devices[0] for node index.min_memory_mb must be zero or greater",
  ],
  ["a port without label", "nodes.1.resources.ports.0.label", undefined, "resources.ports[0] for node index.label is required"],
  ["a port that is none", "nodes.1.resources.ports.0.port", 70_000, "resources.ports[0] for node index.port must be between 1 and 65535"],
  ["no port", "nodes.1.resources.ports.0.port", undefined, "resources.ports[0] for node index.port must be between 1 and 65535"],
  [
    "a protocol",
    "nodes.1.resources.ports.0.protocol",
    "smtp",
    "resources.ports[0] for node index.protocol must be one of tcp, udp, http, grpc",
  ],
  [
    "two ports of one label",
    "nodes.1.resources.ports.1.label",
    "http",
    'resources.ports for node index has the duplicate port label "http"',
  ],
  [
    "a relative volume",
    "nodes.1.resources.volumes.0.source",
    "docs",
    "resources.volumes[0] for node index.source must be an absolute host path",
  ],
  ["a volume mode", "nodes.1.resources.volumes.0.mode", "rx", "resources.volumes[0] for node index.mode must be ro or rw"],
  ["a volume type", "nodes.1.resources.volumes.0.type", "nfs", "resources.volumes[0] for node index.type must be host"],
  [
    "two volumes of one name",
    "nodes.1.resources.volumes.+",
    { name: "docs", source: "/x" },
    'resources.volumes for node index has the duplicate volume name "docs"',
    "nodes[1].resources.volumes[1].name",
  ],
  ["a driver as a list", "nodes.1.resources.runtime_driver", [], "runtime_driver for node index must be a string"],
  ["negative cores", "nodes.1.resources.cpu_cores", -1, "resources.cpu_cores for node index must be zero or greater"],
  // Edges, entrypoints and inputs.
  ["edges as an object", "edges", {}, "edges must be a list"],
  ["an edge that is a text", "edges.+", "a to b", "edge unknown must be an object", "edges[3]"],
  ["an edge from nowhere", "edges.0.from_node", "ghost", "edge watch_to_index references missing from_node ghost"],
  ["an edge to nowhere", "edges.0.to_node", "ghost", "edge watch_to_index references missing to_node ghost"],
  ["an edge without an end", "edges.0.to_node", undefined, "edge watch_to_index must define to_node"],
  [
    "a nameless edge to nowhere",
    "edges.+",
    { ...edge, to_node: "ghost" },
    "edge unknown references missing to_node ghost",
    "edges[3].to_node",
  ],
  ["no message type", "edges.0.message_type", "", "edge watch_to_index must define message_type"],
  ["a routing mode", "edges.0.routing_mode", "random", 'edge watch_to_index has unsupported routing_mode "random"'],
  [
    "an empty condition",
    "edges.0.conditions",
    {},
    "edge watch_to_index has invalid conditions: it has none of all, any, not, expr and path",
  ],
  [
    "an unknown op",
    "edges.0.conditions",
    { path: "payload.a", op: "~", value: 1 },
    'edge watch_to_index has invalid conditions: "~" is not one of == != >= <= > < contains in exists',
  ],
  [
    "an unknown root",
    "edges.0.conditions",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the form of the format
    { expr: "${world.a} == 1" },
    'edge watch_to_index has invalid conditions: "world.a" does not begin with one of message, payload, state, agent_state',
  ],
  ["an edge id that is a number", "edges.0.edge_id", 5, "edge 5 has an edge_id that is not a string"],
  ["an unknown entrypoint", "entrypoints", ["watch", "ghost"], "entrypoint ghost does not reference a known node", "entrypoints[1]"],
  ["an unknown single entrypoint", "entrypoints", "ghost", "entrypoint ghost does not reference a known node"],
  ["entrypoints as an object", "entrypoints", {}, "entrypoints must be a list of node ids, or one node id"],
  ["inputs for nobody", "initial_inputs", { ghost: [] }, "initial_inputs names ghost, which is not a known node", "initial_inputs.ghost"],
  ["inputs as a number", "initial_inputs", 3, "initial_inputs must be an object or a list"],
  // Policies.
  ["policies as a list", "policies", [], "policies must be an object"],
  ["a recovery mode", "policies.recovery_mode", "hope", 'unsupported recovery_mode "hope"'],
  ["a job type", "policies.job_type", "cron", 'unsupported job_type "cron"'],
  ["a job type of the scheduler", "policies.scheduler.job_type", "cron", 'unsupported job_type "cron"'],
  ["a strategy", "policies.scheduler_strategy", "random", 'unsupported scheduler strategy "random"'],
  [
    "a delay function",
    "policies.restart.delay_function",
    "linear",
    "policies.restart.delay_function must be one of constant, exponential, fibonacci",
  ],
  ["a restart mode", "policies.restart.mode", "retry", "policies.restart.mode must be fail or delay"],
  ["negative attempts", "policies.restart.attempts", -1, "policies.restart.attempts must be a whole number, zero or greater"],
  [
    "attempts of a node",
    "nodes.1.policies.restart.attempts",
    "5",
    "policies.restart.attempts for node index must be a whole number, zero or greater",
  ],
  ["unlimited as a text", "policies.reschedule.unlimited", "yes", "policies.reschedule.unlimited must be true or false"],
  ["an update strategy", "policies.update.strategy", "yolo", "policies.update.strategy must be one of rolling, canary, blue-green"],
  ["no parallel updates", "policies.update.max_parallel", 0, "policies.update.max_parallel must be a positive integer"],
  ["a deadline as a text", "policies.drain.deadline_ms", "soon", "policies.drain.deadline_ms must be a whole number, zero or greater"],
  [
    "job watermarks that cross",
    "policies.backpressure",
    { high_watermark: 1, low_watermark: 2 },
    "policies.backpressure.low_watermark must not be above high_watermark",
    "policies.backpressure.low_watermark",
  ],
  // Services.
  ["services as an object", "services", {}, "services must be a list"],
  ["a service name", "services.0.name", "two words", "services.0.name must be a service name", "services[0].name"],
  [
    "a service of a node",
    "nodes.1.services.0.name",
    "",
    "services.0.name for node index must be a service name",
    "nodes[1].services[0].name",
  ],
  ["a provider", "services.0.provider", "consul", "services.0.provider must be mirror_neuron"],
  ["an origin", "services.0.origin", "mars", "services.0.origin must be internal or external"],
  ["a service port", "services.0.port", 0, "services.0.port must be between 1 and 65535, or a template"],
  ["a check type", "services.0.checks.0.type", "icmp", "services.0.checks.0.type must be one of http, tcp, script, grpc"],
  [
    "a check of a shell",
    "services.0.checks.0.command",
    ["sh", "-c", "a | b"],
    "services.0.checks.0.command must be a list of arguments without shell metacharacters",
  ],
  [
    "a status",
    "nodes.1.services.0.checks.0.expected_status",
    42,
    'services.0.checks.0.expected_status for node index must be a status, a list of them, or a range like "200-299"',
    "nodes[1].services[0].checks[0].expected_status",
  ],
  [
    "a method",
    "nodes.1.services.0.checks.0.method",
    "BREW",
    "services.0.checks.0.method for node index must be one of GET, HEAD, POST, PUT, PATCH",
  ],
  ["a needed service", "required_services.0.name", "!", "required_services.0.name must be a service name"],
  [
    "a needed service of a node",
    "nodes.1.requires_services.0",
    "!",
    "requires_services.0.name for node index must be a service name",
    "nodes[1].requires_services[0].name",
  ],
  // Schedules and triggers.
  ["a schedule as a text", "schedule", "daily", "schedule must be an object"],
  ["a cron with six fields", "schedule.cron", "* * * * * *", 'invalid cron expression "* * * * * *"'],
  ["a cron out of range", "schedule.cron", "61 * * * *", 'invalid cron expression "61 * * * *"'],
  ["no cron", "schedule.cron", undefined, "periodic schedules require cron or crons", "schedule"],
  ["a kind", "schedule.kind", "hourly", "schedule.kind must be periodic, delayed, or event"],
  ["no moment", "schedule.kind", "delayed", "delayed schedules require a valid run_at or delay_ms", "schedule"],
  ["no event", "schedule.kind", "event", "event schedules require trigger.event_type", "schedule"],
  ["a time zone", "schedule.timezone", "Mars/Olympus", 'unknown timezone "Mars/Olympus"'],
  ["a missed policy", "schedule.missed_policy", "cry", "schedule.missed_policy must be one of skip, catchup_one, catchup_all"],
  ["a window without end", "schedule.window.end_action", "explode", "schedule.window.end_action must be cancel or none"],
  ["triggers as an object", "triggers", {}, "triggers must be a list"],
  ["a trigger of nothing", "triggers.0.event_type", undefined, "triggers.0.event_type is required", "triggers[0].event_type"],
];

describe("one change, one problem", () => {
  test("the manifest itself has none", () => {
    expect(errorsOf(text)).toEqual([]);
    expect(new Set(mutations.map(([what]) => what)).size).toBe(mutations.length);
  });

  test.each(mutations.map(named))("$what", ({ path, value, message, at }) => {
    const errors = errorsOf(changed(text, [[path, value]]));
    expect(errors.map((error) => error.message)).toEqual([message]);
    expect(errors[0]?.path).toBe(at);
    expect(errors[0]?.help).toMatch(/\w/);
  });

  test("many changes, all of their problems", () => {
    const paths = new Set<string>();
    const chosen = mutations.filter(([, path, value]) => {
      const apart = value !== undefined && !path.endsWith("+") && ![...paths].some((one) => one.startsWith(path) || path.startsWith(one));
      const alone = /^(?:nodes|edges|entrypoints|schedule.kind|nodes.3.config.module_source|initial_inputs|edges.0.edge_id)$/.test(path);
      if (apart && !alone) paths.add(path);
      return apart && !alone;
    });
    const errors = errorsOf(
      changed(
        text,
        chosen.map(([, path, value]) => [path, value]),
      ),
    ).map(({ message }) => message);
    expect([...errors].sort()).toEqual(chosen.map(([, , , message]) => message).sort());
    expect(errors.length).toBeGreaterThan(35);
  });
});

describe("templates", () => {
  const source = fixtureText("templates");
  const found = fixturePayloads("templates");
  const cases: readonly Mutation[] = [
    [
      "an unknown one",
      "nodes.0.uses",
      "mn-agents.wizard@1.0.0",
      'node ingress uses the unknown template "mn-agents.wizard@1.0.0"',
      "nodes[0].uses",
    ],
    [
      "another version",
      "nodes.0.uses",
      "mn-agents.control_router@9.0.0",
      "node ingress uses version 9.0.0 of template control_router, which is known in version 1.0.0",
    ],
    ["a number", "nodes.0.uses", 7, "node ingress uses must be a string"],
    [
      "without what it needs",
      "nodes.1.with.upload_path",
      undefined,
      "node simulate uses template data_python_executor without with.upload_path",
      "nodes[1].with",
    ],
    ["with a text", "nodes.1.with", "x", "node simulate has a with that must be an object"],
    ["with a wrong value", "nodes.1.with.timeout_seconds", -1, "config.timeout_seconds for node simulate must be greater than zero"],
    [
      "with a script that is not there",
      "nodes.1.with.script",
      "scripts/gone.py",
      "script scripts/gone.py for node simulate is not in what it uploads",
      "nodes[1].with.command",
    ],
  ];
  test.each(cases.map(named))("$what", ({ path, value, message, at }) => {
    const { problems } = compileManifest(changed(source, [[path, value]]), { payloads: found, absent: "error" });
    expect(problems.map((problem) => problem.message)).toEqual([message]);
    expect(problems[0]?.path).toBe(at);
  });
});

test("an empty graph is refused", () => {
  const { problems } = compileManifest('{"manifest_version":"1.0","graph_id":"simple","nodes":[],"edges":[]}');
  expect(problems.map(({ path, message }) => [path, message])).toEqual([["nodes", "nodes must not be empty"]]);
});

test("a job without entrypoint is refused", () => {
  const { problems } = compileManifest(changed(fixtureText("cycle"), [["nodes.0.role", "writer"]]));
  const errors = problems.filter(({ severity }) => severity === undefined);
  expect(errors.map(({ message }) => message)).toEqual([
    "manifest must define at least one entrypoint or one node with role root/root_coordinator",
  ]);
});
