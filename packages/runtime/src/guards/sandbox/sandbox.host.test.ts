/**
 * What a real sandbox keeps apart, for each thing that runs in one: a shell, a program of a node, a handler. Each tries to
 * reach a file and a port outside of its policy; its twin without the sandbox reaches both, so that the tries are real.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { anonymousBundle, type BundleManifest, defaultTenant, type JsonObject, type Node, type Principal, WorkflowIr } from "@heddle/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createRuntime, type Runtime } from "../../create-runtime.ts";
import { runScript } from "../../tools.ts";
import { probeSandbox } from "./probe.ts";

const principal: Principal = { subject: "ada", tenant: defaultTenant, roles: ["admin", "engineer", "operator"] };
const caller = { principal };

const ability = await probeSandbox();
// Where it matters that these are held, a machine that cannot hold them fails.
const isTried = ability.kind === "available" || process.env["CI"] === "true";

let folder: string;
let workspace: string;
let outside: string;
let server: Server;
let port: number;
let connections: number;
let runtime: Runtime;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "heddle-sandbox-"));
  workspace = join(folder, "workspace");
  await mkdir(workspace);
  await writeFile(join(workspace, "inside.txt"), "inside");
  outside = join(folder, "outside.txt");
  await writeFile(outside, "outside", { mode: 0o666 });
  connections = 0;
  server = createServer((socket) => {
    connections++;
    socket.on("error", () => undefined);
    socket.end("reached");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
  runtime = createRuntime({
    tools: [runScript],
    roots: { workspace },
    approvals: { builtin: "allow" },
    dataDir: join(folder, "data"),
    handlerProcesses: { count: 1, memoryMb: 128, graceMs: 200 },
    processes: { graceMs: 200 },
  });
});
afterEach(async () => {
  await runtime.close({ graceMs: 0 });
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

async function run(manifest: BundleManifest, files: { path: string; bytes: Uint8Array }[] = []) {
  const { hash } = await runtime.api.bundles.put({ manifest, files }, caller);
  const { runId } = await runtime.api.runs.start({ bundle: hash, input: {} }, caller);
  return await runtime.api.runs.result({ runId }, caller);
}

function flowOf(node: JsonObject): WorkflowIr {
  return WorkflowIr.parse({
    ir: "heddle.ir/v1",
    id: "flow",
    discipline: "stages",
    inputs: [],
    entry: "work",
    nodes: [{ ...node, id: "work", exit: { output: { kind: "ref", scope: "result" } } }],
    edges: [],
  });
}

/** What the program of a node, and a handler, try: in one text for both. */
const trying = (): string => `
const fs = require("node:fs");
const net = require("node:net");
const attempt = (fn) => { try { return fn() ?? "done"; } catch (error) { return error.code ?? String(error); } };
const connecting = () => new Promise((resolve) => {
  const socket = net.connect(${port}, "127.0.0.1", () => { socket.destroy(); resolve("connected"); });
  socket.on("error", (error) => resolve(error.code));
});
const tried = async () => ({
  read: attempt(() => fs.readFileSync(${JSON.stringify(outside)}, "utf8")),
  write: attempt(() => fs.appendFileSync(${JSON.stringify(outside)}, "+")),
  passwords: attempt(() => fs.readFileSync("/etc/shadow", "utf8").length > 0),
  scratch: attempt(() => { fs.writeFileSync("/tmp/heddle-sandbox-own", "mine"); return fs.readFileSync("/tmp/heddle-sandbox-own", "utf8"); }),
  host: fs.readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name)).length > 10,
  variables: Object.keys(process.env).filter((name) => name.startsWith("HEDDLE_OUTSIDE")),
  net: await connecting(),
});
`;

const refused = { read: "ENOENT", write: "ENOENT", passwords: "ENOENT", scratch: "mine", host: false, variables: [], net: "ECONNREFUSED" };

afterEach(() => rm("/tmp/heddle-sandbox-own", { force: true }));

describe.runIf(isTried)("in a sandbox", () => {
  const processNode = (confinement: Node["confinement"]): JsonObject => ({
    kind: "process",
    config: {
      command: [
        process.execPath,
        "-e",
        `${trying()} tried().then((all) => console.log(JSON.stringify({ ...all, own: attempt(() => { fs.writeFileSync("own", "x"); return "written"; }) })));`,
      ],
    },
    environment: { GREETING: "hello" },
    ...(confinement === undefined ? {} : { confinement }),
  });

  test("the program of a node reaches no file and no port beyond its folder", async () => {
    const { failure, output } = await run(anonymousBundle([flowOf(processNode("sandbox"))]));
    expect(failure).toBeUndefined();
    expect(output).toMatchObject({ output: { ...refused, own: "written" } });
    expect(connections).toBe(0);
    expect(readFileSync(outside, "utf8")).toBe("outside");
    expect(await readdir("/tmp")).not.toContain("heddle-sandbox-own");
  });

  test("which its twin without one does", async () => {
    const { output } = await run(anonymousBundle([flowOf(processNode(undefined))]));
    expect(output).toMatchObject({ output: { read: "outside", write: "done", host: true, net: "connected", own: "written" } });
    expect(connections).toBe(1);
  });

  const handlerBundle = (confinement: Node["confinement"]): readonly [BundleManifest, { path: string; bytes: Uint8Array }[]] => {
    const code = `import { createRequire } from "node:module"; const require = createRequire(import.meta.url); ${trying()}
      export async function work(input, ctx) {
        console.log("at work"); ctx.log.info("logged");
        return { ...(await tried()), bundle: attempt(() => fs.writeFileSync(new URL("./x", import.meta.url), "x")), once: await ctx.once("n", () => 7) };
      }`;
    const bytes = new TextEncoder().encode(code);
    const node = { kind: "handler", handler: "work", ...(confinement === undefined ? {} : { confinement }) };
    const hash = `sha256:${createHash("sha256").update(bytes).digest("hex")}` as const;
    const handlers = [{ name: "work", code: { file: "work.mjs", export: "work" } }];
    return [
      {
        format: "heddle.bundle/v1",
        main: "flow",
        workflows: [flowOf(node)],
        handlers,
        files: [{ path: "work.mjs", hash, bytes: bytes.length }],
      },
      [{ path: "work.mjs", bytes }],
    ];
  };

  test("a handler reaches no file and no port, and still speaks with the runtime", async () => {
    const { failure, output } = await run(...handlerBundle("sandbox"));
    expect(failure).toBeUndefined();
    // The folder around the bundle is one of its own, which only looks as if it were that of the machine.
    expect(output).toEqual({ ...refused, write: "done", bundle: "EROFS", once: 7 });
    expect(readFileSync(outside, "utf8")).toBe("outside");
    expect(connections).toBe(0);
  });

  test("which its twin without one does", async () => {
    const { output } = await run(...handlerBundle(undefined));
    expect(output).toMatchObject({ read: "outside", host: true, net: "connected", once: 7 });
  });

  const script = (): string =>
    `cat inside.txt; echo " $(cat ${outside} 2>&1)"; echo x > own.txt; (exec 3<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null && echo connected || echo apart`;
  const toolNode = (confinement: Node["confinement"]): JsonObject => ({
    kind: "tool",
    capability: runScript.capability,
    tool: runScript.name,
    reads: [{ name: "script", value: { kind: "literal", value: `/bin/bash -c '${script()}'` } }],
    ...(confinement === undefined ? {} : { confinement }),
  });

  test("a shell reaches no file and no port beyond the folder that it starts in", async () => {
    const { failure, output } = await run(anonymousBundle([flowOf(toolNode("sandbox"))]));
    expect(failure).toBeUndefined();
    expect(JSON.stringify(output)).toContain("inside ");
    expect(JSON.stringify(output)).toContain("No such file or directory");
    expect(JSON.stringify(output)).toContain("apart");
    expect(connections).toBe(0);
    expect(readFileSync(join(workspace, "own.txt"), "utf8")).toBe("x\n");
  });

  test("which its twin without one does", async () => {
    const { output } = await run(anonymousBundle([flowOf(toolNode(undefined))]));
    expect(JSON.stringify(output)).toContain("inside outside");
    expect(JSON.stringify(output)).toContain("connected");
    expect(connections).toBe(1);
  });

  test("so does every shell where the operator asks it of all code", async () => {
    await runtime.close({ graceMs: 0 });
    runtime = createRuntime({ tools: [runScript], roots: { workspace }, approvals: { builtin: "allow" }, confinementMin: "sandbox" });
    const { output } = await run(anonymousBundle([flowOf(toolNode(undefined))]));
    expect(JSON.stringify(output)).toContain("apart");
    expect(connections).toBe(0);
  });

  test("a program that is too slow is gone with all that it started", async () => {
    const command = ["/bin/sh", "-c", "setsid sleep 971 & sleep 972"];
    const { failure } = await run(
      anonymousBundle([flowOf({ kind: "process", config: { command }, confinement: "sandbox", timeoutMs: 300, safety: "safe" })]),
    );
    expect(failure).toMatchObject({ code: "timeout" });
    const lines = (await readdir("/proc"))
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, "utf8");
        } catch {
          return "";
        }
      });
    expect(lines.filter((line) => /sleep\0(971|972)/.test(line))).toEqual([]);
  });

  test("a variable that changes how programs are loaded does not reach what confines it", async () => {
    const command = ["/bin/sh", "-c", "echo ran"];
    const environment = { LD_PRELOAD: "/nowhere/x.so" };
    const loadedBy = async (confinement: JsonObject): Promise<number> => {
      const { output } = await run(anonymousBundle([flowOf({ kind: "process", config: { command }, environment, ...confinement })]));
      expect(output).toMatchObject({ sandbox: { exit_code: 0, stdout: "ran\n" } });
      // The loader says of each program that it did not find what to load.
      return (output as { sandbox: { stderr: string } }).sandbox.stderr.split("/nowhere/x.so").length - 1;
    };
    expect(await loadedBy({ confinement: "sandbox" })).toBe(await loadedBy({}));
  });
});
