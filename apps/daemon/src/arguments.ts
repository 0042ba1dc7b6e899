/** The command line of heddled. */
import { parseArgs } from "node:util";
import { HeddleError, nearestName } from "@heddle/core";
import { typedText } from "./config.ts";

/** What heddled was asked to do. */
export interface Arguments {
  readonly command: "serve" | "config" | "help" | "version";
  /** Dotted keys of the configuration. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly configFile?: string;
  readonly json: boolean;
  readonly explain: boolean;
}

/** Flags that set a key of the configuration. */
const configFlags: Readonly<Record<string, string>> = {
  data: "dataDir",
  "grpc-host": "grpc.host",
  "grpc-port": "grpc.port",
  "http-host": "http.host",
  "http-port": "http.port",
  insecure: "insecure",
  "handler-processes": "handlers.processes",
  pools: "pools",
  tools: "tools",
  "approvals-builtin": "approvals.builtin",
};

const options = {
  config: { type: "string" },
  data: { type: "string" },
  "grpc-host": { type: "string" },
  "grpc-port": { type: "string" },
  "http-host": { type: "string" },
  "http-port": { type: "string" },
  "handler-processes": { type: "string" },
  pools: { type: "string" },
  tools: { type: "string" },
  "approvals-builtin": { type: "string" },
  insecure: { type: "boolean" },
  json: { type: "boolean" },
  explain: { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
} as const;

/** What `heddled --help` prints. */
export const usage = `heddled: the Heddle daemon

  heddled [flags]             serve until SIGTERM or SIGINT
  heddled config [--explain]  print the configuration, and where each value comes from

  --config <file>          configuration (default: ./heddle.yaml, where there is one)
  --data <folder>          data folder                        HEDDLE_DATA
  --grpc-host <host>       address to listen on               HEDDLE_GRPC_HOST
  --grpc-port <port>       port to listen on, 0: any          HEDDLE_GRPC_PORT
  --http-host <host>       the same for HTTP                  HEDDLE_HTTP_HOST
  --http-port <port>       the same for HTTP                  HEDDLE_HTTP_PORT
  --insecure               serve beyond loopback without TLS  HEDDLE_INSECURE
  --handler-processes <n>  warm processes, 0: one per core    HEDDLE_HANDLER_PROCESSES
  --pools <name=slots,…>   slots of pools, as in gpu=1,io=8   HEDDLE_POOLS
  --tools <name,…>         official tools that may be called  HEDDLE_TOOLS
  --approvals-builtin <x>  their changes: ask, allow, deny    HEDDLE_APPROVALS_BUILTIN
  --json                   readiness as one line of JSON
  --version, --help
`;

/** @throws HeddleError `config-invalid` for unknown flags and commands, with the nearest known one. */
export function parseArguments(argv: readonly string[]): Arguments {
  const { values, positionals } = parsed(argv);
  const [command = "serve", ...rest] = positionals;
  if (!["serve", "config"].includes(command) || rest.length > 0) {
    const extra = rest[0] ?? command;
    throw new HeddleError("config-invalid", `unknown command ${extra}${suggestion(extra, ["serve", "config"], "")}`);
  }
  const flags: Record<string, unknown> = {};
  for (const [flag, key] of Object.entries(configFlags)) {
    const value = (values as Readonly<Record<string, string | boolean | undefined>>)[flag];
    if (value !== undefined) flags[key] = typeof value === "string" ? typedText(key, value) : value;
  }
  return {
    command: values.help ? "help" : values.version ? "version" : command === "config" ? "config" : "serve",
    flags,
    ...(values.config === undefined ? {} : { configFile: values.config }),
    json: values.json ?? false,
    explain: values.explain ?? false,
  };
}

function parsed(argv: readonly string[]) {
  const flag = argv.find((word) => word.startsWith("--") && !Object.hasOwn(options, nameOf(word)));
  if (flag !== undefined && flag !== "--") {
    const known = suggestion(nameOf(flag), Object.keys(options), "--");
    throw new HeddleError("config-invalid", `unknown flag --${nameOf(flag)}${known}`);
  }
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : "the command line is not valid";
    throw new HeddleError("config-invalid", message, { cause: error });
  }
}

function nameOf(word: string): string {
  return word.slice(2).split("=")[0] as string;
}

function suggestion(name: string, known: readonly string[], prefix: string): string {
  const near = nearestName(name, known);
  return near === undefined ? "" : ` (did you mean ${prefix}${near}?)`;
}
