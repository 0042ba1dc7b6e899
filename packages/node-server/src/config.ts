/**
 * The configuration of a node server: what is given, in either spelling, with the environment over it.
 */
import { HeddleError, nearestName } from "@heddle/core";
import * as z from "zod";

const Port = z.number().int().min(0).max(65_535);

export const NodeServerConfig = z.strictObject({
  /** Groups servers that stand near each other. */
  domain: z.string().min(1).max(256),
  /** For people. */
  serverName: z.string().min(1).max(256),
  /** Names this installation. */
  serverUid: z.string().min(1).max(256),
  /** Names the pack of nodes, wherever it is installed. Default: the name of the package that the process was started in. */
  serverPackageId: z.string().min(1).max(256).exactOptional(),
  /** 0: any free one. */
  port: Port.default(3_017),
  /** Where to listen. Beyond loopback a token is asked for, or `insecure`. */
  host: z.string().min(1).default("127.0.0.1"),
  /** The folder of node files. */
  nodesPath: z.string().min(1).default("nodes"),
  autoWatch: z.boolean().default(true),
  /** Milliseconds. */
  watchDebounceTime: z.number().int().min(0).max(600_000).default(500),
  /** What clients have to show. Default: nothing is asked for. */
  token: z.string().min(1).max(4_096).exactOptional(),
  /** Web pages of these origins may connect. Programs that send no origin always may. */
  allowedOrigins: z.array(z.string().min(1)).default([]),
  /** Serve beyond loopback without a token. */
  insecure: z.boolean().default(false),
  /** The largest message that is taken. */
  messageBytesMax: z
    .number()
    .int()
    .min(1_024)
    .default(64 * 1024 * 1024),
  /** How often a connection is asked whether it is still there; one that does not answer in that time is ended. */
  heartbeatIntervalMs: z.number().int().min(10).max(3_600_000).default(30_000),
  /** How long an execution that was stopped may take to end before its end is told all the same. */
  stopGraceMs: z.number().int().min(0).max(600_000).default(1_000),
  /** How long it is remembered how an execution ended, for clients that ask again. */
  keepMs: z.number().int().min(0).max(86_400_000).default(600_000),
  /** `ctx.inputs` has lists only, as `ctx.inputLists` has: for nodes that were written so. */
  listInputs: z.boolean().default(false),
  /** Told to clients: where assets are. */
  nanocoreHttpEndpoint: z.string().nullable().default(null),
});
export type NodeServerConfig = z.output<typeof NodeServerConfig>;
/** As it is given: what has a default may be left out. */
export type NodeServerSettings = z.input<typeof NodeServerConfig>;

/** Names of members in other spellings. */
const otherNames: Readonly<Record<string, string>> = {
  server_name: "serverName",
  serverDisplayName: "serverName",
  server_uid: "serverUid",
  server_package_id: "serverPackageId",
  nodes_path: "nodesPath",
  auto_watch: "autoWatch",
  watch_debounce_time: "watchDebounceTime",
};

const environmentNames: Readonly<Record<string, string>> = {
  DOMAIN: "domain",
  SERVER_DISPLAY_NAME: "serverName",
  SERVER_UID: "serverUid",
  SERVER_PACKAGE_ID: "serverPackageId",
  PORT: "port",
  NANOCORE_HTTP_ENDPOINT: "nanocoreHttpEndpoint",
};

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The configuration as it holds. The environment is stronger than what is given.
 *
 * @throws HeddleError `config-invalid`, naming every wrong member, with the nearest known one as a suggestion.
 */
export function parseNodeServerConfig(given: unknown, environment: Environment): NodeServerConfig {
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw invalid(["expected an object"]);
  const parts: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    // Said in the file of a server, for its supervisor alone.
    if (name === "language" || value === undefined) continue;
    parts[Object.hasOwn(otherNames, name) ? (otherNames[name] as string) : name] = value;
  }
  for (const [variable, name] of Object.entries(environmentNames)) {
    const value = environment[variable];
    if (value !== undefined && value !== "") parts[name] = name === "port" ? portOf(value) : value;
  }
  const parsed = NodeServerConfig.safeParse(parts);
  if (!parsed.success) throw invalid(parsed.error.issues.flatMap(linesOf));
  const config = parsed.data;
  if (config.token === undefined && !config.insecure && !isLoopback(config.host)) {
    throw invalid([`host: ${config.host} is reached from elsewhere, so give a token (or set insecure, where a proxy asks for one)`]);
  }
  return config;
}

function portOf(text: string): unknown {
  return /^\d{1,5}$/.test(text) ? Number(text) : text;
}

function linesOf(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code !== "unrecognized_keys") return [`${issue.path.join(".")}: ${issue.message}`];
  return issue.keys.map((key) => {
    const near = nearestName(key, Object.keys(NodeServerConfig.shape));
    return `unknown key ${key}${near === undefined ? "" : ` (did you mean ${near}?)`}`;
  });
}

function invalid(lines: readonly string[]): HeddleError {
  return new HeddleError("config-invalid", `the configuration of the node server is not valid: ${lines.join("; ")}`);
}

/** Whether a name of this machine is reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
