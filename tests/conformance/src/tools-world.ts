// Official tools as they are used: called by a node of a run on a real runtime, with files in a folder of its own and
// servers on loopback. And what docs/tools.md says of them.
import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  anonymousBundle,
  defaultTenant,
  type Failure,
  type JsonObject,
  type JsonValue,
  type Policy,
  type Principal,
  type RunId,
  type Tool,
  type WorkflowIr,
} from "@heddle/core";
import { createRuntime, type Runtime, type RuntimeOptions } from "@heddle/runtime";

const principal: Principal = { subject: "ada", tenant: defaultTenant, roles: ["admin", "engineer", "operator"] };
export const caller = { principal };

export interface ToolWorld extends AsyncDisposable {
  readonly folder: string;
  /** A server on loopback; its `host:port`. */
  serve(listener: RequestListener): Promise<string>;
  /** Starts the one call of a workflow. */
  start(tool: Tool, args: JsonObject, options?: CallOptions): Promise<{ readonly runtime: Runtime; readonly runId: RunId }>;
  /** What it comes to. */
  call(tool: Tool, args: JsonObject, options?: CallOptions): Promise<Called>;
}

export interface CallOptions {
  readonly tools?: readonly Tool[];
  readonly runtime?: Partial<RuntimeOptions>;
  readonly policies?: readonly Policy[];
  readonly node?: { readonly timeoutMs?: number };
}

export interface Called {
  readonly output?: JsonValue;
  readonly failure?: Failure;
}

export function workflowCalling(tool: Tool, args: JsonObject, { policies, node }: CallOptions = {}): WorkflowIr {
  return {
    ir: "heddle.ir/v1",
    id: "calling",
    discipline: "stages",
    inputs: [],
    entry: "call",
    nodes: [
      {
        kind: "tool",
        id: "call",
        capability: tool.capability,
        tool: tool.name,
        reads: Object.entries(args).map(([name, value]) => ({ name, value: { kind: "literal", value } })),
        exit: { output: { kind: "ref", scope: "result" } },
        ...node,
      },
    ],
    edges: [],
    ...(policies === undefined ? {} : { policies: [...policies] }),
  };
}

export function toolWorld(): ToolWorld {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "heddle-tools-")));
  const closing: (() => Promise<unknown>)[] = [];
  const hosts: string[] = [];
  const start: ToolWorld["start"] = async (tool, args, options = {}) => {
    const runtime = createRuntime({
      tools: options.tools ?? [tool],
      roots: { workspace: folder },
      approvals: { builtin: "allow" },
      allowedHosts: [...hosts],
      privateHosts: [...hosts],
      ...options.runtime,
    });
    closing.push(() => runtime.close({ graceMs: 0 }));
    const { hash } = await runtime.api.bundles.put(
      { manifest: anonymousBundle([workflowCalling(tool, args, options)]), files: [] },
      caller,
    );
    const { runId } = await runtime.api.runs.start({ bundle: hash, input: {} }, caller);
    return { runtime, runId };
  };
  return {
    folder,
    async serve(listener) {
      const server = createServer(listener);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      closing.push(async () => {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      });
      const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      hosts.push(host);
      return host;
    },
    start,
    async call(tool, args, options) {
      const { runtime, runId } = await start(tool, args, options);
      const { output, failure } = await runtime.api.runs.result({ runId }, caller);
      return { ...(output === undefined ? {} : { output }), ...(failure === undefined ? {} : { failure }) };
    },
    async [Symbol.asyncDispose]() {
      for (const close of closing.reverse()) await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const page = readFileSync(fileURLToPath(new URL("../../../docs/tools.md", import.meta.url)), "utf8");

/** The rows of one table of a tool's section, cell by cell. */
export function documented(tool: string, table: "Parameter" | "Result"): readonly (readonly string[])[] {
  const section = page.split(/^## /m).find((each) => each.startsWith(`${tool}\n`)) ?? "";
  const [, rows = ""] = section.split(new RegExp(`^\\| ${table} \\|.*\\n\\| --- .*\\n`, "m"));
  return rows
    .split("\n\n", 1)[0]!
    .split("\n")
    .filter((row) => row.startsWith("|"))
    .map((row) =>
      row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim().replace(/^`(.*)`$/, "$1")),
    );
}

/** What is wrong with a result by its documentation. */
export function undocumented(tool: string, result: JsonValue | undefined): readonly string[] {
  const rows = documented(tool, "Result");
  if (rows.length === 0) return [`${tool} has no table of its result`];
  const [first = []] = rows;
  if (first[0] === "(the result itself)") return hasType(result, first[1]) ? [] : [`it is ${typeof result}, not ${first[1]}`];
  if (typeof result !== "object" || result === null || Array.isArray(result)) return ["it is no object"];
  const fields = result as JsonObject;
  const known = rows.map(([name = ""]) => name);
  return [
    ...Object.keys(fields).flatMap((name) => (known.includes(name) ? [] : [`${name} is not documented`])),
    ...rows.flatMap(([name = "", type]) => (hasType(fields[name], type) ? [] : [`${name} is no ${type}`])),
  ];
}

function hasType(value: JsonValue | undefined, type: string | undefined): boolean {
  if (value === undefined) return false;
  switch (type) {
    case "json":
      return true;
    case "list":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "number or null":
      return value === null || typeof value === "number";
    default:
      return typeof value === type;
  }
}
