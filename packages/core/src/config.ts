/**
 * The daemon's configuration, `heddle.yaml`, as one schema. Each value comes from a flag, the
 * environment, the file or the default, in that order; an unknown key is an error with a suggestion.
 */
import * as z from "zod";
import { HeddleError } from "./errors.ts";
import { Name } from "./ids.ts";
import { SecretName, SecretSource } from "./secret-reference.ts";

const Port = z.number().int().min(0).max(65_535);
/** As a browser sends it: scheme, host and perhaps a port, and nothing behind them. */
const WebOrigin = z.string().regex(/^https?:\/\/[^\s/?#@A-Z]+$/, "expected an origin in lower case, as in https://example.org");

export const DaemonConfig = z.strictObject({
  /** The folder of journal, blobs, bundles and lock. */
  dataDir: z.string().min(1).default("./.heddle"),
  grpc: z.strictObject({ host: z.string().default("127.0.0.1"), port: Port.default(55_051) }).prefault({}),
  http: z
    .strictObject({
      enabled: z.boolean().default(true),
      host: z.string().default("127.0.0.1"),
      port: Port.default(8_787),
      /** Pages of these origins may use the HTTP API; their host names may name the daemon. */
      corsOrigins: z.array(WebOrigin).default([]),
    })
    .prefault({}),
  /** Serve beyond loopback without TLS. */
  insecure: z.boolean().default(false),
  handlers: z
    .strictObject({
      /** Warm processes for each bundle. 0: one per core. */
      processes: z.number().int().min(0).max(256).default(0),
      memoryMb: z.number().int().min(32).max(65_536).default(512),
      /** How long an aborted attempt may go on before its process is ended. */
      graceMs: z.number().int().min(0).max(600_000).default(2_000),
      /** The least confinement that is loaded. */
      confinement: z.enum(["none", "process", "sandbox"]).default("process"),
    })
    .prefault({}),
  /** Open runs beyond which a start is refused with `retry-later`. They are all in memory. */
  openRunsMax: z.number().int().min(1).max(10_000_000).default(100_000),
  /** Slots by name of pool. `default` is that of programs whose node names none: twice as many as there are cores. */
  pools: z.record(Name, z.number().int().min(1).max(1_000_000)).default({}),
  /** Folders whose packages join the daemon as plugins. They run inside it, as trusted code. */
  plugins: z.array(z.string().min(1)).default(["./plugins"]),
  /** Official tools that workflows may call, by name. Default: none. */
  tools: z.array(Name).default([]),
  /** Folders by name, beneath which paths of calls have to lie. Paths without a root's name are beneath `workspace`. */
  roots: z.record(Name, z.string().min(1)).default({ workspace: "." }),
  /** Hosts that calls may reach: `host`, `host:port`, `.suffix`, or `*` for all public ones. */
  allowedHosts: z.array(z.string().min(1)).default(["*"]),
  /** Those of them that may be private: loopback, local networks. */
  privateHosts: z.array(z.string().min(1)).default([]),
  /** Where the secrets are found that bundles and calls name, as in `secret://github`. */
  secrets: z.record(SecretName, SecretSource).default({}),
  approvals: z
    .strictObject({
      /** Whether calls of tools that may change something ask, where no policy of the workflow decides. Actions of plugins always ask. */
      builtin: z.enum(["ask", "allow", "deny"]).default("ask"),
    })
    .prefault({}),
  hooks: z
    .strictObject({
      /** Owners of hooks that may let a call reach hosts besides `allowedHosts`: an owner, or `<tenant>:<owner>`. */
      permitHostWidening: z.array(z.string().min(1)).default([]),
    })
    .prefault({}),
  shutdown: z.strictObject({ graceMs: z.number().int().min(0).max(600_000).default(5_000) }).prefault({}),
});
export type DaemonConfig = z.infer<typeof DaemonConfig>;

/** Environment variables that set a key of the configuration. */
export const configEnvironment: Readonly<Record<string, string>> = {
  HEDDLE_DATA: "dataDir",
  HEDDLE_GRPC_HOST: "grpc.host",
  HEDDLE_GRPC_PORT: "grpc.port",
  HEDDLE_HTTP_HOST: "http.host",
  HEDDLE_HTTP_PORT: "http.port",
  HEDDLE_INSECURE: "insecure",
  HEDDLE_HANDLER_PROCESSES: "handlers.processes",
  HEDDLE_POOLS: "pools",
  HEDDLE_TOOLS: "tools",
  HEDDLE_ALLOWED_HOSTS: "allowedHosts",
  HEDDLE_PRIVATE_HOSTS: "privateHosts",
  HEDDLE_APPROVALS_BUILTIN: "approvals.builtin",
};

/**
 * Parses the parts, the strongest last.
 *
 * @throws HeddleError `config-invalid`, naming every wrong key, with the nearest known key as a suggestion.
 */
export function parseDaemonConfig(...parts: readonly unknown[]): DaemonConfig {
  const given = parts.filter((part) => part !== undefined && part !== null);
  const parsed = DaemonConfig.safeParse(given.filter(isPlain).reduce<unknown>(mergeConfig, {}));
  const lines = given.filter((part) => !isPlain(part)).map(() => "the file: expected keys and values");
  if (parsed.success && lines.length === 0) return parsed.data;
  for (const issue of parsed.error?.issues ?? []) {
    const at = issue.path.join(".");
    if (issue.code !== "unrecognized_keys") lines.push(`${at}: ${issue.message}`);
    else lines.push(...issue.keys.map((key) => `unknown key ${at === "" ? key : `${at}.${key}`}${suggestion(key, issue.path)}`));
  }
  throw new HeddleError("config-invalid", `the configuration is not valid: ${lines.join("; ")}`);
}

function mergeConfig(base: unknown, over: unknown): unknown {
  if (over === undefined || over === null) return base;
  if (!isPlain(base) || !isPlain(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) if (value !== undefined) merged[key] = mergeConfig(merged[key], value);
  return merged;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function suggestion(key: string, path: readonly PropertyKey[]): string {
  let at: unknown = DaemonConfig.parse({});
  for (const step of path) at = isPlain(at) ? at[String(step)] : undefined;
  const near = nearestName(key, isPlain(at) ? Object.keys(at) : []);
  return near === undefined ? "" : ` (did you mean ${near}?)`;
}

/** The known name at an edit distance of at most a third of its length; undefined when none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance && distance <= Math.max(1, Math.floor(candidate.length / 3))) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Letters inserted, left out, replaced, or exchanged with their neighbour. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const exchanged = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const exchange = exchanged ? (before[j - 2] as number) + 1 : Number.POSITIVE_INFINITY;
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, substitution, exchange));
    }
    before = row;
    row = next;
  }
  return row[b.length] as number;
}
